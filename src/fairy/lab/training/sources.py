"""Where triples come from: (source, instruction, edited), by their number or, out of a stream, as they come.

The triple of a number is always the same one, so workers, processes and a run that goes on agree.
H, W: the picture's size.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from fairy.lab.training.settings import Size

Row = dict[str, Any]

SYNTHETIC_SEEDS = 3 * 10**9
"""The first seed of a pair: the embedded model's own training took lower ones."""
SEED_STRIDE = 10**12
HELD_OUT_SEEDS = 10**6


@dataclass(frozen=True)
class Triple:
    """source, edited: uint8 (H, W, 3) RGB, of one size."""

    source: NDArray[np.uint8]
    instruction: str
    edited: NDArray[np.uint8]


class Source(Protocol):
    """Where triples come from; some are held out."""

    @property
    def num_held_out(self) -> int: ...

    def held_out(self, number: int, size: Size) -> Triple:
        """Held-out triple `number` below `num_held_out`, of exactly `size` (width, height)."""


class Numbered(Source, Protocol):
    """Triples by number, without end."""

    def triple(self, number: int, full: Size) -> Triple:
        """Number `number`, scaled to cover `full` (width, height)."""


class Streamed(Source, Protocol):
    """Triples as they come, without end."""

    def num_readers(self, workers: int, num_processes: int) -> int:
        """How many workers can share the stream of one process."""

    def read(self, process: int, num_processes: int, skip: int) -> Iterator[Row]:
        """Those of one process, or in a DataLoader's worker the worker's own, after the first `skip`."""

    def decode(self, row: Row, full: Size) -> Triple:
        """One of them, scaled to cover `full`."""


@dataclass(frozen=True)
class Synthetic:
    """Fresh pairs of the synthetic world, rendered at the size asked for. None is ever shown twice.

    Held out are wordings, scenes and photographs that `triple` never gives.
    """

    seed: int
    num_held_out: int

    def triple(self, number: int, full: Size) -> Triple:
        """A pair with the wordings for training."""
        return _render(SYNTHETIC_SEEDS + self.seed * SEED_STRIDE + number, full, "train")

    def held_out(self, number: int, size: Size) -> Triple:
        """A pair with held-out wordings, and in part on held-out photographs."""
        return _render(HELD_OUT_SEEDS + number, size, "heldout")


def _render(seed: int, size: Size, split: str) -> Triple:
    from fairy.lab.synthetic import photographs, sample_pair  # OpenCV is optional

    pair = sample_pair(seed, size=size, split=split, photos=photographs(split))
    return Triple(pair.source, pair.instruction, pair.edited)
