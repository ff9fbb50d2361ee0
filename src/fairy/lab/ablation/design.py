"""What `make ablation` compares: every condition differs in one thing from one base, K = 3, 10 steps, shared noise.

The paper's ablation has three methods (per frame, + anchors, + anchors + equivariant model), K (its fig. 19) and steps
(fig. 20). To these come noise of each frame's own, and three references that nothing has to be edited for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from fairy.config import FAST_SHARE, EditConfig
from fairy.lab.ablation.clips import CHANGED, LENGTH, MEASURED, NUM_CHOICES, SEED, World
from fairy.lab.ablation.settings import Condition, Settings, Weights
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
class HeldOutTask:
    """One clip and one instruction under several conditions, which share the truth; with each cell's key."""

    index: int
    edit: str
    world: World
    conditions: tuple[tuple[str, Condition], ...]


def conditions(base: Weights, equivariant: Weights | None = None, *, full: bool = False) -> tuple[Condition, ...]:
    """All of them, the base among them; with `full` each for every clip."""
    fewer = 1 if full else 6

    def of(name: str, every: int = 1, *, weights: Weights = base, shared: bool = True, **edit: Any) -> Condition:
        config = EditConfig(**{"num_anchors": 3, "num_steps": None if "fast" in edit else STEPS, **edit})
        return Condition(name, Settings(weights=weights, edit=config, shared_noise=shared), every)

    together = of(TOGETHER, fewer, num_anchors=len(MEASURED))
    found = [
        *map(of, REFERENCES),
        *(of(name, fewer if k > 3 else 1, num_anchors=k) for k, name in ANCHORS.items()),
        *(of(name, fewer if n > STEPS else 1, num_steps=n) for n, name in NUM_STEPS.items() if name != BASE),
        *(of(name, fewer, **how) for name, how in SPEED.items() if how),
        *(of(name, fewer, anchor_strength=float(times)) for times, name in STRENGTH.items() if times > 1),
        of(STEADIEST, fewer, num_steps=5, anchor_strength=10.0),
        replace(together, settings=replace(together.settings, all_together=True)),
        of(NOISE[1], num_anchors=0, shared=False),
        of(NOISE[3], shared=False),
    ]
    if equivariant:
        found += [of(METHODS[3], num_anchors=0, weights=equivariant), of(METHODS[4], weights=equivariant)]
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
    way: dict[str, Any] = condition.settings.facts()
    if condition.name in REFERENCES:
        uses_model = condition.name == AUTOENCODER
        way = {"reference": condition.name, **({"model": way["model"]} if uses_model else {})}
    return {
        "version": VERSION,
        "clips": [SEED, LENGTH, MEASURED, NUM_CHOICES, CHANGED],
        "size": world.size,
        "speed": world.speed,
        "clip": index,
        "edit": edit,
        **way,
    }
