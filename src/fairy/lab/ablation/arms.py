"""Ways of giving anchors to a joint-attention editor. `compare_arms` holds them against exact truth.

In such a model text, noisy and source tokens share one softmax, so there are choices that a UNet does not have: whether
anchors take the text's and the source's share (plain) or not (balanced), whether their source tokens are kept, too, at
which time their tokens stand, and whether each step reads its own bank or that of the last one.
n sequences of S tokens, C = H * D channels in H heads, K anchors.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import Any

import torch

from fairy.config import EditConfig
from fairy.lab.ablation.clips import HeldOutClip, Pictures
from fairy.method.bank import StepReader, StepWriter
from fairy.method.editor import Editor
from fairy.method.trajectory import edit_together
from fairy.models import Model
from fairy.models.attention import KeysValues, attend
from fairy.models.joint import turn_real

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
