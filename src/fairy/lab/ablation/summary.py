"""The files of the ablation's result: a page in Markdown, all rows as CSV and JSON, and the plots."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from fairy.disk.whole import write_text
from fairy.errors import OutputError
from fairy.lab.ablation import design
from fairy.lab.ablation.design import AUTOENCODER, BASE, EXACT, METHODS, REFERENCES
from fairy.lab.ablation.rows import MeanRow, align_rows, find_row, means_table, plot_bars, plot_curves, rows_csv
from fairy.lab.ablation.settings import Condition
from fairy.lab.ablation.truth import MEASURES
from fairy.lab.results.statistics import Mean
from fairy.lab.results.tables import as_markdown
from fairy.lab.synthetic import EDITS

KINDS = {"object": "Edits of objects", "whole": "Edits of the whole picture"}
SAMPLES = "samples.png"
FLOORS = (EXACT, AUTOENCODER)
SHOWN = {
    "object": ("warp_object", "spread", "to_exact", "to_source", "edit_done", "motion_kept"),
    "whole": ("warp_all", "spread", "to_exact", "edit_done", "motion_kept"),
}


@dataclass(frozen=True)
class HeldOutOutcome:
    """What was measured, and of what."""

    rows: list[MeanRow]
    conditions: tuple[Condition, ...]
    facts: dict[str, Any]
    """Commit, versions, models with the hashes of their weights, clips."""
    command: str
    """That gives the same again."""


def write_summary(folder: Path, outcome: HeldOutOutcome) -> Path:
    """Write DATE-ablation.md, .csv, .json and the plots into a folder; returns the page's path."""
    stem = folder / f"{outcome.facts['date']}-ablation"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        pictures = draw_plots(stem, align_rows(outcome.rows, BASE))
        write_text(stem.with_suffix(".csv"), rows_csv(outcome.rows))
        write_text(stem.with_suffix(".json"), as_json(outcome))
        write_text(stem.with_suffix(".md"), as_page(outcome, pictures))
    except OSError as error:
        raise OutputError(f"{folder} cannot be written: {error.strerror or error}") from error
    return stem.with_suffix(".md")


def draw_plots(stem: Path, rows: Sequence[MeanRow]) -> dict[str, str]:
    """The plots: file names by what they show."""
    panels = [(kind, measure, f"{kind}: {MEASURES[measure]}") for kind in KINDS for measure in SHOWN[kind]]
    panels = [(kind, measure, title.replace(" where nothing should change", "")) for kind, measure, title in panels]
    names = {key: f"{stem.name}-{key}.png" for key in ("methods", "anchors", "steps", "noise")}
    paths = {key: stem.with_name(name) for key, name in names.items()}
    plot_bars(paths["methods"], rows, METHODS, panels, FLOORS, "Methods (K = 3 where there are anchors, 10 steps)")
    plot_bars(paths["noise"], rows, design.NOISE, panels, FLOORS, "One noise for all frames, or each its own")
    title = "Number of anchors (10 steps, shared noise)"
    plot_curves(paths["anchors"], rows, design.ANCHORS, panels, label="K", floors=FLOORS, title=title)
    title = "Denoising steps (K = 3, shared noise)"
    plot_curves(paths["steps"], rows, design.NUM_STEPS, panels, label="steps", floors=FLOORS, title=title)
    return names


def as_page(outcome: HeldOutOutcome, pictures: Mapping[str, str]) -> str:
    """The page: what was done, the tables, the plots."""
    facts, rows = outcome.facts, align_rows(outcome.rows, BASE)
    parts = [
        f"# The ablation, measured on {facts['date']}",
        _introduction(outcome),
        "## Methods",
        f"![Methods]({pictures['methods']})",
        *_tables(rows, (*METHODS, *REFERENCES), "method"),
        f"![Frames of the first clip]({facts['date']}-ablation-{SAMPLES})",
        "## What the instruction leaves open",
        "Spread over time, in levels of 255, of the colour that each edit with an open choice gives its region.",
        _open_attributes(rows, [edit for edit in facts["edits"] if EDITS[edit].is_open]),
        "**Objects that stand, and objects that roll**",
        _open_attributes(rows, [half for edit in facts["edits"] for half in design.TURNING.get(edit, ())]),
        "## Number of anchors",
        f"![Anchors]({pictures['anchors']})",
        *_tables(rows, tuple(design.ANCHORS.values()), "K"),
        "## Steps",
        f"![Steps]({pictures['steps']})",
        *_tables(rows, tuple(design.NUM_STEPS.values()), "steps"),
        "## Noise",
        f"![Noise]({pictures['noise']})",
        *_tables(rows, design.NOISE, "noise"),
        "## Strength of the anchors",
        *_tables(rows, (*design.STRENGTH.values(), design.STEADIEST, design.TOGETHER), "strength"),
        "## What makes it fast",
        *_tables(rows, tuple(design.SPEED), "setting"),
        f"## Differences from the base ({BASE}: K = 3, 10 steps, shared noise)",
        "Over the clips that both were done for. Bold where the interval leaves out 0.",
        *_tables(rows, [c.name for c in outcome.conditions if c.name not in REFERENCES], "condition", differing=True),
        "## Instruction by instruction",
        *_by_instruction(rows, facts["edits"]),
    ]
    return "\n\n".join(parts) + "\n"


