"""Tables as text: CSV for programs, Markdown for people."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

NONE = "–"


def as_csv(heads: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    """Numbers with six digits that count, nothing for None and NaN."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(heads)
    writer.writerows([[_cell(value) for value in row] for row in rows])
    return text.getvalue()


def as_markdown(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table with a line a row, without an end of the last line."""
    return "\n".join(f"| {' | '.join(line)} |" for line in (heads, ["---"] * len(heads), *rows))


def number(value: float | None, form: str, scale: float = 1.0) -> str:
    """A scaled number in the form that `format` takes, or a dash."""
    return NONE if value is None else format(value * scale, form)


def _cell(value: object) -> object:
    if value is None or (isinstance(value, float) and value != value):
        return ""
    return f"{value:.6g}" if isinstance(value, float) else value
