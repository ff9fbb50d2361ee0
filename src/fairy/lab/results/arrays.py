"""Large arrays in .npz files, read one entry after the other. No pickle is ever read."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import numpy as np

from fairy.errors import MediaError


def read_steps(path: Path, name: str) -> Iterator[np.ndarray]:
    """The entries of an array along its first axis. MediaError where there is no such array, or of another kind."""
    try:
        with zipfile.ZipFile(path) as archive, archive.open(f"{name}.npy") as stream:
            shape, dtype = _read_header(stream)
            size = int(np.prod(shape[1:])) * dtype.itemsize
            for _ in range(shape[0]):
                yield np.frombuffer(stream.read(size), dtype).reshape(shape[1:])
    except (OSError, KeyError, ValueError, zipfile.BadZipFile) as error:
        raise MediaError(f"{path}: {name} cannot be read ({error})") from error


def array_header(path: Path, name: str) -> tuple[tuple[int, ...], np.dtype]:
    """Shape and type. Errors as of `zipfile`, KeyError where there is no such array, ValueError for objects."""
    with zipfile.ZipFile(path) as archive, archive.open(f"{name}.npy") as stream:
        return _read_header(stream)


def _read_header(stream: IO[bytes]) -> tuple[tuple[int, ...], np.dtype]:
    version = np.lib.format.read_magic(stream)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, by_columns, dtype = read(stream)
    if by_columns or dtype.hasobject:
        raise ValueError("an array of another kind")
    return shape, dtype
