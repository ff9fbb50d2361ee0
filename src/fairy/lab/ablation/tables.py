"""From finished cells to rows, as CSV and Markdown: means over clips for each condition, group of edits and measure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from fairy.lab.results.ledger import Record
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
