"""Work that is followed line by line: what a page shows of a preview while it is made."""

from __future__ import annotations

from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor, wait
from typing import Any, TypeVar

from fairy.report import STAGES, Report, Stage

SECONDS_BETWEEN_LINES = 0.4
Result = TypeVar("Result")


class Told:
    """The `Report` of fairy.jobs.edit, as the latest line."""

    def __init__(self) -> None:
        self.words = "Waiting for the device ..."

    def note(self, line: str) -> None:
        """A preview has nothing to say beside its pictures."""

    def progress(self, stage: Stage, done: int, total: int | None) -> None:
        """Where the work is."""
        words, unit = STAGES[stage]
        self.words = f"{words}: {done} of {total} {unit}" if total and unit else f"{words} ..."


def following(work: Callable[[Report], Result], show: Callable[[str], Any]) -> Generator[Any, None, Result]:
    """Do the work in a thread, yielding `show(line)` while it lasts; returns, or raises, what comes of it."""
    told = Told()
    with ThreadPoolExecutor(1, "fairy-preview") as pool:
        future = pool.submit(work, told)
        while not future.done():
            yield show(told.words)
            wait([future], SECONDS_BETWEEN_LINES)
    return future.result()
