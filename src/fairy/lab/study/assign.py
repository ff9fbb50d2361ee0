"""Who judges what: the items with the fewest raters first, the left-right order drawn, attention checks in between."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Task:
    """An item as one rater sees it."""

    item: int
    swapped: bool
    """Whether the second result stands on the left."""


def choose_batch(
    num_raters: Mapping[int, int],
    checks: Sequence[int],
    *,
    wanted: int,
    limit: int,
    rng: random.Random,
) -> list[Task]:
    """The next tasks of a rater.

    num_raters: for each item that this rater has not seen, how many others have it. Taken are up to `limit` (0: all)
    that have fewer than `wanted`, those with the fewest first; ties are drawn. Half of the tasks are swapped. `checks`
    come at random places, but not at the very first.
    """
    open_items = [item for item, count in num_raters.items() if count < wanted]
    rng.shuffle(open_items)
    open_items.sort(key=lambda item: num_raters[item])  # stable: ties stay shuffled
    items = open_items[:limit] if limit else open_items
    if not items:
        return []
    rng.shuffle(items)
    for check in checks:
        items.insert(rng.randint(1, len(items)), check)
    odd = rng.randint(0, 1)  # of an odd number of tasks, which side gets one more
    sides = [place % 2 == odd for place in range(len(items))]
    rng.shuffle(sides)
    return [Task(item, swapped) for item, swapped in zip(items, sides, strict=True)]
