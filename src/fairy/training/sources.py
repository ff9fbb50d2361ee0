"""Where triples come from: (source, instruction, edited), by their number.

A triple is decided by its number alone, so workers, processes and a run that goes on all see the same ones.
H, W: the picture's size.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from fairy.training.settings import Size, TrainConfig

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
    """Triples without end, and some that are held out."""

    @property
    def num_held_out(self) -> int: ...

    def triple(self, number: int, full: Size) -> Triple:
        """Number `number`, scaled to cover `full` (width, height)."""

    def held_out(self, number: int, size: Size) -> Triple:
        """Held-out triple `number` below `num_held_out`, of exactly `size`."""


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


def open_source(config: TrainConfig) -> Source:
    """What `config.data` means."""
    return Synthetic(config.seed, config.num_samples)


def _render(seed: int, size: Size, split: str) -> Triple:
    from fairy.synthetic import photographs, sample_pair  # OpenCV is optional

    pair = sample_pair(seed, size=size, split=split, photos=photographs(split))
    return Triple(pair.source, pair.instruction, pair.edited)
