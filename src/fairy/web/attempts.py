"""Passwords that are tried: after five wrong ones from an address, each further try waits, longer and longer."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

FREE = 5
LONGEST_WAIT = 300.0
MOST_WAITING = 4
"""Tries of one address that wait at a time; more are refused at once."""
MOST_ADDRESSES = 4096
LOG = logging.getLogger("fairy.web")


class TooManyError(Exception):
    """So many tries wait already that this one is refused."""


@dataclass
class Record:
    """What came from one address."""

    failed: int = 0
    until: float = 0.0
    """When the next try is looked at."""
    waiting: int = 0
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class Attempts:
    """The tries of all addresses; those that were seen longest ago are forgotten first."""

    def __init__(
        self,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._sleep, self._clock = sleep, clock
        self._records: OrderedDict[str, Record] = OrderedDict()

    @asynccontextmanager
    async def turn(self, address: str) -> AsyncIterator[Record]:
        """Waits until a try from there may be looked at; one at a time, so that many at once gain nothing."""
        record = self._record(address)
        if record.waiting >= MOST_WAITING:
            raise TooManyError
        record.waiting += 1
        try:
            async with record.lock:
                if (seconds := record.until - self._clock()) > 0:
                    await self._sleep(seconds)
                yield record
        finally:
            record.waiting -= 1

    def tell(self, address: str, record: Record, right: bool) -> None:
        """What came of a try."""
        record.failed = 0 if right else record.failed + 1
        if record.failed >= FREE:
            wait = min(2.0 ** (record.failed - FREE), LONGEST_WAIT)
            record.until = self._clock() + wait
            LOG.warning("%d wrong passwords from %s: the next try waits %.0f s", record.failed, address, wait)

    def _record(self, address: str) -> Record:
        record = self._records.setdefault(address, Record())
        self._records.move_to_end(address)
        while len(self._records) > MOST_ADDRESSES:
            self._records.popitem(last=False)
        return record
