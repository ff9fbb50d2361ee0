"""Tries on the way: each in a thread of its own, one for each visitor. A newer one takes the place of the one before.

The page only looks at them, so that a reload in the middle finds the work as it is.
"""

from __future__ import annotations

import threading
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field

from fairy.errors import FairyError
from fairy.report import STAGES, Report, Stage
from fairy.web.settings import Wish

MOST_VISITORS = 1000


class ReplacedError(Exception):
    """The visitor wants something else meanwhile."""


@dataclass
class Try:
    """A wish that is tried, and where the work is: the `Report` of fairy.jobs."""

    clip: str
    wish: Wish
    words: str = "Waiting for the device"
    error: Exception | None = None
    """What went wrong."""
    done: bool = False
    replaced: threading.Event = field(default_factory=threading.Event)

    def note(self, line: str) -> None:
        """What a preview has to say stands beside its pictures."""

    def progress(self, stage: Stage, done: int, total: int | None) -> None:
        """Where the work is. Ends it where it is not wanted any more."""
        if self.replaced.is_set():
            raise ReplacedError
        words, unit = STAGES[stage]
        self.words = f"{words}: {done} of {total} {unit}" if total and unit else words


class Tries:
    """The latest try of each visitor."""

    def __init__(self) -> None:
        self._latest: dict[str, Try] = {}
        self._lock = threading.Lock()

    def begin(self, owner: str, clip: str, wish: Wish, work: Callable[[Report], object]) -> Try:
        """Try a wish, in place of whatever this visitor was trying."""
        attempt = Try(clip, wish)
        with self._lock:
            if former := self._latest.pop(owner, None):
                former.replaced.set()
            self._latest[owner] = attempt
            while len(self._latest) > MOST_VISITORS:
                self._latest.pop(next(iter(self._latest)))
        threading.Thread(target=_do, args=(attempt, work), name="fairy-try", daemon=True).start()
        return attempt

    def of(self, owner: str) -> Try | None:
        """The latest of a visitor, on its way or done."""
        return self._latest.get(owner)

    def close(self) -> None:
        """End all of them at their next step."""
        for attempt in list(self._latest.values()):
            attempt.replaced.set()


def _do(attempt: Try, work: Callable[[Report], object]) -> None:
    try:
        work(attempt)
    except ReplacedError:
        pass
    except FairyError as error:
        attempt.error = error
    except Exception as error:  # noqa: BLE001  a bug of ours is told on the page, too
        traceback.print_exc()
        attempt.error = FairyError(f"an error in Fairy: {type(error).__name__}: {error}")
    attempt.done = True
