"""The ablation against exact truth, from the models' names to the files of its result: what `make ablation` runs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace
from itertools import chain
from pathlib import Path
from typing import Any

from fairy.config import EMBEDDED
from fairy.disk.whole import save_png
from fairy.lab.ablation.clips import MEASURED, World, make_clip, motion_of, target_of
from fairy.lab.ablation.design import BASE, EDITS, EXACT, METHODS, SOURCE, TURNING, HeldOutTask, conditions, plan
from fairy.lab.ablation.measuring import measure_task, result_of
from fairy.lab.ablation.rows import collect_values, mean_rows
from fairy.lab.ablation.settings import Condition, Weights, identify
from fairy.lab.ablation.summary import SAMPLES, HeldOutOutcome, write_summary
from fairy.lab.results.ledger import Ledger, Record, do_missing, open_ledger
from fairy.lab.results.machine import commit, today
from fairy.lab.synthetic import EDITS as ALL_EDITS
from fairy.lab.synthetic.sampling import UPRIGHT
from fairy.models.identity import versions
from fairy.pictures.sheet import grid
from fairy.report import SILENT, Report

GROUPS = {
    "object": tuple(edit for edit in EDITS if ALL_EDITS[edit].kind == "object"),
    "whole": tuple(edit for edit in EDITS if ALL_EDITS[edit].kind == "whole"),
    "all": EDITS,
    **{edit: (edit,) for edit in (*EDITS, *chain(*TURNING.values()))},
}
SAMPLE_EDITS, SAMPLE_ROWS = ("paint", "wood", "duotone"), (SOURCE, EXACT, *METHODS)


def ablate_heldout(
    output: Path,
    work: Path,
    *,
    model: str = EMBEDDED,
    equivariant_model: str | None = None,
    num_clips: int,
    world: World | None = None,
    edits: Sequence[str] = EDITS,
    full: bool = False,
    workers: str | int = 1,
    command: str = "make ablation",
    report: Report = SILENT,
) -> Path:
    """Measure everything that `work` does not hold yet, and write the result's files into `output`; returns the page.

    Cells stay in `work`: a run that was stopped goes on, and a larger `num_clips` adds clips to those there are.
    Raises ModelError where a model cannot be loaded, OutputError where something cannot be written.
    """
    world = world or World()
    base = identify(model)
    equivariant = identify(equivariant_model) if equivariant_model else None
    found = conditions(base, equivariant, full=full)
    tasks = plan(found, num_clips, world, edits)
    with open_ledger(work) as ledger:
        missing = [task for task in (_without_done(task, ledger) for task in tasks) if task.conditions]
        name = lambda task: f"{task.edit} of clip {task.index}"  # noqa: E731
        do_missing(measure_task, missing, ledger, num_all=len(tasks), workers=workers, name=name, report=report)
        records = records_of(tasks, ledger)
    rows = mean_rows(collect_values([*records, *by_turning(records, world)], GROUPS), BASE)
    facts = describe_run(base, equivariant, num_clips, world, edits, records)
    page = write_summary(output, HeldOutOutcome(rows, found, facts, command))
    draw_samples(page.with_name(f"{page.stem}-{SAMPLES}"), found, edits, world)
    return page


def records_of(tasks: Sequence[HeldOutTask], ledger: Ledger) -> list[Record]:
    """What is known of the tasks' cells, each under the name that its condition has here."""
    return [{**ledger[key], "condition": c.name} for task in tasks for key, c in task.conditions]


def by_turning(records: Iterable[Record], world: World) -> list[Record]:
    """The cells of edits of one object again, under the names of TURNING: does that object roll?"""
    return [
        {**record, "edit": TURNING[record["edit"]][target_of(record["clip"], record["edit"], world) not in UPRIGHT]}
        for record in records
        if record["edit"] in TURNING
    ]


def _without_done(task: HeldOutTask, ledger: Ledger) -> HeldOutTask:
    return replace(task, conditions=tuple(entry for entry in task.conditions if entry[0] not in ledger))


def describe_run(
    base: Weights,
    equivariant: Weights | None,
    num_clips: int,
    world: World,
    edits: Sequence[str],
    records: Sequence[Record],
) -> dict[str, Any]:
    """Everything that one must know to get the same numbers again."""
    models = {"base": base, **({"equivariant": equivariant} if equivariant else {})}
    pixels, hidden = motion_of(num_clips, world)
    return {
        "date": today(),
        "commit": commit(),
        "versions": versions(),
        "models": {
            role: {"name": Path(of.name).name, "unet": of.unet, "fingerprint": of.fingerprint}
            for role, of in models.items()
        },
        "num_clips": num_clips,
        "edits": list(edits),
        "measured_frames": list(MEASURED),
        **asdict(world),
        "pixels_between_frames": round(pixels, 1),
        "hidden_between_frames": round(hidden, 3),
        "seconds_of_editing": round(sum(record["seconds"] for record in records), 1),
    }


def draw_samples(path: Path, conditions: Sequence[Condition], edits: Sequence[str], world: World) -> None:
    """Edit the first clip by some of the instructions once more: the measured frames, a row for each method."""
    found = {condition.name: condition for condition in conditions}
    shown = [found[name] for name in SAMPLE_ROWS if name in found]
    chosen = [edit for edit in SAMPLE_EDITS if edit in edits] or edits[:1]
    rows = []
    for edit in chosen:
        clip = make_clip(0, edit, world)
        rows += [(f"{clip.instruction}: {condition.name}", list(result_of(clip, condition))) for condition in shown]
    heads = [f"frame {t}" for t in MEASURED]
    save_png(path, grid(heads, rows, title="The first clip, frame by frame", num_blocks=len(chosen)))
