"""The synthetic world: same seed same pixels, edits that keep to their place, textures that move with the surface."""

from dataclasses import replace

import numpy as np
import pytest

from fairy.errors import UsageError
from fairy.lab.synthetic import (
    EDITS,
    all_instructions,
    edit_clip,
    edited_scene,
    photographs,
    render_clip,
    sample_pair,
    sample_scene,
)
from fairy.lab.synthetic.backgrounds import city
from fairy.lab.synthetic.choice import Choice
from fairy.lab.synthetic.form import Hatching, along
from fairy.lab.synthetic.motion import Path, Pose
from fairy.lab.synthetic.pairs import choose

SIZE = (96, 72)
CHOICE = Choice(hue=0.3, second_hue=0.6, tone=0.5, target=0, colour_name="red", shape_name="donut")


def still(value):
    return Path(start=value, rate=0.0, swing=0.0, period=1.0, phase=0.0)


def panning(seed, pixels):
    """A scene without objects whose camera moves `pixels` to the right a frame."""
    pan = Path(start=0.0, rate=pixels / min(SIZE), swing=0.0, period=1.0, phase=0.0)
    camera = Pose(x=pan, y=still(0.0), log_scale=still(0.0), angle=still(0.0))
    return replace(sample_scene(seed, SIZE, num_objects=0), camera=camera)


def test_pair_depends_on_the_seed_alone():
    first, again, other = (sample_pair(seed, SIZE) for seed in (3, 3, 4))
    assert first.instruction == again.instruction
    assert np.array_equal(first.edited, again.edited)
    assert not np.array_equal(first.source, other.source)


@pytest.mark.parametrize("size", [(96, 72), (64, 112)])
@pytest.mark.parametrize("edit", EDITS)
def test_every_edit_changes_the_picture(edit, size):
    pair = sample_pair(1, size, edit=edit)
    assert pair.edited.shape == pair.source.shape == (size[1], size[0], 3)
    assert (pair.edit, pair.kind) == (edit, EDITS[edit].kind)
    assert np.abs(pair.edited.astype(int) - pair.source).mean() > 0.5


@pytest.mark.parametrize("edit", ["paint", "named_colour", "wood", "gold"])
def test_object_edit_leaves_the_rest_unchanged(edit):
    layers = sample_scene(5, SIZE, num_objects=2).render(3)
    edited = EDITS[edit].apply(layers, CHOICE)
    outside = layers.visible(0) == 0
    assert np.array_equal(edited[outside], layers.picture[outside])
    assert not np.array_equal(edited, layers.picture)


def two_of_a_kind():
    """Layers of a scene of three objects, the first two of which are twins."""
    return sample_scene(5, SIZE, num_objects=3, with_twins=True).render(3)


def test_twins_are_of_one_kind_and_all_else_is_as_without():
    twins, others = (sample_scene(5, SIZE, num_objects=3, with_twins=twin).things for twin in (True, False))
    assert [thing.name for thing in twins] == [others[0].name, others[0].name, others[2].name]
    assert [thing.pose for thing in twins] == [thing.pose for thing in others]


@pytest.mark.parametrize("edit", [name for name, entry in EDITS.items() if entry.names_object])
def test_an_edit_of_one_object_is_one_of_its_twin(edit):
    layers = two_of_a_kind()
    edited = EDITS[edit].apply(layers, CHOICE)
    for index, is_changed in ((0, True), (1, True), (2, False)):
        inside = layers.visible(index) == 1
        change = np.abs(edited - layers.picture).mean(-1)[inside]
        assert (change.max() > 0.1) == is_changed


def test_both_twins_become_the_other_shape():
    scene = sample_scene(5, SIZE, num_objects=3, with_twins=True)
    assert [thing.name for thing in edited_scene(scene, "swap", CHOICE).things[:2]] == ["donut", "donut"]


def test_backdrop_leaves_the_objects_unchanged():
    layers = sample_scene(5, SIZE, num_objects=2).render(3)
    inside = layers.visible(0) == 1
    assert np.allclose(EDITS["backdrop"].apply(layers, CHOICE)[inside], layers.picture[inside], atol=1e-6)


@pytest.mark.parametrize("edit", [name for name, entry in EDITS.items() if entry.kind == "whole"])
def test_textures_move_with_the_camera(edit):
    scene, margin, pixels = panning(8, 5), 16, 5
    first, second = (EDITS[edit].apply(scene.render(t), CHOICE) for t in (0, 1))
    inner = slice(margin, -margin)
    moved = second[inner, margin - pixels : -margin - pixels]
    assert np.abs(first[inner, inner] - moved).mean() < 0.01


def test_surface_is_the_screen_at_the_reference_time():
    layers = sample_scene(2, SIZE, reference=7.0).render(7.0)
    rows, columns = np.indices(layers.picture.shape[:2])
    assert np.allclose(layers.surface_x, columns, atol=1e-3)
    assert np.allclose(layers.surface_y, rows, atol=1e-3)


def test_swapped_object_is_rendered_as_the_other_shape_would_be():
    scene = sample_scene(5, SIZE, num_objects=2)
    swapped = EDITS["swap"].apply(scene.render(3), CHOICE)
    assert np.allclose(swapped, edited_scene(scene, "swap", CHOICE).render(3).picture, atol=1e-5)
    assert np.abs(swapped - scene.render(3).picture).max() > 0.2


