"""Does what is missing of an ablation: tasks on workers, finished cells kept at once, progress with the time left."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from fairy.lab.results.ledger import Ledger, Record
from fairy.parallel import map_tasks
from fairy.report import Report

Task = TypeVar("Task")


def run_tasks(
    work: Callable[[Task], Iterable[Record]],
    tasks: Sequence[Task],
    ledger: Ledger,
    *,
    num_all: int,
    workers: int | str,
    ray_address: str | None = None,
    name: Callable[[Task], str] = str,
    report: Report,
) -> None:
    """Keep the records that `work` makes of each task. `num_all` counts the tasks with those finished before."""
    done = num_all - len(tasks)
    report.progress("cells", done, num_all)
    if not tasks:
        return
    results = map_tasks(work, tasks, workers=workers, ray_address=ray_address, name=name, report=report)
    try:
        for _, records in results:
            ledger.add(records)
            done += 1
            report.progress("cells", done, num_all)
    except KeyboardInterrupt:
        raise KeyboardInterrupt(f"{done} of {num_all} edits are finished and kept; the same command goes on") from None
