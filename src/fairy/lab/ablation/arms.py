"""`python -m fairy.lab.ablation.arms`: ways of giving anchors to a joint-attention editor, against exact truth.

In such a model text, noisy and source tokens share one softmax, so there are choices that a UNet does not have: whether
anchors take the text's and the source's share (plain) or not (balanced), whether their source tokens are kept, too, at
which time their tokens stand, and whether each step reads its own bank or that of the last one.
n sequences of S tokens, C = H * D channels in H heads, K anchors.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch

from fairy import models
from fairy.config import EditConfig, RunConfig
from fairy.disk.whole import write_text
from fairy.lab.ablation.clips import MEASURED, HeldOutClip, Pictures, make_clip
from fairy.lab.ablation.rows import MeanRow, collect_values, mean_rows, means_table, rows_csv
from fairy.lab.ablation.truth import MEASURES, measure_edit
from fairy.lab.results.machine import commit, today
from fairy.lab.synthetic import EDITS
from fairy.method.bank import StepReader, StepWriter
from fairy.method.editor import Editor
from fairy.method.trajectory import edit_together
from fairy.models import Model
from fairy.models.attention import KeysValues, attend
from fairy.models.joint import turn_real

ASKED = ("paint_all", "backdrop", "duotone", "neon")
"""Each leaves something open: two of objects, two of the whole picture."""
BASE = "balanced"


@dataclass(frozen=True)
class Arm:
    """One way to give anchors to the frames, and to one another."""

    name: str
    edit: EditConfig = field(default_factory=lambda: EditConfig(num_anchors=3))
    balanced: bool = True
    """The group that holds anchors keeps the share of attention that the frame's own part of it had."""
    source: bool = False
    """Of the anchors the source tokens are kept, too."""
    time: int = 0
    """The first coordinate of the anchors' tokens; a picture's own noisy ones have 0, its source 10."""
    last: bool = False
    """Every step reads what the anchors' last step left."""


def arms() -> tuple[Arm, ...]:
    """All that are compared. Each differs in one thing from the base: K = 3, the model's own number of steps."""
    base = Arm(BASE)
    of = lambda **how: replace(base.edit, **how)  # noqa: E731
    return (
        Arm("alone", of(num_anchors=0)),
        base,
        Arm("plain", balanced=False),
        Arm("source tokens, too", source=True),
        Arm("plain, source tokens, too", balanced=False, source=True),
        Arm("time 20", time=20),
        Arm("bank of the last step", last=True),
        *(Arm(f"strength {s:g}", of(anchor_strength=s)) for s in (0.3, 3.0)),
        *(Arm(f"K = {k}", of(num_anchors=k)) for k in (1, 5)),
        *(Arm(f"{n} steps", of(num_steps=n)) for n in (2, 8)),
        *(Arm(f"alone, {n} steps", of(num_steps=n, num_anchors=0)) for n in (2, 8)),
    )


@dataclass(frozen=True)
class ArmWriter(StepWriter):
    """A `StepWriter` by an arm's way. `turn`: cosines and sines (1, D) of the anchors' time."""

    arm: Arm = field(default_factory=lambda: Arm(BASE))
    turn: Any = None

    def attend(
        self,
        layer: str,
        queries: torch.Tensor,
        keys: torch.Tensor,
        values: torch.Tensor,
        heads: int,
        noisy: slice | None = None,
    ) -> torch.Tensor:
        """See `fairy.models.attention.Anchors`."""
        assert noisy is not None, "the arms are of joint attention"
        part = _kept(noisy, self.arm)
        moved = _move(keys[:, part], self.turn, heads)
        self.write(layer, KeysValues(moved, values[:, part]))
        mixed = []
        for place in range(len(keys)):
            others = [number for number in range(len(keys)) if number != place]
            given = KeysValues(*(tensor[others].flatten(0, 1)[None] for tensor in (moved, values[:, part])))
            own = slice(place, place + 1)
            found = KeysValues(keys[own], values[own])
            mixed.append(_read(queries[own], found, given, len(others), heads, noisy, self.arm, 1.0))
        return torch.cat(mixed)


@dataclass(frozen=True)
class ArmReader(StepReader):
    """A `StepReader` by an arm's way."""

    arm: Arm = field(default_factory=lambda: Arm(BASE))

    def attend(
        self,
        layer: str,
        queries: torch.Tensor,
        keys: torch.Tensor,
        values: torch.Tensor,
        heads: int,
        noisy: slice | None = None,
    ) -> torch.Tensor:
        """See `fairy.models.attention.Anchors`."""
        assert noisy is not None, "the arms are of joint attention"
        given, own = self.read(layer, keys.device), KeysValues(keys, values)
        count = self.arm.edit.num_anchors or 0
        return _read(queries, own, given, count, heads, noisy, self.arm, self.strength)


