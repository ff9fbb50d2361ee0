"""Work that is done once and kept: a line of JSON for each finished piece, added when it is finished.

A line counts once it is whole: what a killed process has begun to write is cut off when the ledger is opened again.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from fairy.disk.hashes import hash_text
from fairy.disk.lock import locked
from fairy.errors import OutputError
from fairy.parallel import map_tasks
from fairy.report import Report

CELLS = "cells.jsonl"
Record = Mapping[str, Any]
"""One finished piece: its `key`, what it was, what came out."""
Task = TypeVar("Task")


def key_of(facts: Mapping[str, Any]) -> str:
    """The key of a piece of work, from all facts that decide its result."""
    return hash_text(json.dumps(facts, sort_keys=True, default=str))


class Ledger:
    """The records by key; without a path in memory alone. Made by `open_ledger`."""

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self.records: dict[str, Record] = {record["key"]: record for record in _read(path)} if path else {}

    def __contains__(self, key: str) -> bool:
        return key in self.records

    def __getitem__(self, key: str) -> Record:
        return self.records[key]

    def add(self, records: Iterable[Record]) -> None:
        """Keep finished work, on disk before this returns."""
        new = list(records)
        if self.path:
            try:
                with self.path.open("a", encoding="utf-8") as file:
                    file.write("".join(json.dumps(record) + "\n" for record in new))
                    file.flush()
                    os.fsync(file.fileno())
            except OSError as error:
                raise OutputError(f"{self.path} cannot be written: {error.strerror or error}") from error
        self.records |= {record["key"]: record for record in new}


@contextmanager
def open_ledger(folder: Path | None, name: str = CELLS) -> Iterator[Ledger]:
    """The ledger in a folder, which is made if it is not there, for one process at a time; None: in memory."""
    if folder is None:
        yield Ledger(None)
        return
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{folder} cannot be made: {error.strerror or error}") from error
    with locked(folder):
        _cut_off(folder / name)
        yield Ledger(folder / name)


def do_missing(
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


def _cut_off(path: Path) -> None:
    """Remove a last line that has no end."""
    if path.exists() and not (content := path.read_bytes()).endswith(b"\n"):
        with path.open("r+b") as file:
            file.truncate(content.rfind(b"\n") + 1)


def _read(path: Path) -> Iterator[Record]:
    if not path.exists():
        return
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        try:
            record = json.loads(line)
            record["key"]
        except (ValueError, KeyError, TypeError) as error:
            raise OutputError(
                f"{path} is damaged in line {number}. Remove that line; its cell is done again."
            ) from error
        yield record
