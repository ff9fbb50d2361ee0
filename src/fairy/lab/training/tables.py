"""Triples out of data sets in the hub's formats, through `datasets`: folders here, streams from the hub.

The columns are by default those of timbrooks/instructpix2pix-clip-filtered. A folder of pictures names them in its
metadata.jsonl by the columns' names with _file_name behind: {"original_image_file_name": "1.png", "edit_prompt": ...,
"edited_image_file_name": "2.png"}. The only file that imports `datasets`. H, W: a picture's size.
"""

from __future__ import annotations

import hashlib
import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from fairy.errors import MissingPackageError, TrainingError, UsageError
from fairy.lab.training.settings import Size, TrainConfig
from fairy.lab.training.sources import Row, Triple

try:
    import datasets
    from datasets.distributed import split_dataset_by_node
    from datasets.exceptions import DatasetsError
except ImportError as error:
    raise MissingPackageError("--data needs the package datasets: pip install 'fairy-video[train]'") from error

HELD_OUT_SHARE = 10
"""One row in so many is held out at most."""


@dataclass(frozen=True)
class Columns:
    """What the columns of a data set are called."""

    source: str
    instruction: str
    edited: str

    def read(self, row: Row, full: Size) -> Triple:
        """A row, with both pictures scaled to cover `full`, alike."""
        source, edited = (datasets.Image().decode_example(row[name]) for name in (self.source, self.edited))
        size = covering_size(source.size, full)
        return Triple(_resize(source, size), str(row[self.instruction]), _resize(edited, size))

    def fingerprint(self, row: Row) -> tuple[str, str]:
        """What tells a row from others: the instruction and the edited picture, undecoded."""
        picture = row[self.edited]
        data = picture["bytes"] if picture["bytes"] is not None else str(picture["path"]).encode()
        return str(row[self.instruction]), hashlib.sha256(data).hexdigest()


@dataclass(frozen=True)
class Table:
    """Rows in any order: a data set on this machine."""

    rows: Any
    columns: Columns
    seed: int
    num_held_out: int

    def triple(self, number: int, full: Size) -> Triple:
        """Every row once in each round, each round in another order."""
        length = len(self.rows) - self.num_held_out
        turn, place = divmod(number, length)
        order = _shuffled(self.seed, turn + 1, length)
        return self.columns.read(self.rows[self._place(self.num_held_out + int(order[place]))], full)

    def held_out(self, number: int, size: Size) -> Triple:
        """A row that `triple` never gives; of its picture the middle."""
        return centre(self.columns.read(self.rows[self._place(number)], size), size)

    def _place(self, number: int) -> int:
        """Held out are rows from everywhere, not the first ones, which may be of one kind."""
        return int(_shuffled(self.seed, 0, len(self.rows))[number])


@dataclass(frozen=True)
class Stream:
    """Rows as they come, shuffled within a buffer: a data set of the hub, or one too large to be copied.

    Held out are the first rows, wherever a reader meets them.
    """

    rows: Any
    columns: Columns
    seed: int
    buffer: int
    kept: tuple[Row, ...]

    @property
    def num_held_out(self) -> int:
        return len(self.kept)

    def held_out(self, number: int, size: Size) -> Triple:
        """One of the first rows; of its picture the middle."""
        return centre(self.columns.read(self.kept[number], size), size)

    def decode(self, row: Row, full: Size) -> Triple:
        """A row that `read` gave."""
        return self.columns.read(row, full)

    def num_readers(self, workers: int, num_processes: int) -> int:
        """How many workers can share the stream of one process: files are the smallest parts."""
        return max(1, min(workers, self._share(0, num_processes).num_shards))

    def read(self, process: int, num_processes: int, skip: int) -> Iterator[Row]:
        """Rows without end, undecoded; in a DataLoader's worker the worker's own. Skipped rows are read over."""
        held_out = {self.columns.fingerprint(row) for row in self.kept}
        instructions = {instruction for instruction, _ in held_out}
        share = self._share(process, num_processes)
        for turn in itertools.count():
            is_empty = True
            for row in share.shuffle(seed=self.seed + turn, buffer_size=self.buffer):
                if str(row[self.columns.instruction]) in instructions and self.columns.fingerprint(row) in held_out:
                    continue
                is_empty = False
                if skip:
                    skip -= 1
                    continue
                yield row
            if is_empty:
                raise TrainingError("the data set has no rows but those that are held out. Lower --num-samples.")

    def _share(self, process: int, num_processes: int) -> Any:
        return split_dataset_by_node(self.rows, rank=process, world_size=num_processes)


def open_table(config: TrainConfig) -> Table | Stream:
    """The data set that `config.data` names. TrainingError where it cannot be read, UsageError without the columns."""
    columns = Columns(config.source_column, config.instruction_column, config.edited_column)
    rows = _load(config)
    # Some streams tell their columns only by their first row.
    names = list(rows.column_names or next(iter(rows)))
    if missing := [name for name in vars(columns).values() if name not in names]:
        option = next(key for key, name in vars(columns).items() if name == missing[0])
        raise UsageError(f"--{option}-column {missing[0]}: {config.data} has the columns {', '.join(names)}.")
    for name in (columns.source, columns.edited):
        rows = rows.cast_column(name, datasets.Image(decode=False))
    if config.is_streamed:
        return Stream(rows, columns, config.seed, config.shuffle, tuple(rows.take(config.num_samples)))
    if len(rows) < 2:
        raise TrainingError(f"{config.data} has {len(rows)} rows in {config.split}; two at least are needed.")
    return Table(rows, columns, config.seed, min(config.num_samples, math.ceil(len(rows) / HELD_OUT_SHARE)))


def covering_size(size: Size, full: Size) -> Size:
    """The smallest (width, height) of the ratio of `size` that covers `full`."""
    scale = max(whole / side for whole, side in zip(full, size, strict=True))
    width, height = (max(whole, round(side * scale)) for whole, side in zip(full, size, strict=True))
    return width, height


def centre(triple: Triple, size: Size) -> Triple:
    """The middle (width, height) of both pictures."""
    height, width = triple.source.shape[:2]
    top, left = (height - size[1]) // 2, (width - size[0]) // 2
    part = slice(top, top + size[1]), slice(left, left + size[0])
    return Triple(triple.source[part], triple.instruction, triple.edited[part])


def _load(config: TrainConfig) -> Any:
    """The rows of the split: in memory-mapped tables, or as a stream."""
    name = str(Path(config.data).expanduser()) if config.is_local else config.data
    had_progress_bars = not datasets.are_progress_bars_disabled()
    datasets.disable_progress_bars()
    try:
        return datasets.load_dataset(name, split=config.split, streaming=config.is_streamed)
    except (DatasetsError, OSError, ValueError, EOFError) as error:  # of these are the hub's errors, too
        reason = str(error).strip().splitlines()[0].rstrip(".")
        raise TrainingError(f"--data {config.data} cannot be read: {reason}.") from error
    finally:
        if had_progress_bars:
            datasets.enable_progress_bars()


def _resize(picture: Image.Image, size: Size) -> np.ndarray:
    resized = picture.convert("RGB")
    if resized.size != size:
        resized = resized.resize(size, Image.Resampling.LANCZOS)
    return np.asarray(resized)


@lru_cache(maxsize=4)
def _shuffled(seed: int, turn: int, length: int) -> np.ndarray:
    """The numbers below `length` in a random order."""
    return np.random.default_rng([seed, turn]).permutation(length)
