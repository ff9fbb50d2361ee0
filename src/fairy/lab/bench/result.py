"""A result on disk: DATE-bench-MACHINE.json, .md and .png. Each file appears whole or not at all."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from fairy.disk.whole import check_files, write_text
from fairy.lab.bench import editor_cases
from fairy.lab.bench.attention_forms import FormRow
from fairy.lab.bench.editor_cases import EditorMeasure
from fairy.lab.bench.profiling import ProfilePart
from fairy.lab.bench.sidebyside import MethodRow
from fairy.lab.bench.timing import Floor
from fairy.lab.results.machine import in_words
from fairy.lab.results.plots import BLUE, GREY, INK, new_figure, save_figure, tidy
from fairy.lab.results.tables import NONE, as_markdown, number


@dataclass
class BenchResult:
    """What has been measured so far."""

    machine: dict[str, str]
    command: str
    settings: dict[str, Any]
    floor: Floor | None = None
    methods: list[MethodRow] = field(default_factory=list)
    measures: list[EditorMeasure] = field(default_factory=list)
    attention: list[FormRow] = field(default_factory=list)
    profile: list[ProfilePart] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    complete: bool = False

    def record(self) -> dict[str, Any]:
        """For programs; rows also carry what follows from the numbers."""
        derived = ("frames_per_second", "flops", "times_floor")
        rows = [asdict(row) | {name: getattr(row, name) for name in derived} for row in self.methods]
        return asdict(self) | {"methods": rows}


def paths_of(stem: Path) -> dict[str, Path]:
    """The files of a result by what they are."""
    suffixes = {"table": "md", "json": "json", "chart": "png"}
    return {name: stem.with_name(f"{stem.name}.{suffix}") for name, suffix in suffixes.items()}


def check_result(stem: Path, overwrite: bool) -> None:
    """Refuse, before any work, names that are taken, and a folder that cannot be written into."""
    check_files(stem.parent, [path.name for path in paths_of(stem).values()], overwrite)


def write_result(stem: Path, result: BenchResult) -> None:
    """The JSON and the table; again whenever a case is done, so that a run that is stopped keeps what it has."""
    paths = paths_of(stem)
    write_text(paths["json"], json.dumps(result.record(), indent=2) + "\n")
    write_text(paths["table"], as_page(result))


def as_page(result: BenchResult) -> str:
    """The page."""
    machine = result.machine
    about = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in result.settings.items())
    parts = [
        f"# Speed and memory, measured on {machine['date']}",
        f"Command: `{result.command}`. {in_words(machine)}. {about}; medians of the repeats after one warm-up, seed 0."
        " docs/lab/benchmarks.md says how to read this.",
    ]
    if not result.complete:
        parts.append("**The run was stopped before the end: what follows is what it had measured.**")
    sections: tuple[tuple[str, Any, Callable[[Any], str]], ...] = (
        ("The floor", result.floor, floor_text),
        ("Methods side by side", result.methods, methods_text),
        ("Where the time of one micro-batch goes", result.profile, profile_text),
        ("Reading the anchors, milliseconds a call", result.attention, attention_text),
        ("The editor alone", result.measures, measures_text),
    )
    parts.extend(f"## {title}\n\n{write(found)}" for title, found, write in sections if found)
    parts.extend(f"- {note}" for note in result.notes)
    return "\n\n".join(parts) + "\n"


METHOD_HEADS = ("method", "seconds", "frames/s", "peak memory, GiB", "TFLOP", "TFLOP/s", "times the floor")


def method_cells(row: MethodRow) -> list[str]:
    """A line on one method; why there is none where it failed."""
    return [
        row.method,
        row.failure or number(row.seconds, ".2f"),
        number(row.frames_per_second, ".2f"),
        number(row.peak_bytes, ".2f", 2**-30),
        number(row.operations, ".3g", 1e-12),
        number(row.flops, ".3g", 1e-12),
        number(row.times_floor, ".2f"),
    ]


def methods_text(rows: Sequence[MethodRow]) -> str:
    """A table for each model."""
    parts = []
    for model in dict.fromkeys(row.model for row in rows):
        own = [row for row in rows if row.model == model]
        first = own[0]
        width, height = first.size
        parts.append(
            f"### {model}: {first.num_frames} frames of {width}x{height}, {first.num_steps} steps\n\n"
            + as_markdown(METHOD_HEADS, [method_cells(row) for row in own])
        )
    return "\n\n".join(parts)


def floor_text(floor: Floor) -> str:
    """In words."""
    return (
        f"A product of two {floor.side} x {floor.side} matrices reaches {floor.flops / 1e12:.3g} TFLOP/s, a copy of"
        f" {floor.copied_bytes / 2**20:.0f} MiB moves {floor.bytes_per_second / 1e9:.3g} GB/s (read and written)."
        " The floor of a method is the time that its operations would take at the first rate."
    )


def measures_text(measures: Sequence[EditorMeasure]) -> str:
    """The four cases of the editor."""
    rows = [[m.model, m.case, f"{m.value:.3f}", m.target, m.detail] for m in measures]
    words = (editor_cases.__doc__ or "").split("\n\n", 1)[1].strip()
    return as_markdown(("model", "case", "ratio", "target", "what was measured"), rows) + f"\n\n```\n{words}\n```"


def attention_text(rows: Sequence[FormRow]) -> str:
    """Milliseconds of one call, a column for each form."""
    forms = list(dict.fromkeys(row.form for row in rows))
    by_shape: dict[tuple[str, str, str], dict[str, FormRow]] = {}
    for row in rows:
        layers = f"{row.num_layers} of {row.tokens} x {row.heads} x {row.head_dim}"
        by_shape.setdefault((row.model, layers, f"{row.num_frames}, {row.num_anchors}"), {})[row.form] = row
    lines = [
        [*shape, *(number(found[form].milliseconds if form in found else None, ".3f") for form in forms)]
        for shape, found in by_shape.items()
    ]
    differences = ", ".join(
        f"{form} {max(found):.2g}"
        for form in forms
        if (found := [row.difference for row in rows if row.form == form and row.difference is not None])
    )
    failures = "".join(f"\n- {row.form}, {row.tokens} tokens: {row.failure}" for row in rows if row.failure)
    titles = ("model", "layers of tokens x heads x head dimension", "frames, anchors", *forms)
    return f"{as_markdown(titles, lines)}\n\nDifference from `joined` at most: {differences}.{failures}"


def profile_text(parts: Sequence[ProfilePart]) -> str:
    """A table for each model, a column for each number of anchors."""
    texts = []
    for model in dict.fromkeys(part.model for part in parts):
        own = {(part.num_anchors, part.kind): part for part in parts if part.model == model}
        numbers = sorted({number for number, _ in own})
        rows = [
            [kind, *(str(own[number, kind]) if (number, kind) in own else NONE for number in numbers)]
            for kind in dict.fromkeys(kind for _, kind in own)
        ]
        texts.append(f"### {model}\n\n" + as_markdown(["kind", *(f"K = {number}" for number in numbers)], rows))
    return "\n\n".join(texts)


def draw_chart(path: Path, rows: Sequence[MethodRow], machine: str) -> None:
    """Frames a second as bars, a panel for each model. MissingPackageError without Matplotlib."""
    panels = [[row for row in rows if row.model == model] for model in dict.fromkeys(row.model for row in rows)]
    heights = [0.9 + 0.36 * len(panel) for panel in panels]
    figure = new_figure(9, 0.5 + sum(heights))
    axes = figure.subplots(len(panels), 1, squeeze=False, height_ratios=heights)[:, 0]
    for ax, panel in zip(axes, panels, strict=True):
        rates = [row.frames_per_second or 0.0 for row in panel]
        bars = ax.barh([row.method for row in panel], rates, color=[BLUE if row.ours else GREY for row in panel])
        ax.bar_label(bars, [f" {rate:.2f}" if rate else " failed" for rate in rates], color=INK, fontsize=9)
        first = panel[0]
        words = f"{first.num_frames} frames of {first.size[0]}x{first.size[1]}, {first.num_steps} steps"
        tidy(ax, f"{first.model}: {words}", size=9)
        ax.invert_yaxis()
        ax.margins(x=0.12)
    axes[-1].set_xlabel(f"frames a second on {machine}", fontsize=9)
    save_figure(figure, path)
