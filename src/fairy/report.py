"""How a job tells what it does: the command line draws bars, the web page moves a slider, a test counts."""

from __future__ import annotations

from typing import Protocol


class Report(Protocol):
    """How a job tells what it does."""

    def note(self, line: str) -> None:
        """A line that a user should read."""

    def progress(self, stage: str, done: int, total: int | None) -> None:
        """Where the work is: a stage that fairy.progress knows, such as frames. total: None where it is not known."""


class Silent:
    """A report to nobody."""

    def note(self, line: str) -> None:
        """Say nothing."""

    def progress(self, stage: str, done: int, total: int | None) -> None:
        """Show nothing."""


SILENT = Silent()
