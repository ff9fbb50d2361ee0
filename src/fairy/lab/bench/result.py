"""A result on disk: DATE-bench-MACHINE.json, .md and .png. Each file appears whole or not at all."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from fairy.disk.whole import check_files, write_text
from fairy.errors import OutputError
from fairy.lab.bench import tables
from fairy.lab.bench.attention_forms import FormRow
from fairy.lab.bench.editor_cases import Measure
from fairy.lab.bench.floor import Floor
from fairy.lab.bench.profiling import Part
from fairy.lab.bench.sidebyside import Row


@dataclass
class Result:
    """What has been measured so far."""

    machine: dict[str, str]
    command: str
    settings: dict[str, Any]
    floor: Floor | None = None
    methods: list[Row] = field(default_factory=list)
    measures: list[Measure] = field(default_factory=list)
    attention: list[FormRow] = field(default_factory=list)
    profile: list[Part] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    complete: bool = False

    def record(self) -> dict[str, Any]:
        """For programs; rows also carry what follows from the numbers."""
        derived = ("frames_per_second", "flops", "times_floor")
        rows = [asdict(row) | {name: getattr(row, name) for name in derived} for row in self.methods]
        return asdict(self) | {"methods": rows}


def paths_of(stem: Path) -> dict[str, Path]:
    """The files of a result by what they are."""
    return {name: stem.with_name(f"{stem.name}.{suffix}") for name, suffix in (("table", "md"), ("json", "json"))}


def chart_of(stem: Path) -> Path:
    """The picture beside them."""
    return stem.with_name(f"{stem.name}.png")


def check_result(stem: Path, overwrite: bool) -> None:
    """Refuse, before any work, names that are taken, and make the folder."""
    check_files(stem.parent, [path.name for path in (*paths_of(stem).values(), chart_of(stem))], overwrite)
    try:
        stem.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{stem.parent} cannot be made: {error.strerror or error}. Choose another folder.") from error


def write_result(stem: Path, result: Result) -> None:
    """The JSON and the table; again whenever a case is done, so that a run that is stopped keeps what it has."""
    paths = paths_of(stem)
    write_text(paths["json"], json.dumps(result.record(), indent=2) + "\n")
    write_text(paths["table"], as_markdown(result))


def as_markdown(result: Result) -> str:
    """The page."""
    machine = result.machine
    facts = ", ".join(f"{name} {value}" for name, value in machine.items())
    about = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in result.settings.items())
    parts = [
        f"# Speed and memory, measured on {machine['date']}",
        f"Command: `{result.command}`. {facts}. {about}; medians of the repeats after one warm-up, seed 0."
        " docs/lab/benchmarks.md says how to read this.",
    ]
    if not result.complete:
        parts.append("**The run was stopped before the end: what follows is what it had measured.**")
    if result.floor:
        parts.append(f"## The floor\n\n{tables.floor_text(result.floor)}")
    if result.methods:
        parts.append(f"## Methods side by side\n\n{tables.methods_text(result.methods)}")
    if result.profile:
        parts.append(f"## Where the time of one micro-batch goes\n\n{tables.profile_text(result.profile)}")
    if result.attention:
        parts.append(f"## Reading the anchors, milliseconds a call\n\n{tables.attention_text(result.attention)}")
    if result.measures:
        parts.append(f"## The editor alone\n\n{tables.measures_text(result.measures)}")
    parts.extend(f"- {note}" for note in result.notes)
    return "\n\n".join(parts) + "\n"
