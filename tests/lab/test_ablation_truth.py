"""The measures of the ablation, on edits whose values are known in advance."""

from dataclasses import replace

import numpy as np
import pytest

from fairy.lab.ablation.clips import HeldOutClip, World, make_clip
from fairy.lab.ablation.truth import distance, measure_edit, motion_kept, share_of, spread, warp_error
from fairy.lab.synthetic import EDITS, Flow

WORLD = World(size=(64, 48))
PERFECT = {"to_exact": 0.0, "edit_done": 1.0, "motion_kept": 1.0}


@pytest.fixture(scope="module")
def clip() -> HeldOutClip:
    return make_clip(0, "gold", WORLD)


def still(clip: HeldOutClip) -> HeldOutClip:
    """The same, as if nothing moved and all were seen."""
    shape = clip.edited.shape[1:]
    flow = Flow(np.zeros((*shape, 2), np.float32), np.zeros(shape, bool))
    return replace(clip, flows=(flow,) * len(clip.flows))


@pytest.mark.parametrize("edit", ["gold", "paint_all", "hat", "duotone"])
def test_the_exact_edit_is_perfect(edit: str) -> None:
    clip = make_clip(1, edit, WORLD)
    kept = {"to_source": 0.0} if EDITS[edit].kind == "object" else {}
    values = measure_edit(clip.exact[0], clip)
    assert {name: values[name] for name in PERFECT | kept} == pytest.approx(PERFECT | kept)
    assert ("to_source" in values) == bool(kept)


def test_doing_nothing_does_nothing(clip: HeldOutClip) -> None:
    values = measure_edit(clip.source, clip)
    assert values["edit_done"] == 0
    assert values["to_source"] == 0
    assert values["to_exact"] == pytest.approx(distance(clip.source, clip.exact[0], clip.edited))


def test_the_nearest_choice_counts_for_the_whole_clip() -> None:
    clip = make_clip(0, "paint", WORLD)
    assert measure_edit(clip.exact[5], clip)["to_exact"] == 0
    mixed = np.stack([clip.exact[choice][t] for t, choice in enumerate((3, 4, 5, 6))])
    assert measure_edit(mixed, clip)["to_exact"] > 5


def test_a_frozen_edit_keeps_no_motion(clip: HeldOutClip) -> None:
    frozen = np.repeat(clip.exact[0][:1], len(clip.source), axis=0)
    assert motion_kept(frozen, clip.exact[0], clip.edited) == 0
    half = (clip.exact[0].astype(float) / 2).astype(np.float32)
    assert motion_kept(half, clip.exact[0], clip.edited) == pytest.approx(0.5)


def test_flicker_of_known_size_is_found(clip: HeldOutClip) -> None:
    """A grey clip whose brightness goes up and down by 10: 10 between frames, 5 of standard deviation, in any place."""
    levels = np.array([100, 110, 100, 110], np.uint8)
    grey = np.broadcast_to(levels[:, None, None, None], clip.source.shape)
    tones = np.zeros(clip.changed.shape, np.int8)
    assert warp_error(grey, clip, np.ones_like(clip.edited)) == pytest.approx(10, abs=1e-3)
    assert warp_error(grey, clip, clip.edited) == pytest.approx(10, abs=1e-3)
    assert spread(grey, clip.changed, tones) == pytest.approx(5)


def test_flicker_is_no_motion(clip: HeldOutClip) -> None:
    """What is laid over all frames in turn, and has nothing to do with the motion, hardly counts as motion."""
    noise = np.random.default_rng(0).normal(0, 20, clip.source.shape)
    noisy = (clip.exact[0] + noise).astype(np.float32)
    assert motion_kept(noisy, clip.exact[0], clip.edited) == pytest.approx(1, abs=0.1)


def test_a_still_clip_has_no_warp_error(clip: HeldOutClip) -> None:
    frozen = np.repeat(clip.source[:1], len(clip.source), axis=0)
    assert warp_error(frozen, still(clip), np.ones_like(clip.edited)) == 0


def test_a_palette_is_looked_at_tone_by_tone() -> None:
    """More bright pixels in one frame than in the other change the mean, but not what becomes of dark and bright."""
    brightness = np.zeros((2, 4, 4), np.uint8)
    brightness[0, :1], brightness[1, :3] = 200, 200
    frames = np.repeat(brightness[..., None], 3, axis=-1)
    everywhere = np.ones((2, 4, 4), bool)
    assert spread(frames, everywhere, np.zeros((2, 4, 4), np.int8)) == pytest.approx(50)
    assert spread(frames, everywhere, (brightness > 0).astype(np.int8)) == 0


def test_half_of_the_change_is_half_done(clip: HeldOutClip) -> None:
    half = (clip.source.astype(np.float32) + clip.exact[0]) / 2
    assert share_of(half, clip.source, clip.exact[0], clip.edited) == pytest.approx(0.5)


def test_the_hat_moves_with_its_wearer() -> None:
    """The flow of the scene knows no hat: with it, the exact hat's warp error is that of other edits."""
    clip = make_clip(0, "hat", WORLD)
    assert clip.edited.sum() > make_clip(0, "gold", WORLD).edited.sum()
    bare = replace(clip, flows=make_clip(0, "gold", WORLD).flows)
    hats = clip.changed
    assert warp_error(clip.exact[0], clip, hats) < 0.7 * warp_error(clip.exact[0], bare, hats)


def test_a_clip_is_the_same_whatever_others_are_made() -> None:
    once, again = make_clip(2, "wood", WORLD), make_clip(2, "wood", WORLD)
    assert np.array_equal(once.exact, again.exact)
    assert once.instruction == again.instruction
    assert any(
        once.instruction == wording.format(object=thing.name)
        for wording in EDITS["wood"].heldout
        for thing in once.scene.things
    )
