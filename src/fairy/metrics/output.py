"""Results on disk: every file whole or not at all, and none replaced unless asked."""

from __future__ import annotations

import csv
import io
import os
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

from fairy.errors import OutputError


def check_folder(folder: Path, names: Iterable[str], overwrite: bool) -> None:
    """Refuse, before any work, a folder into which these files cannot be written."""
    if folder.exists() and not folder.is_dir():
        raise OutputError(f"{folder} is a file, not a folder. Choose another name.")
    present = [name for name in names if (folder / name).exists()]
    if present and not overwrite:
        raise OutputError(f"{folder / present[0]} exists already. Choose another folder, or say --overwrite.")
    there = next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())
    if not os.access(there, os.W_OK | os.X_OK):
        raise OutputError(f"{folder}: no right to write into {there}. Choose another folder.")


def write_text(path: Path, text: str) -> None:
    """Write a file, whole or not at all; its folder is made if it is not there."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{path.name}.", dir=path.parent) as folder:
            part = Path(folder) / path.name
            part.write_text(text, encoding="utf-8", newline="")
            part.replace(path)
    except OSError as error:
        raise OutputError(f"{path} cannot be written: {error.strerror or error}.") from error


def as_csv(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table as CSV: numbers with six digits after the point, nothing for None and NaN."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(heads)
    writer.writerows([[_cell(value) for value in row] for row in rows])
    return text.getvalue()


def _cell(value: object) -> object:
    if value is None or (isinstance(value, float) and value != value):
        return ""
    return f"{value:.6g}" if isinstance(value, float) else value
