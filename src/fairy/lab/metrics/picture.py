"""Scores as pictures: one clip's measures over time with its least steady steps; methods beside each other."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from fairy.lab.metrics.comparison import Comparison, Standing
from fairy.lab.metrics.scores import BY_KEY, Better, Metric, Scores
from fairy.lab.results.plots import ORANGE as EDIT
from fairy.lab.results.plots import SLATE as SOURCE
from fairy.lab.results.plots import YELLOW, new_figure, new_panels, save_figure, tidy

HEADLINES = ("tem_con", "frame_acc", "warp_error", "flicker", "ssim", "motion_kept")
CHARTS = (
    ("warp error, levels", "warp_error", "warp_error_source"),
    ("CLIP cosine to the next frame", "tem_con", "tem_con_source"),
    ("CLIP cosine to the target prompt", "clip_text", None),
    ("flicker, levels a second", "flicker", "flicker_source"),
    ("motion, pixels a frame", "motion", "motion_source"),
    ("edges", "edges", None),
    ("SSIM of luma", "ssim", None),
)
"""Title, and the series of the edit and of the source; those that were not measured are left out."""
FROM_ZERO = ("warp_error", "flicker", "motion")


def draw_scores(scores: Scores, path: Path, *, title: str) -> None:
    """Write the picture of one clip."""
    charts = [chart for chart in CHARTS if np.isfinite(scores.series.get(chart[1], np.nan)).any()]
    num_lines = (len(charts) + 2) // 2  # two a line, and the spectrum
    num_worst_lines = (len(scores.worst) + 1) // 2
    values = ((BY_KEY[key], scores[key]) for key in HEADLINES)
    headline = "   ".join(f"{metric.title} {metric.show(value)}" for metric, value in values if value is not None)
    figure = new_figure(12, 1.9 * num_lines + 1.8 * num_worst_lines + 0.8, f"{title}\n{headline}")
    parts: list[Any] = [figure]
    if scores.worst:
        heights = [1.9 * num_lines, 1.8 * num_worst_lines]
        parts = list(figure.subfigures(2, 1, height_ratios=heights, squeeze=False).ravel())
        _draw_worst(parts[1], scores, num_worst_lines)
    grid = parts[0].subplots(num_lines, 2, squeeze=False).ravel()
    for axes, (name, edited, source) in zip(grid, charts, strict=False):
        _draw_series(axes, scores, name, edited, source)
    _draw_spectrum(grid[len(charts)], scores)
    for axes in grid[len(charts) + 1 :]:
        axes.axis("off")
    save_figure(figure, path)


def draw_comparison(comparison: Comparison, path: Path, *, title: str) -> None:
    """Write the picture of methods: a panel for each metric that ranks, a dot and its interval for each method."""
    ranked = [key for key in comparison.standings if BY_KEY[key].better is not Better.NONE]
    size = (4, 0.9 + 0.28 * len(comparison.methods))
    figure, panels = new_panels(len(ranked), 3, size, title)
    for number, (axes, key) in enumerate(zip(panels, ranked, strict=True)):
        names = comparison.methods if number % 3 == 0 else ("",) * len(comparison.methods)
        _draw_standings(axes, BY_KEY[key], [comparison.standings[key][method] for method in comparison.methods], names)
    save_figure(figure, path)


def _draw_standings(axes: Any, metric: Metric, standings: list[Standing], names: tuple[str, ...]) -> None:
    """One panel; the best method's dot is the strong one."""
    for y, standing in enumerate(standings):
        colour = EDIT if standing.rank == 1 else SOURCE
        axes.plot([standing.low, standing.high], [y, y], color=colour, lw=2)
        axes.plot(standing.mean, y, "o", color=colour, ms=6)
    if metric.better is Better.ONE:
        axes.axvline(1, color="black", lw=0.8, ls=":")
    unit = f", {metric.unit}" if metric.unit else ""
    tidy(axes, f"{metric.title}{unit}: {metric.better.value} is better", grid="x")
    axes.set_yticks(range(len(standings)), names)
    axes.set_ylim(len(standings) - 0.5, -0.5)


def _draw_series(axes: Any, scores: Scores, name: str, edited: str, source: str | None) -> None:
    frames = np.arange(scores.num_frames)
    style = {"lw": 1, "marker": "." if scores.num_frames < 60 else None, "ms": 4}
    if source:
        axes.plot(frames, scores.series[source], color=SOURCE, label="source", **style)
    axes.plot(frames, scores.series[edited], color=EDIT, label="edit", **style)
    for step in scores.worst:
        axes.axvline(step.index, color=YELLOW, lw=2, alpha=0.5, zorder=0)
    _finish_chart(axes, name, "frame")
    axes.xaxis.get_major_locator().set_params(integer=True)
    if edited in FROM_ZERO:
        axes.set_ylim(bottom=0)


def _draw_spectrum(axes: Any, scores: Scores) -> None:
    for spectrum, colour, label in ((scores.spectrum_source, SOURCE, "source"), (scores.spectrum, EDIT, "edit")):
        axes.plot(spectrum.hertz, spectrum.levels, color=colour, lw=1, marker=".", ms=3, label=label)
    _finish_chart(axes, "spectrum of the flicker: amplitude, levels", "Hz")


def _finish_chart(axes: Any, title: str, x: str) -> None:
    tidy(axes, title, grid="both")
    axes.set_xlabel(x, fontsize=8, labelpad=1)
    axes.margins(x=0.01)
    if len(axes.get_legend_handles_labels()[1]) > 1:
        axes.legend(fontsize=7, loc="best", frameon=False)


def _draw_worst(figure: Any, scores: Scores, num_lines: int) -> None:
    """The least steady steps, two a line: both frames, and what changed along the motion."""
    grid = figure.subplots(num_lines, 6, squeeze=False).reshape(-1, 3)
    for row, step in zip(grid, scores.worst, strict=False):
        heads = (f"frame {step.index}", f"frame {step.index + 1}", f"{step.excess:+.2f} beside the source")
        for axes, picture, head in zip(row, step.pictures, heads, strict=True):
            axes.imshow(picture)
            axes.set_title(head, fontsize=8)
    for axes in grid.ravel():
        axes.axis("off")
    figure.suptitle(
        "The least steady steps, yellow above: both frames, and what changed beyond the motion, 4 times as strong",
        fontsize=10,
    )
