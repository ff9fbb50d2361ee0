"""Plots like the paper's fig. 8, 19 and 20: bars for methods, curves over a setting, with 95 % intervals over clips."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from fairy.lab.ablation.statistics import Mean
from fairy.lab.ablation.tables import Row, find
from fairy.lab.results.plots import new_figure, save_figure

WIDTH, HEIGHT = 3.4, 2.7
"""Inches of one panel."""
COLOURS = ("#4c72b0", "#dd8452", "#55a868", "#c44e52", "#8172b3", "#937860", "#da8bc3", "#8c8c8c")
FLOOR_STYLES = (("--", "#333333"), (":", "#777777"))
Panels = Sequence[tuple[str, str, str]]
"""What each panel shows: group, measure, title."""


def plot_bars(
    path: Path,
    rows: Sequence[Row],
    conditions: Sequence[str],
    panels: Panels,
    floors: Sequence[str] = (),
    title: str = "",
) -> None:
    """A bar for each condition in every panel; floors are lines across."""
    figure, axes = _panels(len(panels), title)
    for axis, (group, measure, name) in zip(axes, panels, strict=False):
        found = [(c, row.mean) for c in conditions if (row := find(rows, c, group, measure))]
        for place, (condition, mean) in enumerate(found):
            colour = COLOURS[conditions.index(condition) % len(COLOURS)]
            axis.bar(place, mean.value, color=colour, yerr=_whiskers([mean]), capsize=3, width=0.75)
        axis.set_xticks(range(len(found)), [_broken(condition) for condition, _ in found], fontsize=7)
        axis.set_title(name, fontsize=9)
        _draw_floors(axis, rows, floors, group, measure, from_zero=True)
    _explain(axes[0], floors)
    save_figure(figure, path)


def plot_curves(
    path: Path,
    rows: Sequence[Row],
    conditions: Mapping[int, str],
    panels: Panels,
    *,
    label: str,
    floors: Sequence[str] = (),
    title: str = "",
    from_zero: bool = True,
) -> None:
    """The measures over a setting, whose values `conditions` name, at even distances."""
    figure, axes = _panels(len(panels), title)
    for axis, (group, measure, name) in zip(axes, panels, strict=False):
        found = [(x, row.mean) for x, c in conditions.items() if (row := find(rows, c, group, measure))]
        means = [mean for _, mean in found]
        axis.errorbar(
            range(len(means)),
            [mean.value for mean in means],
            yerr=_whiskers(means),
            marker="o",
            capsize=3,
            color=COLOURS[0],
        )
        axis.set_xticks(range(len(found)), [str(x) for x, _ in found])
        axis.set_xlabel(label, fontsize=8)
        axis.set_title(name, fontsize=9)
        _draw_floors(axis, rows, floors, group, measure, from_zero)
    _explain(axes[0], floors)
    save_figure(figure, path)


def _panels(number: int, title: str) -> tuple[Any, list[Any]]:
    columns = min(number, 4)
    lines = math.ceil(number / columns)
    figure = new_figure(WIDTH * columns, HEIGHT * lines + 0.4)
    axes = figure.subplots(lines, columns, squeeze=False)
    figure.suptitle(title, fontsize=11)
    for spare in axes.flat[number:]:
        spare.set_visible(False)
    return figure, list(axes.flat)


def _draw_floors(
    axis: Any, rows: Sequence[Row], floors: Sequence[str], group: str, measure: str, from_zero: bool
) -> None:
    for floor, (style, colour) in zip(floors, FLOOR_STYLES, strict=False):
        if row := find(rows, floor, group, measure):
            axis.axhline(row.mean.value, linestyle=style, color=colour, linewidth=1, label=floor)
    axis.margins(y=0.15)
    if from_zero:
        low, high = axis.get_ylim()
        axis.set_ylim(0.0 if low > 0 or high > 5 * -low else low, high)
    axis.tick_params(labelsize=7)
    axis.spines[["top", "right"]].set_visible(False)


def _explain(axis: Any, floors: Sequence[str]) -> None:
    """What the lines across are: said once."""
    if floors:
        axis.legend(fontsize=7, loc="upper right", framealpha=0.6)


def _whiskers(means: Sequence[Mean]) -> list[list[float]]:
    """How far the interval reaches below and above."""
    return [[max(0.0, m.value - m.low) for m in means], [max(0.0, m.high - m.value) for m in means]]


def _broken(name: str) -> str:
    """A name in several lines, for the foot of a bar."""
    return name.replace(", ", ",\n").replace(" ", "\n", 1) if len(name) > 12 else name
