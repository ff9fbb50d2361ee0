"""What all of the lab counts with: bootstrap intervals over independent owners, and the closed forms of a study.

The owners of the rows are what is drawn anew (Efron 1979): frames of one clip, and edits of one video, are alike and
come and go together. Only clips are independent of one another.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

NUM_RESAMPLES = 2000
CONFIDENCE = 0.95
CHUNK = 500
Z_95 = 1.959963984540054
"""Of a two-sided interval of 95 %."""

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


def bootstrap(values: np.ndarray, owner: np.ndarray, num_resamples: int, seed: int = 0) -> np.ndarray:
    """Means of resamples, (rows, M) -> (R, M). Drawn with replacement are the owners of the rows, 0 to S - 1."""
    num_owners = int(owner.max()) + 1
    sums = np.zeros((num_owners, values.shape[1]))
    np.add.at(sums, owner, values)
    counts = np.bincount(owner, minlength=num_owners)
    rng = np.random.default_rng(seed)
    means = []
    for first in range(0, num_resamples, CHUNK):
        size = min(CHUNK, num_resamples - first)
        drawn = rng.multinomial(num_owners, np.full(num_owners, 1 / num_owners), size=size)
        means.append(drawn @ sums / (drawn @ counts)[:, None])
    return np.concatenate(means)


def interval(
    values: np.ndarray, owner: np.ndarray | None = None, *, num_resamples: int = NUM_RESAMPLES, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """(rows, M) -> (M,), (M,): where the means lie with 95 % confidence, by percentiles of the resamples' means.

    Without owners each row is its own.
    """
    means = bootstrap(values, np.arange(len(values)) if owner is None else owner, num_resamples, seed)
    low, high = np.quantile(means, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2], axis=0)
    return low, high


def mean_over_clips(values: ByClip) -> Mean | None:
    """The mean with its interval; None where there is no clip."""
    if not values:
        return None
    # In the order of the clips' names, so that the interval does not depend on which one was finished first.
    numbers = np.array([value for _, value in sorted(values.items(), key=lambda item: str(item[0]))])
    low, high = interval(numbers[:, None])
    return Mean(float(numbers.mean()), float(low[0]), float(high[0]), len(numbers))


def mean_difference(values: ByClip, base: ByClip) -> Mean | None:
    """How much more than the base, clip by clip, over those that both have."""
    return mean_over_clips({clip: value - base[clip] for clip, value in values.items() if clip in base})


def wilson(count: int, total: int, z: float = Z_95) -> tuple[float, float]:
    """The score interval of a share (E. B. Wilson, JASA 1927): (low, high) within 0..1; all of it where total is 0."""
    if total == 0:
        return 0.0, 1.0
    share, square = count / total, z * z
    middle = (share + square / (2 * total)) / (1 + square / total)
    half = z / (1 + square / total) * math.sqrt(share * (1 - share) / total + square / (4 * total * total))
    return max(0.0, middle - half), min(1.0, middle + half)


def fleiss_kappa(counts: Sequence[Sequence[int]]) -> float | None:
    """Agreement beyond chance (J. L. Fleiss, Psychological Bulletin 1971) of n x k counts that sum to r in each row.

    n items, r raters, k answers. None where it is not defined: no items, fewer than two raters, or one answer given
    throughout.
    """
    if not counts or (num_raters := sum(counts[0])) < 2:
        return None
    num_items = len(counts)
    agreement = sum(count * (count - 1) for row in counts for count in row) / (
        num_items * num_raters * (num_raters - 1)
    )
    shares = [sum(row[answer] for row in counts) / (num_items * num_raters) for answer in range(len(counts[0]))]
    chance = sum(share * share for share in shares)
    return None if chance == 1 else (agreement - chance) / (1 - chance)


def sign_test(wins: int, losses: int) -> float:
    """The exact two-sided p value of so uneven a number of wins and losses, were both as likely; 1 without any."""
    total = wins + losses
    tail = sum(math.comb(total, count) for count in range(min(wins, losses) + 1)) / 2**total
    return min(1.0, 2 * tail)
