"""A preview's progress on the page, in Gradio's own bar."""

from __future__ import annotations

from typing import Any

from fairy.progress import STAGES


class Told:
    """The `Report` of fairy.job, told to a gr.Progress."""

    def __init__(self, bar: Any) -> None:
        self.bar = bar

    def note(self, line: str) -> None:
        """A preview has nothing to say beside its pictures."""

    def progress(self, stage: str, done: int, total: int | None) -> None:
        """Move the bar."""
        words, unit = STAGES[stage]
        self.bar((done, total) if total else None, desc=words, unit=unit or "steps")
