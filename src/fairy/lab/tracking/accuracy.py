"""How often a correspondence is near the truth (Fairy, arXiv 2312.13834, sec. 4 and fig. 2), and what chance gives.

Positions are (x, y) in 0..1 of the picture's width and height; distances are measured as on a picture of 256 x 256, and
"within d" is nearer than d pixels, as in TAP-Vid (arXiv 2211.03726), whose `<delta` is the mean over 1, 2, 4, 8 and 16.
n points, L tokens, D = 6 distances, C clips.
"""

from __future__ import annotations

import numpy as np

SIDE = 256
DISTANCES = (1, 2, 4, 8, 16, 32)
AVERAGED = (1, 2, 4, 8, 16)
"""The distances of which TAP-Vid takes the mean."""
NUM_RESAMPLES = 1000


def count_within(found: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """(n, 2) and (n, 2) -> int64 (D,): how many are within each of DISTANCES."""
    away = SIDE * np.linalg.norm(found - truth, axis=-1)
    return (away[:, None] < np.array(DISTANCES)).sum(axis=0)


def expect_by_chance(centres: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """(L, 2) and (n, 2) -> float64 (D,): how many would be within each distance if every token were as likely.

    Counted, not drawn: for each true position the share of tokens whose middle is near enough.
    """
    away = SIDE * np.linalg.norm(centres[None] - truth[:, None], axis=-1)
    return (away[..., None] < np.array(DISTANCES)).mean(axis=1).sum(axis=0)


def mean_over_averaged(shares: np.ndarray) -> np.ndarray:
    """(..., D) -> (...): TAP-Vid's `<delta`."""
    return shares[..., [DISTANCES.index(distance) for distance in AVERAGED]].mean(axis=-1)


def interval(shares: np.ndarray, *, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """(C, ...) of each clip -> (...), (...): where the mean over clips lies with 95 % confidence.

    By bootstrap over clips, since points of one clip go together. With one clip it is not known: NaN.
    """
    num_clips = len(shares)
    if num_clips < 2:
        return np.full(shares.shape[1:], np.nan), np.full(shares.shape[1:], np.nan)
    drawn = np.random.default_rng(seed).integers(num_clips, size=(NUM_RESAMPLES, num_clips))
    low, high = np.quantile(np.stack([shares[chosen].mean(axis=0) for chosen in drawn]), [0.025, 0.975], axis=0)
    return low, high