def test_sunglasses_are_hidden_by_what_is_in_front():
    layers = sample_scene(5, SIZE, num_objects=2).render(3)
    wearer, other = layers.objects
    over = replace(other, window=wearer.window, alpha=np.ones_like(wearer.alpha), look=wearer.look)
    covered = replace(layers, objects=(wearer, over))
    assert np.allclose(EDITS["sunglasses"].apply(covered, CHOICE), covered.compose(), atol=1e-6)


def test_a_choice_is_drawn_for_the_object_that_is_meant():
    scene = sample_scene(5, SIZE, num_objects=3)
    drawn = [choose(scene, EDITS["named_colour"], np.random.default_rng(seed), target=1) for seed in range(20)]
    assert {choice.target for choice in drawn} == {1}
    assert scene.things[1].colour_name not in {choice.colour_name for choice in drawn}


def test_another_choice_seed_is_another_choice():
    first, again, other = (next(edit_clip(6, "paint", 1, SIZE, choice_seed=seed)) for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_one_choice_holds_for_a_whole_clip():
    """The painted object has one colour in every frame, up to the light on it."""
    frames = list(edit_clip(6, "paint", 9, SIZE, choice=CHOICE))
    scene = sample_scene(6, SIZE)
    means = [frames[t][scene.render(t).visible(0) > 0.99].mean(axis=0) for t in (0, 4, 8)]
    assert np.ptp(means, axis=0).max() < 12


def test_clip_is_the_scene_at_each_time():
    frames = list(render_clip(6, 3, SIZE))
    picture = sample_scene(6, SIZE).render(2.0).picture
    assert np.abs(frames[2] / 255 - picture).max() <= 0.5 / 255 + 1e-6


def test_edit_of_an_object_needs_one():
    photos = photographs("heldout")
    bare = next(seed for seed in range(50) if not sample_scene(seed, SIZE, photos).things)
    with pytest.raises(UsageError, match="no object"):
        edit_clip(bare, "paint", 1, SIZE, photos)


def test_heldout_wordings_are_new_but_their_words_are_not():
    trained, heldout = set(all_instructions("train")), set(all_instructions("heldout"))
    assert not trained & heldout
    words = {word for instruction in trained for word in instruction.split()}
    assert {word for instruction in heldout for word in instruction.split()} - words == set()


@pytest.mark.parametrize("split", ["train", "heldout"])
def test_pairs_use_the_wordings_of_their_split(split):
    known = set(all_instructions(split))
    assert all(sample_pair(seed, (32, 24), split).instruction in known for seed in range(20))


def test_enough_edits_leave_something_open():
    """Below 60 % the editor learns to do without self-attention."""
    total = sum(edit.weight for edit in EDITS.values())
    assert sum(edit.weight for edit in EDITS.values() if edit.is_open) / total >= 0.6
    assert 0.6 <= sum(edit.weight for edit in EDITS.values() if edit.kind == "object") / total <= 0.75


def test_windows_of_a_city_shine_at_night_where_no_object_hides_them():
    scene = replace(sample_scene(12, SIZE, num_objects=1), painter=city)
    layers = scene.render(0.0)
    lit, hidden = layers.lamps > 0.9, layers.visible(0) == 1
    assert lit.any()
    assert not layers.lamps[hidden].any()
    edited = EDITS["night"].apply(layers, CHOICE)
    assert edited[lit].mean() > 2 * edited[~lit].mean()


def test_a_photograph_has_no_lamps():
    layers = sample_scene(1, SIZE, photographs(), use_photo=True).render(0.0)
    assert not layers.lamps.any()


def test_hatching_runs_along_stripes():
    """Upright stripes: crests along them, so that the waves change across and hardly down."""
    layers = sample_scene(1, SIZE, num_objects=0, reference=0.0).render(0.0)
    stripes = np.broadcast_to(0.5 + 0.5 * np.sin(np.arange(SIZE[0], dtype=np.float32) / 3), SIZE[::-1]).copy()
    waves = Hatching(layers).follow(along(layers, stripes, 0.5, 1j))
    inner = waves[8:-8, 8:-8]
    assert np.abs(np.diff(inner, axis=1)).mean() > 5 * np.abs(np.diff(inner, axis=0)).mean()


@pytest.mark.parametrize("edit", ["night", "snow", "pencil", "oil", "mosaic", "pop_art"])
def test_a_frame_of_four_times_the_size_gets_the_same_edit(edit):
    small, large = (
        EDITS[edit].apply(sample_scene(12, (side * 4, side * 3), num_objects=1).render(0.0), CHOICE)
        for side in (48, 192)
    )
    reduced = large.reshape(144, 4, 192, 4, 3).mean(axis=(1, 3))
    assert np.abs(reduced - small).mean() < 0.03


def test_black_and_white_has_no_colour():
    edited = EDITS["black_and_white"].apply(sample_scene(3, SIZE).render(0.0), CHOICE)
    assert np.ptp(edited, axis=-1).max() < 1e-6
