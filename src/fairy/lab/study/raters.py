"""Raters: who judges what, who passes the attention checks, which votes count, and what the majority says.

Tasks: the items with the fewest raters first, the left-right order drawn, attention checks in between.
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

SPLIT = "no_majority"


@dataclass(frozen=True)
class RaterTask:
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
) -> list[RaterTask]:
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
    return [RaterTask(item, swapped) for item, swapped in zip(items, sides, strict=True)]


@dataclass(frozen=True)
class Vote:
    """What one rater said about one item."""

    rater: int
    item: int
    swapped: bool
    seconds: float
    answers: dict[str, str]
    """Question -> answer, in the study's own order: first, second."""
    expected: Mapping[str, str] | None
    """Of an attention check: question -> the known answer."""

    @property
    def passed(self) -> bool:
        """Whether an attention check was answered as it must be."""
        return all(self.answers[question] == answer for question, answer in (self.expected or {}).items())


def checks_of(votes: Iterable[Vote]) -> dict[int, tuple[int, int]]:
    """For each rater who has answered attention checks: (passed, answered)."""
    seen: dict[int, list[bool]] = defaultdict(list)
    for vote in votes:
        if vote.expected is not None:
            seen[vote.rater].append(vote.passed)
    return {rater: (sum(passed), len(passed)) for rater, passed in seen.items()}


def failing_raters(votes: Iterable[Vote], min_passed: float) -> set[int]:
    """The raters who passed less than this share of the attention checks that they answered."""
    return {rater for rater, (passed, seen) in checks_of(votes).items() if passed < min_passed * seen}


def counted(votes: Iterable[Vote], excluded: Collection[int], num_raters: int) -> dict[int, list[Vote]]:
    """The votes that count, by item: the first `num_raters`, without attention checks and excluded raters."""
    kept: dict[int, list[Vote]] = defaultdict(list)
    for vote in votes:
        if vote.expected is None and vote.rater not in excluded and len(kept[vote.item]) < num_raters:
            kept[vote.item].append(vote)
    return dict(kept)


def majority(answers: Sequence[str], num_raters: int) -> str | None:
    """What more than half of `num_raters` say; SPLIT where that cannot come any more, None where votes are missing."""
    if answers:
        answer, count = Counter(answers).most_common(1)[0]
        if 2 * count > num_raters:
            return answer
    return SPLIT if len(answers) >= num_raters else None
