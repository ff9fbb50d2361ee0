"""From finished cells to means over clips, as CSV, Markdown and plots like the fig. 8, 19 and 20 of the paper."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from fairy.lab.results.ledger import Record
from fairy.lab.results.plots import BLUE, COLOURS, FAINT, INK, new_panels, save_figure, tidy
from fairy.lab.results.statistics import Mean, mean_difference, mean_over_clips
from fairy.lab.results.tables import as_csv, as_markdown

Values = dict[tuple[str, str, str], dict[int | str, float]]
"""By condition, group and measure: one number a clip, the mean over the group's edits of it."""
HEADS = (
    *("condition", "group", "measure", "mean", "low", "high", "clips"),
    *("difference_from_base", "difference_low", "difference_high"),
)


@dataclass(frozen=True)
class MeanRow:
    """One number of the result."""

    condition: str
    group: str
    measure: str
    mean: Mean
    difference: Mean | None = None
    """From the base, over the clips that both have. None for the base itself, or where there is no base."""


def collect_values(records: Iterable[Record], groups: Mapping[str, Sequence[str]]) -> Values:
    """The values of all cells; `groups` has the edits of each group, which may overlap."""
    cells: dict[tuple[str, str, str], dict[int | str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for record in records:
        for group, edits in groups.items():
            if record["edit"] in edits:
                for measure, value in record["values"].items():
                    cells[record["condition"], group, measure][record["clip"]].append(value)
    return {key: {clip: sum(of) / len(of) for clip, of in clips.items()} for key, clips in cells.items()}


def mean_rows(values: Values, base: str | None) -> list[MeanRow]:
    """A row for everything that was collected."""
    rows = []
    for (condition, group, measure), clips in values.items():
        reference = values.get((base, group, measure)) if base and condition != base else None
        difference = mean_difference(clips, reference) if reference else None
        if (mean := mean_over_clips(clips)) is not None:
            rows.append(MeanRow(condition, group, measure, mean, difference))
    return rows


def align_rows(rows: Sequence[MeanRow], base: str) -> list[MeanRow]:
    """The rows, those of fewer clips than the base moved by what the base has less on these clips than on all.

    So they stand beside one another as if all were done for the same clips.
    """
    whole = {(row.group, row.measure): row.mean for row in rows if row.condition == base}
    moved = []
    for row in rows:
        reference = whole.get((row.group, row.measure))
        if reference and row.difference and row.mean.num_clips < reference.num_clips:
            shift = reference.value + row.difference.value - row.mean.value
            mean = replace(row.mean, **{name: getattr(row.mean, name) + shift for name in ("value", "low", "high")})
            row = replace(row, mean=mean)
        moved.append(row)
    return moved


def find_row(rows: Iterable[MeanRow], condition: str, group: str, measure: str) -> MeanRow | None:
    """The row of one number."""
    return next((r for r in rows if (r.condition, r.group, r.measure) == (condition, group, measure)), None)


def rows_csv(rows: Sequence[MeanRow]) -> str:
    """All rows; an interval is that of 95 % over clips."""
    lines = []
    for row in rows:
        mean, apart = row.mean, row.difference
        difference = (apart.value, apart.low, apart.high) if apart else (None,) * 3
        about = (row.condition, row.group, row.measure)
        lines.append([*about, mean.value, mean.low, mean.high, mean.num_clips, *difference])
    return as_csv(HEADS, lines)


def means_table(
    rows: Sequence[MeanRow],
    conditions: Sequence[str],
    group: str,
    measures: Mapping[str, str],
    *,
    heading: str,
    differing: bool = False,
) -> str:
    """A table with a line a condition and a column a measure: mean and interval. `measures` are titles by name.

    If `differing`, the differences from the base instead; bold where the interval leaves out 0.
    """
    shown: dict[tuple[str, str], Mean | None] = {
        (row.condition, row.measure): row.difference if differing else row.mean for row in rows if row.group == group
    }
    measured = [name for name in measures if any(shown.get((condition, name)) for condition in conditions)]
    lines = []
    for condition in conditions:
        means = [shown.get((condition, name)) for name in measured]
        if any(means):
            cells = ["" if mean is None else _signed(mean) if differing else str(mean) for mean in means]
            lines.append([condition, *cells])
    return as_markdown([heading, *(measures[name] for name in measured)], lines)


def _signed(mean: Mean) -> str:
    text = f"{mean.value:+.3g} ({mean.low:+.3g} to {mean.high:+.3g})"
    return f"**{text}**" if mean.low > 0 or mean.high < 0 else text


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
