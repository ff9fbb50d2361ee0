"""What a study says: majorities and their shares, agreement between raters, and who was left out.

A result of an item is what more than half of its raters say (sec. 6.2 of the paper); a share is that of the items which
have a result or can have none any more.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

from fairy.errors import UsageError
from fairy.lab.results.statistics import fleiss_kappa, sign_test, wilson
from fairy.lab.study.forms import BAD, FIRST, GOOD, SECOND, Form
from fairy.lab.study.raters import SPLIT, Vote, checks_of, counted, failing_raters, majority
from fairy.lab.study.store import Item, Store


@dataclass(frozen=True)
class Share:
    """How often one answer is the majority's."""

    answer: str
    label: str
    count: int
    total: int
    share: float
    low: float
    """Of the 95 % interval (Wilson)."""
    high: float


@dataclass(frozen=True)
class Finding:
    """One question about one comparison, or about one method."""

    methods: tuple[str, ...]
    question: str
    shares: tuple[Share, ...]
    num_items: int
    num_open: int
    """Items that lack votes, and so a result."""
    kappa: float | None
    """Fleiss' kappa over the items that have all their votes."""
    p_value: float
    """Of the exact sign test, first against second or good against bad."""


@dataclass(frozen=True)
class Rater:
    """What is known of one rater."""

    number: int
    name: str
    num_answered: int
    checks_passed: int
    checks_answered: int
    median_seconds: float
    excluded: bool


@dataclass(frozen=True)
class StudySummary:
    """All that a report says."""

    form: Form
    raters_wanted: int
    findings: tuple[Finding, ...]
    raters: tuple[Rater, ...]
    items: dict[int, Item]
    votes: tuple[Vote, ...]
    """All, those that do not count included."""
    kept: dict[int, list[Vote]]
    """Those that count, by item."""
    left_share: float | None
    """Of the votes that prefer a side, how many prefer the left one: near a half unless raters favour a side."""

    @property
    def num_excluded(self) -> int:
        """Raters whose votes do not count."""
        return sum(rater.excluded for rater in self.raters)

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "raters": len(self.raters),
            "excluded": self.num_excluded,
            "votes": len(self.votes),
            "left_share": self.left_share,
            "findings": [asdict(finding) for finding in self.findings],
        }


def summarize(folder: Path, *, min_passed: float | None = None) -> StudySummary:
    """Count the votes of a study. `min_passed`: the share of checks to be passed, where not the study's own."""
    if min_passed is not None and not 0 <= min_passed <= 1:
        raise UsageError(f"--min-passed {min_passed:g}: must lie in 0..1")
    with Store(folder) as store:
        facts, form, items, names = store.facts, store.form, store.items(), store.names()
        votes = tuple(store.votes())
    excluded = failing_raters(votes, facts["min_passed"] if min_passed is None else min_passed)
    kept = counted(votes, excluded, facts["raters"])
    findings = [
        count_answers(form, methods, question, [kept.get(number, []) for number in chosen], facts["raters"])
        for methods in map(tuple, facts["comparisons"])
        for chosen in [[number for number, item in items.items() if methods_of(item) == methods]]
        for question in form.question_keys
    ]
    raters = tuple(describe_rater(number, name, votes, excluded) for number, name in names.items())
    return StudySummary(form, facts["raters"], tuple(findings), raters, items, votes, kept, share_of_left(kept))


def methods_of(item: Item) -> tuple[str, ...]:
    """The methods that an item shows; none of an attention check."""
    return tuple(name for name in (item.first_method, item.second_method) if name)


def count_answers(
    form: Form, methods: tuple[str, ...], question: str, votes: Sequence[Sequence[Vote]], wanted: int
) -> Finding:
    """What raters say to a question; `votes` are those that count, for each item."""
    answers = [[vote.answers[question] for vote in each] for each in votes]
    results = Counter(majority(each, wanted) for each in answers)
    num_open = results.pop(None, 0)
    labels = {
        key: label.format(**dict(zip((FIRST, SECOND), methods, strict=False))) for key, label in form.choices.items()
    }
    total = sum(results.values())
    shares = tuple(share_of(key, label, results[key], total) for key, label in {**labels, SPLIT: "no majority"}.items())
    whole = [each for each in answers if len(each) == wanted]
    kappa = fleiss_kappa([[each.count(key) for key in form.choices] for each in whole])
    sides = (FIRST, SECOND) if FIRST in form.choices else (GOOD, BAD)
    p_value = sign_test(results[sides[0]], results[sides[1]])
    return Finding(methods, question, shares, len(votes), num_open, kappa, p_value)


def share_of(answer: str, label: str, count: int, total: int) -> Share:
    """A share with its interval."""
    return Share(answer, label, count, total, count / total if total else 0.0, *wilson(count, total))


def describe_rater(number: int, name: str, votes: Sequence[Vote], excluded: Iterable[int]) -> Rater:
    """What one rater did."""
    own = [vote for vote in votes if vote.rater == number]
    passed, answered = checks_of(own).get(number, (0, 0))
    seconds = median(vote.seconds for vote in own) if own else 0.0
    return Rater(number, name, len(own), passed, answered, round(seconds, 1), number in excluded)


def share_of_left(kept: dict[int, list[Vote]]) -> float | None:
    """Of all answers that prefer a side, the share of the left; None without any."""
    sides = [
        (answer == SECOND) == vote.swapped
        for votes in kept.values()
        for vote in votes
        for answer in vote.answers.values()
        if answer in (FIRST, SECOND)
    ]
    return sum(sides) / len(sides) if sides else None
