"""Results on disk: texts and folders that appear whole or not at all, and take the place of nothing but their like."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from fairy.errors import OutputError


def write_text(path: Path, text: str) -> None:
    """Write a file, whole or not at all; its folder is made if it is not there. OutputError where that fails."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{path.name}.", dir=path.parent) as folder:
            part = Path(folder) / path.name
            part.write_text(text, encoding="utf-8", newline="")
            part.replace(path)
    except OSError as error:
        raise OutputError(f"{path} cannot be written: {error.strerror or error}.") from error


def check_files(folder: Path, names: Iterable[str], overwrite: bool) -> None:
    """Refuse, before any work, a folder into which these files cannot be written."""
    if folder.exists() and not folder.is_dir():
        raise OutputError(f"{folder} is a file, not a folder. Choose another name.")
    present = [name for name in names if (folder / name).exists()]
    if present and not overwrite:
        raise OutputError(f"{folder / present[0]} exists already. Choose another folder, or say --overwrite.")
    there = next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())
    if not os.access(there, os.W_OK | os.X_OK):
        raise OutputError(f"{folder}: no right to write into {there}. Choose another folder.")


@contextmanager
def new_folder(folder: Path) -> Iterator[Path]:
    """A folder to write into, which takes the place of `folder` in the end if nothing fails. OutputError if it does."""
    folder = folder.absolute()
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as scratch:
            fresh = Path(scratch, "new")
            fresh.mkdir()
            yield fresh
            if folder.exists():
                folder.rename(Path(scratch, "old"))
            fresh.rename(folder)
    except OSError as error:
        raise OutputError(f"{folder} cannot be written: {error.strerror or error}") from error


def check_new_folder(folder: Path, overwrite: bool, what: str, is_part: Callable[[Path], bool]) -> None:
    """Refuse a folder that is there and not empty; with `overwrite` one that holds what is no part of a `what`."""
    if not folder.exists():
        return
    if not folder.is_dir():
        raise OutputError(f"{folder} is a file, not a folder. Choose another name.")
    inside = sorted(folder.iterdir())
    if inside and not overwrite:
        raise OutputError(f"{folder} exists. Choose another name, or say --overwrite.")
    for path in inside:
        if not is_part(path):
            raise OutputError(f"{path} is not of an earlier {what}, and would be lost. Choose another folder.")
