"""Tables that users write: CSV with a header, or JSON lines. Read alike everywhere, and refused in one line."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from fairy.errors import UsageError

SUFFIXES = (".csv", ".jsonl")


def read_rows(
    path: Path, columns: Sequence[str], *, needed: Sequence[str], option: str = "", strict: bool = False
) -> list[tuple[str, dict[str, str]]]:
    """Each row with the place it stands at ("table.csv, line 2"); what is left empty or out is an empty text.

    `option` stands before the file's name in what is said of it. Names of columns are read in small letters with
    underscores; all texts without the white space around them. Raises UsageError where the file cannot be read or has
    no row, where a `needed` column is not there or empty in a row, where a value is no text, and, if `strict`, where
    a column is none of `columns`; otherwise such are kept.
    """
    name = f"{option} {path}".strip()
    if path.suffix.lower() not in SUFFIXES:
        raise UsageError(f"{name}: must be a .csv with a header or a .jsonl file")
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text in UTF-8"
        raise UsageError(f"{name}: cannot be read ({reason})") from error
    found = (_read_csv if path.suffix.lower() == ".csv" else _read_json_lines)(name, text)
    rows = [(where, _as_texts(where, row)) for where, row in found]
    for where, row in rows:
        if empty := [each for each in needed if not row.get(each)]:
            raise UsageError(f"{where}: there is no {empty[0]}; the columns are {', '.join(columns)}")
        if strict and (strange := [each for each in row if each not in columns]):
            raise UsageError(f"{where}: {strange[0]}: the columns are {', '.join(columns)}")
    if not rows:
        raise UsageError(f"{name}: holds no row; the columns are {', '.join(columns)}")
    return [(where, dict.fromkeys(columns, "") | row) for where, row in rows]


def _read_csv(name: str, text: str) -> Iterator[tuple[str, Iterable[tuple[object, object]]]]:
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    try:
        for row in reader:
            yield f"{name}, line {reader.line_num}", row.items()
    except csv.Error as error:
        raise UsageError(f"{name}: is no table with commas ({error})") from error


def _read_json_lines(name: str, text: str) -> Iterator[tuple[str, Iterable[tuple[object, object]]]]:
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        where = f"{name}, line {number}"
        try:
            row = json.loads(line)
        except ValueError as error:
            raise UsageError(f"{where}: no JSON ({error})") from error
        if not isinstance(row, dict):
            raise UsageError(f'{where}: must be an object like {{"video": "a.mp4", "instruction": "make it night"}}')
        yield where, row.items()


def _as_texts(where: str, row: Iterable[tuple[object, object]]) -> dict[str, str]:
    texts: dict[str, str] = {}
    for column, value in row:
        if column is None:
            raise UsageError(f"{where}: there is a value too many")
        if not isinstance(value, str | None):
            raise UsageError(f"{where}: {column}: must be a text, not {json.dumps(value)}")
        texts[str(column).strip().lower().replace("-", "_")] = (value or "").strip()
    return texts
