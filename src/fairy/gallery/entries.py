"""What is known of edited videos: from their own recipes, and from what `fairy eval` has written beside them.

Metrics are read from NAME.json for NAME.mp4, and from CSV tables with a column `edited` and the metrics' keys.
"""

from __future__ import annotations

import csv
import hashlib
import json
import math
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from fairy.errors import MediaError
from fairy.metrics.catalog import METRICS, Better
from fairy.recipe import info as read_info
from fairy.report import Report

VIDEO_SUFFIXES = {".mp4", ".mov", ".mkv", ".webm", ".gif", ".avi", ".m4v"}
FILE_COLUMNS = ("edited", "output", "video", "file")
BLOCK = 1 << 20


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
        if path.is_dir() or (path.is_file() and digest(path) == recipe["source_hash"]):
            return path
    return None


def digest(path: Path) -> str:
    """BLAKE2b of a file's bytes, as recipes have it."""
    whole = hashlib.blake2b(digest_size=16)
    with path.open("rb") as stream:
        while block := stream.read(BLOCK):
            whole.update(block)
    return whole.hexdigest()


def describe(recipe: Mapping[str, Any]) -> tuple[str, ...]:
    """The settings in words."""
    settings = recipe["settings"]
    anchors = sum(len(shot[2]) for shot in recipe["shots"]) if isinstance(recipe["shots"], list) else 0
    shots = len(recipe["shots"]) if isinstance(recipe["shots"], list) else recipe["shots"]
    return (
        Path(recipe["model"]).name,
        "{}x{}".format(*recipe["size"]),
        f"{anchors} anchors" + (f" in {shots} shots" if shots > 1 else ""),
        f"{settings['num_steps']} steps",
        f"text {settings['text_guidance']:g}",
        f"image {settings['image_guidance']:g}",
        *([f"anchor strength {settings['anchor_strength']:g}"] if settings["anchor_strength"] != 1 else []),
        f"seed {settings['seed']}",
        *(["partly redone"] if recipe["redone"] else []),
    )


def read_metrics(folder: Path) -> dict[str, dict[str, Any]]:
    """What was measured, by the name of the edited file."""
    found: dict[str, dict[str, Any]] = {}
    for path in sorted(folder.rglob("*.csv")):
        with path.open(newline="", encoding="utf-8-sig") as file:
            for row in csv.DictReader(file):
                name = next((row[column] for column in FILE_COLUMNS if row.get(column)), "")
                found.setdefault(Path(name).name, {}).update(row)
    return found


def choose_metrics(path: Path, tables: Mapping[str, Mapping[str, Any]]) -> tuple[tuple[str, str], ...]:
    """The metrics of an edit, as they are shown: those that say how good it is."""
    beside = path.with_suffix(".json")
    values = dict(tables.get(path.name, {}))
    if beside.is_file():
        try:
            values |= json.loads(beside.read_text(encoding="utf-8"))
        except (ValueError, TypeError) as error:
            raise MediaError(f"{beside} is not what `fairy eval --json` prints ({error}). Move it away.") from error
    numbers = {metric: number(values.get(metric.key)) for metric in METRICS if metric.better is not Better.NONE}
    return tuple(
        (metric.title, f"{value:.{metric.digits}f} {metric.unit}".strip())
        for metric, value in numbers.items()
        if value is not None
    )


def number(value: Any) -> float | None:
    """A finite number, or None."""
    try:
        read = float(value)
    except (TypeError, ValueError):
        return None
    return read if math.isfinite(read) else None
