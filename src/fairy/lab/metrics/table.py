"""Scores as text: tables for a terminal, CSV for other programs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from rich.table import Table

from fairy.lab.metrics.comparison import Comparison, Standing
from fairy.lab.metrics.scores import BY_KEY, METRICS, Better, Metric, Scores
from fairy.lab.results.tables import as_csv


def scores_table(scores: Scores) -> Table:
    """What was measured of one clip, a line each."""
    table = Table("", "metric", "value", "unit", "better is", box=None, pad_edge=False)
    table.columns[2].justify = "right"
    group = ""
    for metric in METRICS:
        if (value := scores[metric.key]) is not None:
            new = metric.group if metric.group != group else ""
            table.add_row(new, metric.title, metric.show(value), metric.unit, metric.better.value)
            group = metric.group
    return table


def comparison_table(comparison: Comparison) -> Table:
    """Metrics down, methods across: the mean and its confidence, the best one of each line with a star."""
    table = Table("metric", *comparison.methods, "better is", box=None, pad_edge=False)
    for key, standings in comparison.standings.items():
        metric = BY_KEY[key]
        cells = [in_words(metric, standings[method], len(comparison.methods)) for method in comparison.methods]
        unit = f" ({metric.unit})" if metric.unit else ""
        table.add_row(metric.title + unit, *cells, metric.better.value)
    if len(comparison.methods) > 1 and comparison.mean_ranks:
        ranks = comparison.mean_ranks
        table.add_row("mean of the ranks", *(f"{ranks[method]:.2f}" for method in comparison.methods), "lower")
    return table


def in_words(metric: Metric, standing: Standing, num_methods: int) -> str:
    """0.974 ±0.005 *: half the interval's width; its ends, which need not be as far, are in the CSV."""
    star = " *" if num_methods > 1 and standing.rank == 1 else ""
    return f"{metric.show(standing.mean)} ±{metric.show((standing.high - standing.low) / 2)}{star}"


def series_csv(scores: Scores) -> str:
    """A line for each frame; what belongs to a step stands with the frame it starts from."""
    names = list(scores.series)
    columns = np.stack([scores.series[name] for name in names], axis=1)
    rows = ([t, t / scores.fps, *map(float, columns[t])] for t in range(scores.num_frames))
    return as_csv(["frame", "seconds", *names], rows)


def comparison_csv(comparison: Comparison) -> str:
    """A line for each metric and method."""
    heads = ["metric", "method", "mean", "low", "high", "rank", "best_share", "num_tasks", "better"]
    rows: list[Sequence[object]] = []
    for key, standings in comparison.standings.items():
        better = BY_KEY[key].better
        for method, s in standings.items():
            row = [key, method, s.mean, s.low, s.high, s.rank, s.best_share, s.num_tasks]
            rows.append([*row, "" if better is Better.NONE else better.value])
    return as_csv(heads, rows)
