"""Methods compared on the same sources: means, bootstrap confidence intervals, ranks. Pure numbers.

M methods. The sources are what is drawn anew: two edits of one video are no two videos.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from fairy.lab.metrics.scores import METRICS, Better, Metric
from fairy.lab.results.statistics import bootstrap, interval

NUM_RESAMPLES = 10_000


@dataclass(frozen=True)
class ClipResult:
    """One edited clip's values."""

    method: str
    source: str
    """What is drawn anew."""
    task: str
    """What the methods are compared at, within a source: the instruction."""
    values: Mapping[str, float | None]


@dataclass(frozen=True)
class Standing:
    """One method by one metric, on the tasks that all methods have a value for."""

    mean: float
    low: float
    """The confidence interval, of 95 %: percentiles of the means of the resamples."""
    high: float
    rank: int | None
    """1 is the best; methods with the same value share a rank. None where nothing is better."""
    best_share: float | None
    """In what share of the resamples the method is the best one."""
    num_tasks: int


@dataclass(frozen=True)
class Comparison:
    """All methods by all metrics."""

    methods: tuple[str, ...]
    standings: Mapping[str, Mapping[str, Standing]]
    """By metric, then by method. Only metrics that all methods have a value for, on at least one common task."""
    num_sources: int

    @property
    def mean_ranks(self) -> dict[str, float]:
        """Each method's rank, averaged over the metrics that rank; the best first. Empty where none does."""
        ranked = [standing for standing in self.standings.values() if standing[self.methods[0]].rank]
        if not ranked:
            return {}
        means = {method: float(np.mean([each[method].rank for each in ranked])) for method in self.methods}
        return dict(sorted(means.items(), key=lambda item: item[1]))


def compare(results: Sequence[ClipResult], *, num_resamples: int = NUM_RESAMPLES, seed: int = 0) -> Comparison:
    """Means, intervals and ranks of every method. The seed decides the resamples, which all methods share."""
    methods = tuple(dict.fromkeys(result.method for result in results))
    standings = {}
    for metric in METRICS:
        cells = _cells(results, metric.key)
        common = [task for task, found in cells.items() if len(found) == len(methods)]
        if common:
            standings[metric.key] = _compare_by(metric, methods, common, cells, num_resamples, seed)
    return Comparison(methods, standings, len({result.source for result in results}))


def _cells(results: Sequence[ClipResult], key: str) -> dict[tuple[str, str], dict[str, float]]:
    """Values by (source, task) and method; of several clips of one method at one task the mean."""
    lists: dict[tuple[str, str], dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for result in results:
        value = result.values.get(key)
        if value is not None:
            lists[result.source, result.task][result.method].append(value)
    return {task: {method: float(np.mean(v)) for method, v in found.items()} for task, found in lists.items()}


def _compare_by(
    metric: Metric,
    methods: Sequence[str],
    tasks: Sequence[tuple[str, str]],
    cells: Mapping[tuple[str, str], Mapping[str, float]],
    num_resamples: int,
    seed: int,
) -> dict[str, Standing]:
    values = np.array([[cells[task][method] for method in methods] for task in tasks])  # (tasks, M)
    sources = list(dict.fromkeys(source for source, _ in tasks))
    owner = np.array([sources.index(source) for source, _ in tasks])
    low, high = interval(values, owner, num_resamples=num_resamples, seed=seed)
    ranks: list[int | None] = [None] * len(methods)
    shares: list[float | None] = [None] * len(methods)
    if metric.better is not Better.NONE:
        worth = cost(values, metric.better)
        ranks = list(rank(worth.mean(0)))
        costs = bootstrap(worth, owner, num_resamples, seed)
        best = costs <= costs.min(1, keepdims=True)
        shares = (best / best.sum(1, keepdims=True)).mean(0).tolist()
    columns = zip(methods, values.mean(0), low, high, ranks, shares, strict=True)
    return {
        method: Standing(float(mean), float(down), float(up), position, share, len(tasks))
        for method, mean, down, up, position, share in columns
    }


def cost(values: np.ndarray, better: Better) -> np.ndarray:
    """The same as numbers of which less is better: for "nearest to 1" the distance from it, clip by clip."""
    return {Better.HIGHER: -values, Better.LOWER: values, Better.ONE: np.abs(values - 1)}[better]


def rank(costs: np.ndarray) -> list[int]:
    """1 for the least, and so on; equal costs share a rank."""
    return [1 + int((costs < own).sum()) for own in costs]
