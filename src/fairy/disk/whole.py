"""Whole or not at all: files and folders are written under a name of their own beside their place, and moved there.

What is there already is refused before any work, unless it may be overwritten.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from PIL import Image

from fairy.errors import OutputError


@contextmanager
def writing_whole(path: Path) -> Iterator[Path]:
    """A name beside `path`, with the same suffix, for a file or a folder: it takes the place of `path` in the end.

    Where the block fails, nothing is left of it and `path` stays as it was.
    """
    temporary = path.with_name(f".{path.stem}.{os.getpid()}.partial{path.suffix}")
    try:
        yield temporary
        _move(temporary, path)
    finally:
        _remove(temporary)


def write_text(path: Path, text: str) -> None:
    """Write a text, whole or not at all; its folder is made if it is not there. OutputError where that fails."""
    with told(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        with writing_whole(path) as part:
            part.write_text(text, encoding="utf-8", newline="")


def save_png(path: Path, picture: np.ndarray) -> None:
    """Write uint8 (H, W, 3) or (H, W) as PNG, whole or not at all. OutputError where that fails."""
    with told(path), writing_whole(path) as part:
        Image.fromarray(picture).save(part, format="PNG")


@contextmanager
def new_folder(folder: Path) -> Iterator[Path]:
    """A folder to write into, which takes the place of `folder` in the end if nothing fails. OutputError if it does."""
    folder = folder.absolute()
    with told(folder):
        folder.parent.mkdir(parents=True, exist_ok=True)
        with writing_whole(folder) as fresh:
            fresh.mkdir()
            yield fresh


@contextmanager
def told(path: Path) -> Iterator[None]:
    """Turn what the system says of a failure to write into one clear line."""
    try:
        yield
    except OSError as error:
        raise OutputError(f"{path} cannot be written: {error.strerror or error}.") from error


def check_file(path: Path, overwrite: bool) -> None:
    """Refuse, before any work, a path to which no file can be written: its folder, rights, what is there already."""
    check_parent(path)
    if path.is_dir():
        raise OutputError(f"{path} is a folder. Choose another name.")
    if path.exists() and not overwrite:
        raise OutputError(f"{path} exists already. Choose another name, or overwrite it with --overwrite.")


def check_parent(path: Path) -> None:
    """Refuse a path whose folder is not there, or not to be written into."""
    parent = path.absolute().parent
    if not parent.is_dir():
        raise OutputError(f"{path}: the folder {parent} does not exist. Make it first.")
    _check_rights(parent, path)


def check_picture(path: Path, overwrite: bool) -> None:
    """Refuse, before any work, a path to which `save_png` could not write."""
    if path.suffix.lower() != ".png":
        raise OutputError(f"{path}: the contact sheet is a PNG. Choose a name that ends in .png.")
    check_file(path, overwrite)


def check_files(folder: Path, names: Iterable[str], overwrite: bool) -> None:
    """Refuse, before any work, a folder, which need not be there yet, into which these files cannot be written."""
    _check_folder(folder)
    there = next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())
    _check_rights(there, folder)
    for name in names:
        if (folder / name).exists() and not overwrite:
            raise OutputError(
                f"{folder / name} exists already. Choose another folder, or overwrite it with --overwrite."
            )


def check_new_folder(folder: Path, overwrite: bool, what: str, is_part: Callable[[Path], bool]) -> None:
    """Refuse a folder that is there and not empty; with `overwrite` one that holds what is no part of a `what`."""
    _check_folder(folder)
    inside = sorted(folder.iterdir()) if folder.exists() else []
    for path in inside:
        if not is_part(path):
            raise OutputError(f"{path} is not of an earlier {what}, and would be lost. Choose another folder.")
    if inside and not overwrite:
        raise OutputError(f"{folder} exists already. Choose another folder, or overwrite it with --overwrite.")


def _check_folder(folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise OutputError(f"{folder} is a file, not a folder. Choose another name.")


def _check_rights(folder: Path, wanted: Path) -> None:
    if not os.access(folder, os.W_OK | os.X_OK):
        raise OutputError(f"{wanted}: no right to write into {folder}. Choose another folder.")


def _move(temporary: Path, path: Path) -> None:
    """Replace `path` by a finished file or folder: a file in one step, a folder in two."""
    if not temporary.is_dir() or not path.exists():
        temporary.replace(path)
        return
    old = temporary.with_name(temporary.name + ".old")
    path.replace(old)
    temporary.replace(path)
    shutil.rmtree(old)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
