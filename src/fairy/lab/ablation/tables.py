"""From finished cells to rows, as CSV and Markdown: means over clips for each condition, group of edits and measure."""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from fairy.lab.ablation.statistics import Mean, mean_difference, mean_over_clips
from fairy.lab.results.ledger import Record

Values = dict[tuple[str, str, str], dict[int | str, float]]
"""By condition, group and measure: one number a clip, the mean over the group's edits of it."""


HEADS = (
    *("condition", "group", "measure", "mean", "low", "high", "clips"),
    *("difference_from_base", "difference_low", "difference_high"),
)


@dataclass(frozen=True)
class Row:
    """One number of the result."""

    condition: str
    group: str
    measure: str
    mean: Mean
    difference: Mean | None
    """From the base, over the clips that both have. None for the base itself, or where there is no base."""


def collect(records: Iterable[Record], groups: Mapping[str, Sequence[str]]) -> Values:
    """The values of all cells; `groups` has the edits of each group, which may overlap."""
    cells: dict[tuple[str, str, str], dict[int | str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for record in records:
        for group, edits in groups.items():
            if record["edit"] in edits:
                for measure, value in record["values"].items():
                    cells[record["condition"], group, measure][record["clip"]].append(value)
    return {key: {clip: sum(of) / len(of) for clip, of in clips.items()} for key, clips in cells.items()}


def rows_of(values: Values, base: str | None) -> list[Row]:
    """A row for everything that was collected."""
    rows = []
    for (condition, group, measure), clips in values.items():
        reference = values.get((base, group, measure)) if base and condition != base else None
        difference = mean_difference(clips, reference) if reference else None
        if (mean := mean_over_clips(clips)) is not None:
            rows.append(Row(condition, group, measure, mean, difference))
    return rows


def aligned(rows: Sequence[Row], base: str) -> list[Row]:
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


def find(rows: Iterable[Row], condition: str, group: str, measure: str) -> Row | None:
    """The row of one number."""
    return next((r for r in rows if (r.condition, r.group, r.measure) == (condition, group, measure)), None)


def as_csv(rows: Sequence[Row]) -> str:
    """All rows; an interval is that of 95 % over clips."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(HEADS)
    for row in rows:
        difference = row.difference
        numbers = [f"{number:.6g}" for number in (row.mean.value, row.mean.low, row.mean.high)]
        apart = [f"{n:.6g}" for n in (difference.value, difference.low, difference.high)] if difference else [""] * 3
        writer.writerow([row.condition, row.group, row.measure, *numbers, row.mean.num_clips, *apart])
    return text.getvalue()


def as_markdown(
    rows: Sequence[Row], conditions: Sequence[str], group: str, measures: Mapping[str, str], *, heading: str
) -> str:
    """A table with a line a condition and a column a measure: mean and interval. `measures` are titles by name."""
    shown = [name for name in measures if any(find(rows, c, group, name) for c in conditions)]
    lines = [f"| {heading} | {' | '.join(measures[name] for name in shown)} |", "| --- |" + " --- |" * len(shown)]
    for condition in conditions:
        found = [find(rows, condition, group, name) for name in shown]
        if any(found):
            lines.append(f"| {condition} | {' | '.join(str(row.mean) if row else '' for row in found)} |")
    return "\n".join(lines)


def differences_as_markdown(
    rows: Sequence[Row], conditions: Sequence[str], group: str, measures: Mapping[str, str], *, heading: str
) -> str:
    """As `as_markdown`, but the differences from the base; bold where the interval leaves out 0."""
    differing = [
        Row(row.condition, row.group, row.measure, row.difference, None) for row in rows if row.difference is not None
    ]
    shown = [name for name in measures if any(find(differing, c, group, name) for c in conditions)]
    lines = [f"| {heading} | {' | '.join(measures[name] for name in shown)} |", "| --- |" + " --- |" * len(shown)]
    for condition in conditions:
        found = [find(differing, condition, group, name) for name in shown]
        if any(found):
            lines.append(f"| {condition} | {' | '.join(_signed(row.mean) if row else '' for row in found)} |")
    return "\n".join(lines)


def _signed(mean: Mean) -> str:
    text = f"{mean.value:+.3g} ({mean.low:+.3g} to {mean.high:+.3g})"
    return f"**{text}**" if mean.low > 0 or mean.high < 0 else text
