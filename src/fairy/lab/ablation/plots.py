"""Plots like the paper's fig. 8, 19 and 20: bars for methods, curves over a setting, with 95 % intervals over clips."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from fairy.lab.ablation.tables import MeanRow, find_row
from fairy.lab.results.plots import BLUE, COLOURS, FAINT, INK, new_panels, save_figure, tidy
from fairy.lab.results.statistics import Mean

PANEL = (3.4, 2.7)
"""Inches."""
FLOOR_STYLES = (("--", INK), (":", FAINT))
Panels = Sequence[tuple[str, str, str]]
"""What each panel shows: group, measure, title."""


def plot_bars(
    path: Path,
    rows: Sequence[MeanRow],
    conditions: Sequence[str],
    panels: Panels,
    floors: Sequence[str] = (),
    title: str = "",
) -> None:
    """A bar for each condition in every panel; floors are lines across."""
    figure, axes = new_panels(len(panels), 4, PANEL, title)
    for axis, (group, measure, name) in zip(axes, panels, strict=True):
        found = [(c, row.mean) for c in conditions if (row := find_row(rows, c, group, measure))]
        for place, (condition, mean) in enumerate(found):
            colour = COLOURS[conditions.index(condition) % len(COLOURS)]
            axis.bar(place, mean.value, color=colour, yerr=_whiskers([mean]), capsize=3, width=0.75)
        _finish_panel(axis, name, rows, floors, group, measure, from_zero=True)
        axis.set_xticks(range(len(found)), [_broken(condition) for condition, _ in found], fontsize=7)
    _explain(axes[0], floors)
    save_figure(figure, path)


def plot_curves(
    path: Path,
    rows: Sequence[MeanRow],
    conditions: Mapping[int, str],
    panels: Panels,
    *,
    label: str,
    floors: Sequence[str] = (),
    title: str = "",
    from_zero: bool = True,
) -> None:
    """The measures over a setting, whose values `conditions` name, at even distances."""
    figure, axes = new_panels(len(panels), 4, PANEL, title)
    for axis, (group, measure, name) in zip(axes, panels, strict=True):
        found = [(x, row.mean) for x, c in conditions.items() if (row := find_row(rows, c, group, measure))]
        means = [mean for _, mean in found]
        heights = [mean.value for mean in means]
        axis.errorbar(range(len(means)), heights, yerr=_whiskers(means), marker="o", capsize=3, color=BLUE)
        _finish_panel(axis, name, rows, floors, group, measure, from_zero)
        axis.set_xticks(range(len(found)), [str(x) for x, _ in found])
        axis.set_xlabel(label, fontsize=8)
    _explain(axes[0], floors)
    save_figure(figure, path)


def _finish_panel(
    axis: Any, title: str, rows: Sequence[MeanRow], floors: Sequence[str], group: str, measure: str, from_zero: bool
) -> None:
    """Title, lines across, limits."""
    tidy(axis, title, size=7)
    for floor, (style, colour) in zip(floors, FLOOR_STYLES, strict=False):
        if row := find_row(rows, floor, group, measure):
            axis.axhline(row.mean.value, linestyle=style, color=colour, linewidth=1, label=floor)
    axis.margins(y=0.15)
    if from_zero:
        low, high = axis.get_ylim()
        axis.set_ylim(0.0 if low > 0 or high > 5 * -low else low, high)


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