def edit_clip(editor: Editor, clip: HeldOutClip, arm: Arm) -> Pictures:
    """The measured frames, uint8 (T, H, W, 3), with the anchors given by an arm's way."""
    model, (_, anchors) = editor.model, clip.anchors(arm.edit.num_anchors or 0)
    bank = editor.edit_anchors(clip.source[:0], clip.instruction, arm.edit)
    turn = _time(model, arm.time) if arm.time else None
    writers: list[ArmWriter] = []

    def write(_step: int) -> ArmWriter:
        writers.append(ArmWriter(1, arm=arm, turn=turn))
        return writers[-1]

    def read(step: int) -> ArmReader | None:
        layers = writers[-1 if arm.last else step].layers if writers else None
        return ArmReader(layers, bank.settings.anchor_strength, arm=arm) if layers else None

    with editor.threads(1) as pool:
        if len(anchors):
            pool.submit(edit_together, model, anchors, bank, write).result().wait()
        return pool.submit(edit_together, model, clip.source, bank, read).result().wait()


def measure_arms(name: str, num_clips: int, asked: Sequence[str] = ASKED) -> list[MeanRow]:
    """Means over clips, for the edits of objects and those of the whole picture."""
    records = []
    with Editor(models.load(name), RunConfig(batch_size=len(MEASURED)), micro_batch=len(MEASURED)) as editor:
        for index in range(num_clips):
            for edit in asked:
                clip = make_clip(index, edit)
                found = {arm.name: edit_clip(editor, clip, arm) for arm in arms()} | {"exact": clip.exact[0]}
                for condition, edited in found.items():
                    values = measure_edit(edited, clip)
                    records.append({"condition": condition, "edit": edit, "clip": index, "values": values})
    groups = {kind: [edit for edit in asked if EDITS[edit].kind == kind] for kind in ("object", "whole")}
    return mean_rows(collect_values(records, groups), BASE)


def main() -> None:
    """Measure, and write DATE-arms.md and DATE-arms.csv."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-o", "--output", type=Path, default=Path("benchmarks"), help="folder of the result")
    parser.add_argument("--model", default="embedded-joint", help="a model with joint attention")
    parser.add_argument("--clips", type=int, default=12)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    rows = measure_arms(options.model, options.clips)
    page = options.output / f"{today()}-arms"
    write_text(page.with_suffix(".csv"), rows_csv(rows))
    write_text(page.with_suffix(".md"), write_page(rows, options.model, options.clips))


def write_page(rows: Sequence[MeanRow], model: str, num_clips: int) -> str:
    """Two tables."""
    names = [*(arm.name for arm in arms()), "exact"]
    titles = {
        "object": f"Edits of objects ({ASKED[0]}, {ASKED[1]})",
        "whole": f"Of the picture ({ASKED[2]}, {ASKED[3]})",
    }
    tables = [
        f"## {title}\n\n{means_table(rows, names, group, MEASURES, heading='arm')}\n" for group, title in titles.items()
    ]
    about = f"{num_clips} held-out synthetic clips x {len(ASKED)} instructions, 128x96; frames {MEASURED} are measured."
    head = [
        f"# Ways of giving anchors to joint attention, measured on {today()}\n",
        f"Command: `python -m fairy.lab.ablation.arms --clips {num_clips} --model {Path(model).name}`,",
        f"code at commit {commit()}.",
        f"{about} Mean and 95 % interval (bootstrap over clips).",
        "[docs/lab/joint.md](../docs/lab/joint.md) says what the arms are, [docs/lab/truth.md](../docs/lab/truth.md)",
        "what the measures are.\n",
    ]
    return "\n".join([*head, *tables])


def _kept(noisy: slice, arm: Arm) -> slice:
    """The tokens of an anchor that are given to others: [text | noisy | source]."""
    return slice(noisy.start, None) if arm.source else noisy


def _read(
    queries: torch.Tensor,
    own: KeysValues,
    given: KeysValues,
    count: int,
    heads: int,
    noisy: slice,
    arm: Arm,
    strength: float,
) -> torch.Tensor:
    """The noisy queries read `own` and `given`, (1, M, C) of `count` anchors; all others their own sequence."""
    num_tokens = own.keys.shape[1]
    bias = queries.new_full((1, num_tokens + given.keys.shape[1]), math.log(strength))
    bias[:, :num_tokens] = 0.0
    if arm.balanced:
        group = math.log1p(strength * count)
        bias[:, _kept(noisy, arm)] -= group
        bias[:, num_tokens:] = math.log(strength) - group
    keys, values = (
        torch.cat([tensor, more.expand(len(tensor), -1, -1)], dim=1) for tensor, more in zip(own, given, strict=True)
    )
    mixed = attend(queries, *own, heads)
    mixed[:, noisy] = attend(queries[:, noisy], keys, values, heads, bias)
    return mixed


def _time(model: Model, time: int) -> Any:
    """What turns keys to another time: rotations of the axes commute."""
    return model.denoiser.pos_embed(torch.tensor([[time, 0, 0, 0]]))


def _move(keys: torch.Tensor, turn: Any, heads: int) -> torch.Tensor:
    if turn is None:
        return keys
    places = tuple(table.expand(keys.shape[1], -1) for table in turn)
    return turn_real(keys.unflatten(-1, (heads, -1)), places).flatten(2)


if __name__ == "__main__":
    main()
