"""What is known of edited videos: from their own recipes, and from what `fairy lab eval` has written beside them.

Metrics are read from tables with a column `edited` (`fairy lab eval --table`), and for NAME.mp4 from NAME/scores.json
(`fairy lab eval -o NAME`) or NAME.json.
"""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import takewhile
from pathlib import Path
from typing import Any

from fairy.disk.hashes import hash_file
from fairy.errors import MediaError
from fairy.jobs.recipe import info as read_info
from fairy.lab.metrics.scores import METRICS, Better
from fairy.report import Report

VIDEO_SUFFIXES = {".mp4", ".mov", ".mkv", ".webm", ".gif", ".avi", ".m4v"}
FILE_COLUMN, SCORES = "edited", "scores.json"


def list_edits(folder: Path, output: Path, report: Report) -> Iterator[tuple[Path, dict[str, Any]]]:
    """The videos that carry a recipe, with it, in the order of their names."""
    for path in sorted(folder.rglob("*")):
        inner = path.relative_to(folder).parts
        hidden = any(part.startswith(".") or part.endswith(".fairy") for part in inner)
        if hidden or path.suffix.lower() not in VIDEO_SUFFIXES or output.absolute() in path.absolute().parents:
            continue
        try:
            yield path, read_info(path)
        except MediaError as error:
            report.note(f"left out: {error}")


def by_source(found: Iterable[tuple[Path, dict[str, Any]]]) -> list[list[tuple[Path, dict[str, Any]]]]:
    """The edits of one source together, by its content."""
    groups: dict[str, list[tuple[Path, dict[str, Any]]]] = {}
    for path, recipe in found:
        groups.setdefault(recipe["source_hash"], []).append((path, recipe))
    return list(groups.values())


def find_source(recipe: Mapping[str, Any], places: Iterable[Path]) -> Path | None:
    """The source of a recipe: a file, or folder of pictures, of its name, and for a file of its content."""
    name = Path(recipe["source"]).name
    candidates = [place if place.name == name else place / name for place in places]
    for path in candidates:
        if path.is_dir() or (path.is_file() and hash_file(path) == recipe["source_hash"]):
            return path
    return None


def describe_settings(recipe: Mapping[str, Any]) -> tuple[str, ...]:
    """The settings in words."""
    settings = recipe["settings"]
    anchors = sum(len(shot[2]) for shot in recipe["shots"]) if isinstance(recipe["shots"], list) else 0
    shots = len(recipe["shots"]) if isinstance(recipe["shots"], list) else recipe["shots"]
    return (
        Path(recipe["model"]).name,
        "{}x{}".format(*recipe["size"]),
        f"{anchors} anchor" + ("s" if anchors != 1 else "") + (f" in {shots} shots" if shots > 1 else ""),
        f"{settings['num_steps']} steps",
        f"text {settings['text_guidance']:g}",
        f"image {settings['image_guidance']:g}",
        *([f"anchor strength {settings['anchor_strength']:g}"] if settings["anchor_strength"] != 1 else []),
        f"seed {settings['seed']}",
        *(["partly redone"] if recipe["redone"] else []),
    )


def read_tables(folder: Path) -> list[tuple[Path, dict[str, Any]]]:
    """The rows of all tables that tell an edited file, with its path as it stands there."""
    rows = []
    for path in sorted(folder.rglob("*.csv")):
        with path.open(newline="", encoding="utf-8-sig", errors="replace") as file:
            rows += [(Path(row[FILE_COLUMN]), dict(row)) for row in csv.DictReader(file) if row.get(FILE_COLUMN)]
    return rows


def choose_metrics(path: Path, tables: Sequence[tuple[Path, Mapping[str, Any]]]) -> tuple[tuple[str, str], ...]:
    """(name, value) of what was measured of an edit and says how good it is, as it is shown."""
    own = [(agreement(path, named), row) for named, row in tables if named.name == path.name]
    values = dict(max(own, key=lambda each: each[0])[1]) if own else {}
    for beside in (path.with_suffix(".json"), path.with_suffix("") / SCORES):
        values |= read_object(beside) if beside.is_file() else {}
    return metrics_in_words(values)


def metrics_in_words(values: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """(name, value) of all metrics that say how good an edit is, as far as they were measured."""
    numbers = {metric: number(values.get(metric.key)) for metric in METRICS if metric.better is not Better.NONE}
    return tuple(
        (metric.title.strip(), f"{metric.show(value)} {metric.unit}".strip())
        for metric, value in numbers.items()
        if value is not None
    )


def agreement(path: Path, named: Path) -> int:
    """How many parts of two paths agree, from the end: tells ours/a.mp4 from theirs/a.mp4."""
    pairs = zip(reversed(path.absolute().parts), reversed(named.parts), strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


def read_object(path: Path) -> dict[str, Any]:
    """A JSON object in a file. MediaError where it is none."""
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except (ValueError, TypeError) as error:
        raise MediaError(f"{path} is not what `fairy lab eval` writes ({error}). Move it away.") from error


def number(value: Any) -> float | None:
    """A finite number, or None."""
    try:
        read = float(value)
    except (TypeError, ValueError):
        return None
    return read if math.isfinite(read) else None
