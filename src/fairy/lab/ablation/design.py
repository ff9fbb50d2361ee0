"""What `make ablation` compares: every condition differs in one thing from one base, K = 3, 10 steps, shared noise.

The paper's ablation has three methods (per frame, + anchors, + anchors + equivariant model), K (its fig. 19) and steps
(fig. 20). To these come noise of each frame's own, and three references that nothing has to be edited for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from fairy.config import FAST_SHARE, EditConfig
from fairy.lab.ablation.cells import Settings, Weights
from fairy.lab.ablation.clips import CHANGED, LENGTH, MEASURED, NUM_CHOICES, SEED, World
from fairy.lab.results.ledger import key_of
from fairy.lab.synthetic import EDITS as ALL_EDITS

EDITS = ("paint", "paint_all", "wood", "hat", "gold", "duotone", "sunset", "mosaic")
"""Five of objects, three of the whole picture; all but gold leave something open."""
TURNING = {edit: (f"{edit}, upright", f"{edit}, rolling") for edit in EDITS if ALL_EDITS[edit].names_object}
"""Names of the two halves of an edit's clips: the object is one that stands, or one that rolls."""
NUM_CLIPS = 60
STEPS = 10
VERSION = 1
"""Of the measures: another one makes all cells anew."""

BASE = "anchors"
EXACT, AUTOENCODER, SOURCE = "exact", "autoencoder", "source"
METHODS = ("per frame, own noise", "per frame", BASE, "per frame, equivariant", "anchors, equivariant")
ANCHORS = {0: "per frame", 1: "K = 1", 3: BASE, 5: "K = 5", 7: "K = 7"}
NUM_STEPS = {5: "5 steps", 10: BASE, 20: "20 steps", 50: "50 steps"}
NOISE = ("per frame", "per frame, own noise", BASE, "anchors, own noise")
SPEED: dict[str, dict[str, Any]] = {
    BASE: {},
    "guided in half of the steps": {"guided_share": FAST_SHARE},
    "--fast": {"fast": True},
}
"""What `--fast` does, each alone and all together: fields of EditConfig. Fewer steps are in NUM_STEPS."""
STRENGTH = {0: "per frame", 1: BASE, 3: "anchor strength 3", 10: "anchor strength 10"}
"""How much more an anchor's token counts than one of the frame's own."""
STEADIEST = "5 steps, anchor strength 10"
"""The two settings that make an open choice steadier, at once."""
TOGETHER = "all frames together"
"""Every frame attends to all of every other."""
REFERENCES = {
    EXACT: "the exact edit itself",
    AUTOENCODER: "the exact edit through the model's autoencoder: the best that its pictures can be",
    SOURCE: "the untouched source: what doing nothing is worth",
}


@dataclass(frozen=True)
class Condition:
    """One way to edit, or one of REFERENCES."""

    name: str
    settings: Settings
    every: int = 1
    """Done for each clip whose number this divides: what takes long is done for fewer."""

    def facts(self) -> dict[str, Any]:
        """What decides its cells, besides the clip."""
        if self.name == AUTOENCODER:
            return {"reference": self.name, "model": self.settings.weights.fingerprint}
        return {"reference": self.name} if self.name in REFERENCES else self.settings.facts()


@dataclass(frozen=True)
class HeldOutTask:
    """One clip and one instruction under several conditions, which share the truth; with each cell's key."""

    index: int
    edit: str
    world: World
    conditions: tuple[tuple[str, Condition], ...]


def conditions(base: Weights, equivariant: Weights | None = None, *, full: bool = False) -> tuple[Condition, ...]:
    """All of them, the base among them; with `full` each for every clip."""

    def edit(
        num_anchors: int = 3,
        num_steps: int | None = STEPS,
        shared: bool = True,
        weights: Weights = base,
        **quicker: Any,
    ) -> Settings:
        config = EditConfig(num_anchors=num_anchors, num_steps=num_steps, **quicker)
        return Settings(weights=weights, edit=config, shared_noise=shared)

    fewer = 1 if full else 6
    found = [Condition(name, edit()) for name in REFERENCES]
    found += [Condition(name, edit(number), fewer if number > 3 else 1) for number, name in ANCHORS.items()]
    found += [
        Condition(name, edit(num_steps=n), fewer if n > STEPS else 1) for n, name in NUM_STEPS.items() if name != BASE
    ]
    found += [
        Condition(name, edit(num_steps=None if "fast" in how else STEPS, **how), fewer)
        for name, how in SPEED.items()
        if name != BASE
    ]
    found += [
        Condition(name, edit(anchor_strength=float(strength)), fewer)
        for strength, name in STRENGTH.items()
        if strength > 1
    ]
    found += [Condition(STEADIEST, edit(num_steps=5, anchor_strength=10.0), fewer)]
    found += [Condition(TOGETHER, replace(edit(len(MEASURED)), all_together=True), fewer)]
    found += [Condition(name, edit(3 * (name != NOISE[1]), shared=False)) for name in NOISE[1::2]]
    if equivariant:
        found += [Condition(METHODS[3], edit(0, weights=equivariant)), Condition(METHODS[4], edit(weights=equivariant))]
    return tuple(found)


def plan(
    conditions: Sequence[Condition], num_clips: int, world: World, edits: Sequence[str] = EDITS
) -> list[HeldOutTask]:
    """A task for each clip and instruction; clip i is the same whatever their number is."""
    return [
        HeldOutTask(
            index,
            edit,
            world,
            tuple((key_of(facts_of(index, edit, world, c)), c) for c in conditions if index % c.every == 0),
        )
        for index in range(num_clips)
        for edit in edits
    ]


def facts_of(index: int, edit: str, world: World, condition: Condition) -> dict[str, Any]:
    """Everything that decides a cell's numbers."""
    return {
        "version": VERSION,
        "clips": [SEED, LENGTH, MEASURED, NUM_CHOICES, CHANGED],
        "size": world.size,
        "speed": world.speed,
        "clip": index,
        "edit": edit,
        **condition.facts(),
    }
