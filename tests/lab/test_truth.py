"""The exact truth of a synthetic clip, against motions and occlusions that are known in advance."""

from dataclasses import replace

import numpy as np
import pytest

from fairy.lab.synthetic import (
    EDITS,
    Choice,
    draw_queries,
    flicker,
    flow_between,
    follow,
    object_mask,
    sample_scene,
    warp,
)
from fairy.lab.synthetic.backgrounds import studio
from fairy.lab.synthetic.motion import Path, Pose
from fairy.lab.synthetic.pairs import to_pixels
from fairy.lab.synthetic.scenes import Scene, Thing

SIZE = (96, 72)


def steady(start: float, rate: float = 0.0) -> Path:
    return Path(start=start, rate=rate, swing=0.0, period=1.0, phase=0.0)


def moving(x: Path, log_scale: float = 0.0) -> Pose:
    return Pose(x=x, y=steady(0.0), log_scale=steady(log_scale), angle=steady(0.0))


def place(scene: Scene, *xs: Path) -> Scene:
    """Balls of 14.4 pixels' radius at half the height, the later ones in front. The camera stands still."""
    ball = Thing("ball", "red", np.array([0.9, 0.1, 0.1], np.float32), moving(steady(0.0)))
    things = tuple(replace(ball, pose=moving(x, float(np.log(0.2)))) for x in xs)
    return replace(scene, camera=moving(steady(0.0)), things=things)


@pytest.fixture(scope="module")
def scene() -> Scene:
    """Three objects that move over a world that moves."""
    return sample_scene(11, SIZE, num_objects=3)


def test_pan_gives_constant_flow(scene: Scene) -> None:
    panning = replace(scene, things=(), camera=moving(steady(0.0, 5 / 72)))
    flow = flow_between(panning, 0, 1)
    assert np.allclose(flow.vectors, [-5, 0], atol=1e-5)
    assert flow.occluded[:, :5].all()
    assert not flow.occluded[:, 5:].any()


def test_forward_and_backward_flow_are_inverse(scene: Scene) -> None:
    """Where the four pixels that are interpolated lie on one surface; OpenCV rounds positions to 1/32 pixel."""
    forward, backward = flow_between(scene, 0, 8), flow_between(scene, 8, 0)
    shown, later = (np.eye(4, dtype=np.float32)[object_mask(scene, t)] for t in (0, 8))
    on_one = ~forward.occluded & ((warp(later, forward) * shown).sum(axis=-1) > 0.999)
    assert on_one.mean() > 0.7
    assert np.abs(forward.vectors).max() > 3
    assert np.abs(warp(backward.vectors, forward) + forward.vectors)[on_one].max() < 0.02


def test_warped_later_frame_is_this_frame(scene: Scene) -> None:
    """Up to interpolation and, of the world, the shadows; without the half covered rims of objects."""
    smooth = replace(scene, painter=studio)
    first, later = smooth.render(0), smooth.render(8)
    flow = flow_between(smooth, 0, 8)
    error = np.abs(first.picture - warp(later.picture, flow)).mean(axis=-1)
    solid = [layers.visible(index) % 1 == 0 for layers in (first, later) for index in range(3)]
    known = ~flow.occluded & np.all(solid[:3], axis=0) & (warp(np.all(solid[3:], axis=0).astype(np.float32), flow) == 1)
    assert known.mean() > 0.7
    assert np.percentile(error[known], 90) < 0.005
    assert error[known].mean() < np.abs(first.picture - later.picture)[known].mean() / 3


def test_mask_is_what_the_renderer_shows(scene: Scene) -> None:
    layers, mask = scene.render(4), object_mask(scene, 4)
    for index in range(3):
        visible = layers.visible(index)
        assert (mask[visible > 0.99] == index + 1).all()
        assert (mask[visible < 0.01] != index + 1).all()


def test_tracks_follow_the_centre_of_an_object(scene: Scene) -> None:
    rolling = place(scene, steady(-0.3, 0.02))
    centre = 47.5 - 0.3 * 72
    tracks = follow(rolling, np.array([[0, 35.5, centre]], np.float32), 10)
    assert np.allclose(tracks.tracks[0, :, 0], centre + 0.02 * 72 * np.arange(10), atol=1e-4)
    assert np.allclose(tracks.tracks[0, :, 1], 35.5, atol=1e-4)
    assert not tracks.occluded.any()


def test_object_in_front_hides_the_one_behind(scene: Scene) -> None:
    """The second ball rolls 36 pixels to the right until it lies over the first: their centres are then the same."""
    meeting = place(scene, steady(0.25), steady(-0.25, 0.5))
    flow, mask = flow_between(meeting, 0, 1), object_mask(meeting, 0)
    assert flow.occluded[mask == 1].all()
    assert not flow.occluded[mask == 2].any()
    covered = object_mask(meeting, 1) == 2
    assert np.array_equal(flow.occluded[mask == 0], covered[mask == 0])


def test_tracks_are_occluded_while_hidden(scene: Scene) -> None:
    """Ball 1 rests; ball 2, 28.8 wide, passes its centre at frame 10 with 3.96 pixels a frame: hidden from 7 to 13."""
    passing = place(scene, steady(0.0), steady(-0.55, 0.055))
    tracks = follow(passing, np.array([[0, 35.5, 47.5], [0, 35.5, 80]], np.float32), 24)
    assert np.flatnonzero(tracks.occluded[0]).tolist() == [7, 8, 9, 10, 11, 12, 13]
    assert tracks.surface.tolist() == [1, 0]


def test_tracks_agree_with_the_flow(scene: Scene) -> None:
    points = draw_queries(scene, 1, 20, np.random.default_rng(0))
    tracks, flow = follow(scene, points, 8), flow_between(scene, 0, 7)
    rows, columns = points[:, 1].astype(int), points[:, 2].astype(int)
    assert np.allclose(tracks.tracks[:, 7] - tracks.tracks[:, 0], flow.vectors[rows, columns], atol=1e-4)
    assert np.array_equal(tracks.occluded[:, 7], flow.occluded[rows, columns])


def test_queries_are_visible_and_spread(scene: Scene) -> None:
    tracks = follow(scene, draw_queries(scene, 6, 40, np.random.default_rng(1)), 6)
    asked = tracks.points[:, 0].astype(int)
    assert not tracks.occluded[np.arange(40), asked].any()
    assert np.allclose(tracks.tracks[np.arange(40), asked], tracks.points[:, [2, 1]], atol=1e-4)
    assert set(tracks.surface.tolist()) == {0, 1, 2, 3}


@pytest.mark.parametrize("edit", ["wood", "oil"])
def test_exact_edit_moves_with_the_scene(edit: str) -> None:
    """Textures of the object and of all surfaces. A pan by whole pixels needs no interpolation."""
    scene = sample_scene(11, SIZE, num_objects=1)
    panning = place(scene, steady(-0.2, 4 / 72))
    panning = replace(panning, camera=moving(steady(0.0, -4 / 72)))
    choice = Choice(hue=0.1, second_hue=0.5, tone=0.5)
    frames = [to_pixels(EDITS[edit].apply(panning.render(t), choice)) for t in range(4)]
    assert flicker(panning, frames) < 1.5
    assert flicker(panning, frames[:1] * 4) > 10