def _introduction(outcome: HeldOutOutcome) -> str:
    facts = outcome.facts
    models = "; ".join(f"{role}: {of['name']}, UNet {of['unet']}" for role, of in facts["models"].items())
    width, height = facts["size"]
    fewer = [f"{c.name} (one of {c.every})" for c in outcome.conditions if c.every > 1]
    lines = [
        f"Command: `{outcome.command}`, code at commit {facts['commit']}; the editing took"
        f" {facts['seconds_of_editing']:.0f} seconds of one process.",
        f"Models, with the hashes of their weights: {models}.",
        f"{facts['num_clips']} held-out synthetic clips x {len(facts['edits'])} instructions in held-out wordings"
        f" ({', '.join(facts['edits'])}), {width}x{height}, speed {facts['speed']:g}, seed 0.",
        f"Of each clip the frames {', '.join(map(str, facts['measured_frames']))} are measured; none is an anchor.",
        f"Between two of them a clip moves by {facts['pixels_between_frames']:.0f} pixels (median), and"
        f" {facts['hidden_between_frames']:.0%} of it is hidden or leaves the picture.",
        f"Done for fewer clips, for time's sake: {', '.join(fewer)}; shown as if for all: moved by what the base has"
        " less on theirs."
        if fewer
        else "Every condition was done for every clip.",
        "Mean and 95 % interval (bootstrap over clips). Colours in levels of 255; `edit done` and `motion kept` are 1",
        "where all is as it should be. [docs/lab/truth.md](../docs/lab/truth.md) says what each measure is.",
        "",
        *(f"- **{name}**: {words}." for name, words in REFERENCES.items()),
    ]
    return "\n".join(lines)


def _tables(rows: Sequence[MeanRow], conditions: Sequence[str], heading: str, differing: bool = False) -> list[str]:
    """A table for each kind of edit."""
    parts = []
    for kind, title in KINDS.items():
        measures = {name: words for name, words in MEASURES.items() if name in {*SHOWN[kind], "warp_all"}}
        table = means_table(rows, conditions, kind, measures, heading=heading, differing=differing)
        parts += [f"**{title}**", table]
    return parts


def _open_attributes(rows: Sequence[MeanRow], groups: Sequence[str]) -> str:
    """How far anchors take the spread down from per frame, and how near that is to the exact edit's own."""
    heads = ("edit", "per frame", "anchors", "change", "anchors, equivariant", "change", "exact", "anchors / exact")
    lines = []
    for group in groups:
        names = (METHODS[1], BASE, METHODS[4], EXACT)
        frame, anchors, tuned, exact = (_value(rows, name, group, "spread") for name in names)
        cells = [_shown(frame), _shown(anchors), _change(anchors, frame), _shown(tuned), _change(tuned, frame)]
        times = f"{anchors / exact:.1f}" if anchors is not None and exact else ""
        done = [_shown(_value(rows, name, group, "edit_done")) for name in names[:2]]
        lines.append([group, *cells, _shown(exact), times, *done])
    return as_markdown([*heads, "edit done, per frame", "anchors"], lines)


def _value(rows: Sequence[MeanRow], condition: str, group: str, measure: str) -> float | None:
    row = find_row(rows, condition, group, measure)
    return row.mean.value if row else None


def _shown(value: float | None) -> str:
    return "" if value is None else f"{value:.3g}"


def _change(value: float | None, before: float | None) -> str:
    return "" if value is None or not before else f"{100 * (value / before - 1):+.0f} %"


def _by_instruction(rows: Sequence[MeanRow], edits: Sequence[str]) -> list[str]:
    """The spread and the warp error of the methods, for each instruction."""
    parts = []
    for edit in edits:
        measures = {name: MEASURES[name] for name in ("warp_all", "warp_object", "spread", "to_exact", "edit_done")}
        parts += [f"**{edit}**", means_table(rows, (*METHODS, EXACT), edit, measures, heading="method")]
    return parts


def as_json(outcome: HeldOutOutcome) -> str:
    """Facts and rows."""
    rows = [
        {
            "condition": row.condition,
            "group": row.group,
            "measure": row.measure,
            **_rounded(row.mean),
            "difference": row.difference and _rounded(row.difference),
        }
        for row in outcome.rows
        if row.group in (*KINDS, "all")
    ]
    facts = json.dumps({"command": outcome.command, **outcome.facts}, indent=1)
    lines = ",\n  ".join(json.dumps(row) for row in rows)
    return facts.removesuffix("\n}") + f',\n "rows": [\n  {lines}\n ]\n}}\n'


def _rounded(mean: Mean) -> dict[str, float]:
    return {name: float(f"{value:.6g}") if isinstance(value, float) else value for name, value in asdict(mean).items()}
