"""The finished cells of an ablation, on disk: a line of JSON each, added when the cell is finished.

A line counts once it is whole: what a killed process has begun to write is cut off when the ledger is opened again.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from fairy.disk.lock import locked
from fairy.errors import OutputError

CELLS = "cells.jsonl"
Record = Mapping[str, Any]
"""One finished cell: its `key`, what it was, what came out."""


class Ledger:
    """The records by key. Made by `open_ledger`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.records: dict[str, Record] = {record["key"]: record for record in _read(path)}

    def __contains__(self, key: str) -> bool:
        return key in self.records

    def __getitem__(self, key: str) -> Record:
        return self.records[key]

    def add(self, records: Iterable[Record]) -> None:
        """Keep finished cells, on disk before this returns."""
        new = list(records)
        try:
            with self.path.open("a", encoding="utf-8") as file:
                file.write("".join(json.dumps(record) + "\n" for record in new))
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise OutputError(f"{self.path} cannot be written: {error.strerror or error}") from error
        self.records |= {record["key"]: record for record in new}


@contextmanager
def open_ledger(folder: Path) -> Iterator[Ledger]:
    """The ledger in a folder, which is made if it is not there, for one process at a time."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{folder} cannot be made: {error.strerror or error}") from error
    with locked(folder):
        path = folder / CELLS
        _cut_off(path)
        yield Ledger(path)


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
