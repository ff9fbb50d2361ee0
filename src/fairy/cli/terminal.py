"""What a terminal shows of a job while it runs, on stderr: a bar, or sparse lines where stderr is a file or a pipe.

This is the `Report` of `fairy.jobs.edit`, drawn with rich.
"""

from __future__ import annotations

import time
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TaskID, TextColumn
from rich.table import Column
from rich.text import Text

from fairy.report import STAGES, Stage, describe_progress

SECONDS_BETWEEN_LINES = 10.0


class Terminal:
    """Draws the stage that a job is in. Use it as a context manager, so that the bar is gone when the job ends."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(stderr=True)
        self._bar = Progress(
            TextColumn("{task.description:<19}"),
            BarColumn(bar_width=None, table_column=Column(ratio=1)),
            _Account(table_column=Column(no_wrap=True)),
            console=self.console,
            transient=True,
            disable=not self.console.is_terminal,
            expand=True,
        )
        self._stage: Stage | None = None
        self._task = TaskID(0)
        self._begun = self._last_line = 0.0
        self._before = 0

    def __enter__(self) -> Terminal:
        self._bar.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._bar.stop()

    def note(self, line: str) -> None:
        """Print a line above the bar."""
        self.console.print(line, markup=False, highlight=False, soft_wrap=True)

    def progress(self, stage: Stage, done: int, total: int | None) -> None:
        """Move the bar; a stage that begins, or begins anew, gets a fresh one."""
        if stage != self._stage or done == 0:
            self._begin(stage, done, total)
        if self.console.is_terminal:
            self._bar.update(self._task, completed=done, total=total)
        elif time.monotonic() - self._last_line >= SECONDS_BETWEEN_LINES:
            self._print_line(stage, done, total)

    def _begin(self, stage: Stage, done: int, total: int | None) -> None:
        self._before = done  # a stage goes on after the next shot's anchors: what was done before tells no speed now
        self._begun = self._last_line = time.monotonic()
        self._stage = stage
        words, unit = STAGES[stage]
        if self.console.is_terminal:
            for task in self._bar.task_ids:
                self._bar.remove_task(task)
            self._task = self._bar.add_task(words, total=total, unit=unit, before=done)

    def _print_line(self, stage: Stage, done: int, total: int | None) -> None:
        self._last_line = time.monotonic()
        words, unit = STAGES[stage]
        self.note(f"{words}: {describe_progress(done, total, unit, self._last_line - self._begun, self._before)}")


class _Account(ProgressColumn):
    """The numbers beside the bar."""

    def render(self, task: Task) -> Text:
        total = None if task.total is None else round(task.total)
        return Text(
            describe_progress(
                round(task.completed), total, task.fields["unit"], task.elapsed or 0.0, task.fields["before"]
            )
        )
