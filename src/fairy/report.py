"""How work tells what it does: the command line draws bars, the web page moves a slider, a test counts."""

from __future__ import annotations

from typing import Literal, Protocol

Stage = Literal[
    "reading",
    "loading",
    "workers",
    "anchors",
    "frames",
    "writing",
    "comparing",
    "clips",
    "measuring",
    "rows",
    "videos",
    "training",
    "cells",
    "cases",
    "waiting",
]
STAGES: dict[Stage, tuple[str, str]] = {
    "reading": ("Reading the video", "frames"),
    "loading": ("Loading the model", ""),
    "workers": ("Starting the workers", "workers"),
    "anchors": ("Editing the anchors", "steps"),
    "frames": ("Editing the frames", "frames"),
    "writing": ("Writing the video", "frames"),
    "comparing": ("Writing the comparison", "frames"),
    "clips": ("Writing the clips", "frames"),
    "measuring": ("Measuring", "frames"),
    "rows": ("Measuring the rows", "rows"),
    "videos": ("Encoding the videos", "videos"),
    "training": ("Training", "samples"),
    "cells": ("Measuring", "edits"),
    "cases": ("Measuring", "runs"),
    "waiting": ("Waiting for the device", ""),
}
"""What a user reads of each stage, and what is counted in it."""


class Report(Protocol):
    """How work tells what it does."""

    def note(self, line: str) -> None:
        """A line that a user should read."""

    def progress(self, stage: Stage, done: int, total: int | None) -> None:
        """Where the work is, in what the stage counts (STAGES). total: None where it is not known."""


class Silent:
    """A report to nobody."""

    def note(self, line: str) -> None:
        """Say nothing."""

    def progress(self, stage: Stage, done: int, total: int | None) -> None:
        """Show nothing."""


SILENT = Silent()


def describe_progress(done: int, total: int | None, unit: str, seconds: float, before: int = 0) -> str:
    """How far it is: 50 %, 12/24 frames, 3.25 a second, 0:04 left.

    The speed is the mean since the stage began, when `before` were done, and is told from its second second on.
    """
    if not unit:
        return ""
    parts = [f"{done} {unit}"] if not total else [f"{100 * done // total} %", f"{done}/{total} {unit}"]
    if done > before and seconds >= 1.0:
        parts.append(f"{(done - before) / seconds:.2f} a second")
        if total:
            minutes, rest = divmod(round((total - done) * seconds / (done - before)), 60)
            parts.append(f"{minutes}:{rest:02d} left")
    return ", ".join(parts)
