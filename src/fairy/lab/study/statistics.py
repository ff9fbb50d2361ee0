"""Intervals and agreement, as closed forms. n items, r raters, k answers."""

from __future__ import annotations

import math
from collections.abc import Sequence

Z_95 = 1.959963984540054
"""Of a two-sided interval of 95 %."""


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

    None where it is not defined: no items, fewer than two raters, or one answer given throughout.
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
