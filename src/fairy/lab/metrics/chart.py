"""Methods beside each other as a picture: a panel for each metric, a dot and its interval for each method."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fairy.lab.metrics.catalog import BY_KEY, Better, Metric
from fairy.lab.metrics.picture import EDIT, SOURCE
from fairy.lab.metrics.statistics import Comparison, Standing
from fairy.lab.results.plots import new_figure, save_figure

COLUMNS = 3


def draw_comparison(comparison: Comparison, path: Path, *, title: str) -> None:
    """Write the picture. Only metrics that rank are in it."""
    ranked = [key for key in comparison.standings if BY_KEY[key].better is not Better.NONE]
    num_lines = max(1, -(-len(ranked) // COLUMNS))
    height = 0.9 + 0.28 * len(comparison.methods)
    figure = new_figure(12, num_lines * height + 0.7)
    figure.suptitle(title, fontsize=11)
    grid = figure.subplots(num_lines, COLUMNS, squeeze=False)
    for number, axes in enumerate(grid.ravel()):
        if number < len(ranked):
            key = ranked[number]
            names = comparison.methods if number % COLUMNS == 0 else ()
            _draw(axes, BY_KEY[key], [comparison.standings[key][method] for method in comparison.methods], names)
        else:
            axes.axis("off")
    save_figure(figure, path)


def _draw(axes: Any, metric: Metric, standings: list[Standing], names: tuple[str, ...]) -> None:
    """One panel; the best method's dot is the strong one."""
    for y, standing in enumerate(standings):
        colour = EDIT if standing.rank == 1 else SOURCE
        axes.plot([standing.low, standing.high], [y, y], color=colour, lw=2)
        axes.plot(standing.mean, y, "o", color=colour, ms=6)
    if metric.better is Better.ONE:
        axes.axvline(1, color="black", lw=0.8, ls=":")
    unit = f", {metric.unit}" if metric.unit else ""
    axes.set_title(f"{metric.title}{unit}: {metric.better.value} is better", fontsize=9, loc="left")
    axes.set_yticks(range(len(standings)), names or [""] * len(standings), fontsize=8)
    axes.set_ylim(len(standings) - 0.5, -0.5)
    axes.tick_params(axis="x", labelsize=8)
    axes.grid(axis="x", alpha=0.25)
