"""Means over clips with confidence intervals. Clips are drawn again with replacement (bootstrap), not frames or edits.

Frames of one clip, and edits of it, are alike: only clips are independent of one another. Where conditions were not
done for the same clips, a difference is taken over those that have both.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from fairy.lab.metrics.statistics import CONFIDENCE, bootstrap

NUM_RESAMPLES = 2000

ByClip = Mapping[int | str, float]
"""One number a clip."""


@dataclass(frozen=True)
class Mean:
    """A mean and its 95 % interval, over `num_clips` clips."""

    value: float
    low: float
    high: float
    num_clips: int

    def __str__(self) -> str:
        return f"{self.value:.3g} ({self.low:.3g} to {self.high:.3g})"


def mean_over_clips(values: ByClip) -> Mean | None:
    """The mean with its percentile interval; None where there is no clip."""
    if not values:
        return None
    # In the order of the clips' names, so that the interval does not depend on which cell was finished first.
    numbers = np.array([value for _, value in sorted(values.items(), key=lambda item: str(item[0]))])
    means = bootstrap(numbers[:, None], np.arange(len(numbers)), NUM_RESAMPLES, seed=0)
    low, high = np.quantile(means, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return Mean(float(numbers.mean()), float(low), float(high), len(numbers))


def mean_difference(values: ByClip, base: ByClip) -> Mean | None:
    """How much more than the base, clip by clip."""
    return mean_over_clips({clip: value - base[clip] for clip, value in values.items() if clip in base})
