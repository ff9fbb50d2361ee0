"""Photographs of known licence: six in installed wheels, over a hundred more in a folder that is fetched for training.

assets/photographs.tsv lists each: its split, the package and the path that it comes from, the sha256 of that file, its
licence and its author. Two of them, under CC0, are clips of this project (scripts/make_web_pictures.py); no other is
copied. `scripts/fetch_photographs.py` fills a folder from Debian packages; the environment variable FAIRY_PHOTOGRAPHS
names it. Without one there are those of scikit-image, scikit-learn and matplotlib: six to train on, two held out.
"""

import csv
import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from fairy.errors import MissingPackageError, UsageError

FOLDER_VARIABLE = "FAIRY_PHOTOGRAPHS"
SHORT_SIDE = 480
WHEELS = ("skimage", "sklearn", "matplotlib")
TABLE = Path(__file__).with_name("assets") / "photographs.tsv"


@dataclass(frozen=True)
class Photograph:
    """A line of the table. package: a module of WHEELS, or a Debian package.

    path: in that package; in gcompris-qt-data ARCHIVE!PATH, for the pictures lie in Qt's resource archives."""

    name: str
    split: str
    package: str
    path: str
    sha256: str
    licence: str
    author: str

    @property
    def in_wheel(self) -> bool:
        return self.package in WHEELS


@lru_cache(maxsize=1)
def catalogue() -> tuple[Photograph, ...]:
    """Every photograph that is known, whether it is here or not."""
    with TABLE.open(encoding="utf-8", newline="") as file:
        return tuple(Photograph(**row) for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


def photographs(split: str = "train", folder: Path | None = None) -> tuple[NDArray[np.uint8], ...]:
    """The photographs of a split, uint8 (H, W, 3) RGB, scaled to a short side of 480 pixels, in the catalogue's order.

    Those of the wheels, and those that lie in `folder`, by default in the one that FAIRY_PHOTOGRAPHS names.
    """
    return _photographs(split, folder or _fetched())


@lru_cache(maxsize=4)
def _photographs(split: str, folder: Path | None) -> tuple[NDArray[np.uint8], ...]:
    return tuple(_read(path) for path in _paths(split, folder))


def fetched_path(folder: Path, photograph: Photograph) -> Path:
    """Where a photograph lies in a fetched folder."""
    return folder / f"{photograph.name}.jpg"


def _fetched() -> Path | None:
    folder = os.environ.get(FOLDER_VARIABLE)
    return Path(folder) if folder else None


def _paths(split: str, folder: Path | None) -> Iterator[Path]:
    chosen = [photograph for photograph in catalogue() if photograph.split == split]
    yield from (_wheel_path(photograph) for photograph in chosen if photograph.in_wheel)
    if folder is None:
        return
    paths = [fetched_path(folder, photograph) for photograph in chosen if not photograph.in_wheel]
    there = [path for path in paths if path.exists()]
    if not there:
        raise UsageError(f"no photographs in {folder}: python scripts/fetch_photographs.py {folder}")
    yield from there


def _wheel_path(photograph: Photograph) -> Path:
    spec = find_spec(photograph.package)
    if spec is None or spec.origin is None:
        missing = f"the photographs inside {photograph.package} are missing"
        raise MissingPackageError(f"{missing}: pip install 'fairy-video[train]'")
    return Path(spec.origin).parent / photograph.path


def _read(path: Path) -> NDArray[np.uint8]:
    with Image.open(path) as image:
        scale = SHORT_SIDE / min(image.size)
        size = (round(image.width * scale), round(image.height * scale))
        return np.asarray(image.convert("RGB").resize(size, Image.Resampling.LANCZOS))
