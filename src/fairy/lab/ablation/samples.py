"""A picture of what the ablation compares: a few clips, the measured frames side by side, a row for each method."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from fairy.disk.whole import save_png
from fairy.lab.ablation.clips import MEASURED, World, make_clip
from fairy.lab.ablation.design import EXACT, METHODS, SOURCE, Condition
from fairy.lab.ablation.measuring import result_of
from fairy.pictures.sheet import grid

EDITS = ("paint", "wood", "duotone")
ROWS = (SOURCE, EXACT, *METHODS)


def draw_samples(path: Path, conditions: Sequence[Condition], edits: Sequence[str], world: World) -> None:
    """Edit the first clip by some of the instructions once more, and write the picture."""
    found = {condition.name: condition for condition in conditions}
    shown = [found[name] for name in ROWS if name in found]
    chosen = [edit for edit in EDITS if edit in edits] or edits[:1]
    rows = []
    for edit in chosen:
        clip = make_clip(0, edit, world)
        rows += [(f"{clip.instruction}: {condition.name}", list(result_of(clip, condition))) for condition in shown]
    heads = [f"frame {t}" for t in MEASURED]
    save_png(path, grid(heads, rows, title="The first clip, frame by frame", num_blocks=len(chosen)))
