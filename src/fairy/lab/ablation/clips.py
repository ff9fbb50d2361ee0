"""Held-out synthetic clips with their exact edits: what an editor's output is measured against (truth.py).

Of a clip a few frames far apart are edited and measured; the anchors are other frames of it, spread over its length.
T measured frames, K anchors, C choices; H, W: the frame's size.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from fairy.errors import UsageError
from fairy.lab.synthetic import EDITS, Choice, Flow, Scene, edited_scene, flow_between, object_mask, sample_scene
from fairy.lab.synthetic.dataset import FASTEST, choice_seed, clip_seed
from fairy.lab.synthetic.pairs import choose, choose_for_clip, to_pixels, word
from fairy.lab.synthetic.truth import surfaces
from fairy.method.anchors import choose_anchors

Pictures = NDArray[np.uint8]
Masks = NDArray[np.bool_]

SEED = 13834
"""Of the held-out clips. Training pairs come from seeds of another form, so none of these was trained on."""
LENGTH = 25
MEASURED = (3, 9, 15, 21)
"""Far apart, evenly, and none an anchor for K = 0, 1, 3, 5 or 7."""
NUM_CHOICES = 24
"""Exact results drawn where an instruction leaves something open: the one nearest to an output counts."""
CHANGED = 12
"""The edit is seen where the exact one moves a pixel by more than this, of 255, averaged over the colours."""
HAT = "hat"
SMALLEST = 16
"""Pixels of a side."""


@dataclass(frozen=True)
class World:
    """What all clips have in common."""

    size: tuple[int, int] = (128, 96)
    """Columns and rows."""
    speed: float = 3.0
    """Between two measured frames the picture then moves by an eighth of its height (median)."""

    def __post_init__(self) -> None:
        if min(self.size) < SMALLEST:
            raise UsageError(f"--size {' '.join(map(str, self.size))}: both sides must be {SMALLEST} or more")
        if not 0 < self.speed <= FASTEST:
            raise UsageError(f"--speed {self.speed:g}: must be above 0 and at most {FASTEST}")


@dataclass(frozen=True, eq=False)
class HeldOutClip:
    """One clip and one instruction, with everything that is exactly known; T measured frames."""

    index: int
    edit: str
    instruction: str
    scene: Scene
    source: Pictures
    """(T, H, W, 3)"""
    exact: Pictures
    """(C, T, H, W, 3), the exact edit for each of several choices; one where the instruction leaves nothing open."""
    flows: tuple[Flow, ...]
    """T - 1, of the edited clip, from each measured frame to the next one."""
    edited: Masks
    """(T, H, W): the surfaces that the instruction is about; the objects, where it is about the whole picture."""
    changed: Masks
    """(T, H, W): where the first exact edit is seen."""
    untouched: Masks
    """(T, H, W): where every exact edit of an object is the source itself, to the bit; else nowhere."""

    @property
    def kind(self) -> str:
        """object or whole."""
        return EDITS[self.edit].kind

    def anchors(self, num_anchors: int) -> tuple[tuple[int, ...], Pictures]:
        """Which frames are anchors, and they themselves, (K, H, W, 3)."""
        chosen = choose_anchors(LENGTH, num_anchors)
        pictures = [to_pixels(self.scene.render(float(t)).picture) for t in chosen]
        return chosen, np.array(pictures, np.uint8).reshape(len(chosen), *self.source.shape[1:])


def make_clip(index: int, edit: str, world: World | None = None, times: Sequence[int] = MEASURED) -> HeldOutClip:
    """Clip number `index`, the same whatever others are made, with a wording that no training pair of ours had."""
    world, entry, seed = world or World(), EDITS[edit], clip_seed(SEED, index)
    scene = sample_scene(seed, world.size).faster(world.speed)
    first = choose_for_clip(scene, edit, seed, choice_seed(edit))
    rng = np.random.default_rng([seed, choice_seed(edit), 1])
    instruction = word(scene, entry, first, "heldout", rng)
    choices = [first, *(choose(scene, entry, rng, first.target) for _ in range(NUM_CHOICES * entry.is_open))]
    layers = [scene.render(float(t)) for t in times]
    source = np.stack([to_pixels(each.picture) for each in layers])
    exact = np.stack([[to_pixels(entry.apply(each, choice)) for each in layers] for choice in choices])
    changed = np.abs(exact[0].astype(np.int16) - source).mean(-1) > CHANGED
    after = edited_scene(scene, edit, first)
    edited = np.stack([_is_about(edit, first, object_mask(after, t)) for t in times])
    flows = tuple(flow_between(after, start, stop) for start, stop in pairwise(times))
    if edit == HAT:
        hats = changed & ~edited
        flows = tuple(
            _wear_hat(flow, scene, first, pair, (hats[number], hats[number + 1]))
            for number, (flow, pair) in enumerate(zip(flows, pairwise(times), strict=True))
        )
        edited |= hats
    untouched = (exact == source).all((0, -1)) & ~edited & (entry.kind == "object")
    return HeldOutClip(index, edit, instruction, scene, source, exact, flows, edited, changed, untouched)


def target_of(index: int, edit: str, world: World) -> str:
    """The name of the object that the instruction of a clip is about."""
    seed = clip_seed(SEED, index)
    scene = sample_scene(seed, world.size)
    return scene.things[choose_for_clip(scene, edit, seed, choice_seed(edit)).target].name


def motion_of(num_clips: int, world: World, times: Sequence[int] = MEASURED) -> tuple[float, float]:
    """How far clips move between measured frames (pixels, the mean of medians), and the share that is hidden then."""
    lengths, hidden = [], []
    for index in range(num_clips):
        scene = sample_scene(clip_seed(SEED, index), world.size).faster(world.speed)
        for start, stop in pairwise(times):
            flow = flow_between(scene, start, stop)
            lengths.append(float(np.median(np.linalg.norm(flow.vectors, axis=-1))))
            hidden.append(float(flow.occluded.mean()))
    return float(np.mean(lengths)), float(np.mean(hidden))


def _is_about(edit: str, choice: Choice, mask: NDArray[np.uint8]) -> Masks:
    """Where the surfaces that an edit is about are seen."""
    if edit == "backdrop":
        return mask == 0
    if edit == "paint_all" or EDITS[edit].kind == "whole":
        return mask > 0
    return mask == choice.target + 1


def _wear_hat(
    flow: Flow, scene: Scene, choice: Choice, times: tuple[int, int], hats: tuple[NDArray[np.bool_], NDArray[np.bool_]]
) -> Flow:
    """The flow with the hat in it, which is in front of everything and moves with its wearer."""
    rows, columns = np.indices(flow.occluded.shape)
    here = columns + 1j * rows.astype(np.float64)
    before, after = (surfaces(scene, t)[choice.target + 1] for t in times)
    moved = after.inverse().after(before).point(here) - here
    own = np.stack([moved.real, moved.imag], -1).astype(np.float32)
    vectors = np.where(hats[0][..., None], own, flow.vectors)
    height, width = flow.occluded.shape
    to_column = np.rint(columns + vectors[..., 0]).astype(int).clip(0, width - 1)
    to_row = np.rint(rows + vectors[..., 1]).astype(int).clip(0, height - 1)
    under_hat = hats[1][to_row, to_column]
    return replace(flow, vectors=vectors, occluded=np.where(hats[0], ~under_hat, flow.occluded | under_hat))
