"""A result as Markdown."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from fairy.lab.bench import editor_cases
from fairy.lab.bench.attention_forms import FormRow
from fairy.lab.bench.editor_cases import Measure
from fairy.lab.bench.floor import Floor
from fairy.lab.bench.profiling import Part
from fairy.lab.bench.sidebyside import Row

NONE = "–"


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Markdown."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def number(value: float | None, form: str, scale: float = 1.0) -> str:
    """Or a dash."""
    return NONE if value is None else format(value * scale, form)


METHOD_HEADS = ("method", "seconds", "frames/s", "peak memory, GiB", "TFLOP", "TFLOP/s", "times the floor")


def method_cells(row: Row) -> list[str]:
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


def methods_text(rows: Sequence[Row]) -> str:
    """A table for each model."""
    parts = []
    for model in dict.fromkeys(row.model for row in rows):
        own = [row for row in rows if row.model == model]
        first = own[0]
        width, height = first.size
        parts.append(
            f"### {model}: {first.num_frames} frames of {width}x{height}, {first.num_steps} steps\n\n"
            + table(METHOD_HEADS, [method_cells(row) for row in own])
        )
    return "\n\n".join(parts)


def floor_text(floor: Floor) -> str:
    """In words."""
    return (
        f"A product of two {floor.side} x {floor.side} matrices reaches {floor.flops / 1e12:.3g} TFLOP/s, a copy of"
        f" {floor.copied_bytes / 2**20:.0f} MiB moves {floor.bytes_per_second / 1e9:.3g} GB/s (read and written)."
        " The floor of a method is the time that its operations would take at the first rate."
    )


def measures_text(measures: Sequence[Measure]) -> str:
    """The four cases of the editor."""
    rows = [[m.model, m.case, f"{m.value:.3f}", m.target, m.detail] for m in measures]
    words = (editor_cases.__doc__ or "").split("\n\n", 1)[1].strip()
    return table(("model", "case", "ratio", "target", "what was measured"), rows) + f"\n\n```\n{words}\n```"


def attention_text(rows: Sequence[FormRow]) -> str:
    """Milliseconds of one call, a column for each form."""
    forms = list(dict.fromkeys(row.form for row in rows))
    lines = []
    for key in dict.fromkeys(shape_of(row) for row in rows):
        by_form = {row.form: row for row in rows if shape_of(row) == key}
        cells = [number(by_form[form].milliseconds if form in by_form else None, ".3f") for form in forms]
        model, heads, tokens, head_dim, num_layers, num_frames, num_anchors = key
        lines.append(
            [model, f"{num_layers} of {tokens} x {heads} x {head_dim}", f"{num_frames}, {num_anchors}", *cells]
        )
    differences = ", ".join(
        f"{form} {max(found):.2g}"
        for form in forms
        if (found := [row.difference for row in rows if row.form == form and row.difference is not None])
    )
    failures = "".join(f"\n- {row.form}, {row.tokens} tokens: {row.failure}" for row in rows if row.failure)
    titles = ("model", "layers of tokens x heads x head dimension", "frames, anchors", *forms)
    return f"{table(titles, lines)}\n\nDifference from `joined` at most: {differences}.{failures}"


def shape_of(row: FormRow) -> tuple[str, int, int, int, int, int, int]:
    """What is the same in one line of the table."""
    return row.model, row.heads, row.tokens, row.head_dim, row.num_layers, row.num_frames, row.num_anchors


def profile_text(parts: Sequence[Part]) -> str:
    """A table for each model, a column for each number of anchors."""
    texts = []
    for model in dict.fromkeys(part.model for part in parts):
        own = {(part.num_anchors, part.kind): part for part in parts if part.model == model}
        numbers = sorted({number for number, _ in own})
        kinds = list(dict.fromkeys(kind for _, kind in own))
        cell: Callable[[Any], str] = lambda part: (  # noqa: E731
            NONE if part is None else f"{1000 * part.seconds:.1f} ms, {100 * part.share:.1f} %"
        )
        rows = [[kind, *(cell(own.get((number, kind))) for number in numbers)] for kind in kinds]
        texts.append(f"### {model}\n\n" + table(["kind", *(f"K = {number}" for number in numbers)], rows))
    return "\n\n".join(texts)
