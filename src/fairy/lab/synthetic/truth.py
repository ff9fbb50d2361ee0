"""What is exactly known of a scene's clip: flow, occlusion, masks and point tracks, all from the motion in closed form.

A scene is a stack of flat surfaces: surface 0 is the world (the backdrop), surface i + 1 is object i, later ones in
front. Each moves over the screen by a similarity. A point of an object is a point of its own coordinates, so the
object's light and gloss, which are painted in those coordinates, move with it. Its shadow lies on the world but moves
with the object: there the flow is that of the world, not of the shadow.

Positions are in pixels, x right, y down, (0, 0) the centre of the first pixel; the picture spans -0.5 to W - 0.5.
Inside this file a position is the complex number x + iy. H, W: the frame's size; T frames, N points.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from fairy.lab.synthetic.motion import Similarity
from fairy.lab.synthetic.raster import Array, sample
from fairy.lab.synthetic.scenes import Scene
from fairy.lab.synthetic.shapes import SHAPES

Points = NDArray[np.complex128]


@dataclass(frozen=True)
class Flow:
    """From one frame to another.

    vectors: float32 (H, W, 2), x then y: what is seen at pixel p of the one frame is at p + vectors[p] in the other.
    occluded: bool (H, W): there it is behind an object, or outside of the picture.
    """

    vectors: NDArray[np.float32]
    occluded: NDArray[np.bool_]


@dataclass(frozen=True)
class Tracks:
    """Points followed through a clip, laid out as in TAP-Vid.

    points: float32 (N, 3), the frame t, y and x where each one is asked for, and visible.
    tracks: float32 (N, T, 2), x then y. occluded: bool (N, T), hidden or outside. surface: uint8 (N,).
    """

    points: NDArray[np.float32]
    tracks: NDArray[np.float32]
    occluded: NDArray[np.bool_]
    surface: NDArray[np.uint8]


def surfaces(scene: Scene, t: float) -> tuple[Similarity, ...]:
    """Screen pixels to the coordinates of each surface: the world first, then the objects."""
    objects = (scene.object_of_screen(index, t) for index in range(len(scene.things)))
    return (scene.world_of_screen(t), *objects)


def object_mask(scene: Scene, t: float) -> NDArray[np.uint8]:
    """The surface that each pixel's centre shows, (H, W): 0 the world, i + 1 object i."""
    return _surface_at(scene, _pixels(scene), t)


def flow_between(scene: Scene, start: float, stop: float) -> Flow:
    """The flow from the frame at time `start` to the one at `stop`, any two times."""
    here = _pixels(scene)
    shown = _surface_at(scene, here, start)
    there = np.empty_like(here)
    for index, (before, after) in enumerate(zip(surfaces(scene, start), surfaces(scene, stop), strict=True)):
        there[shown == index] = after.inverse().after(before).point(here[shown == index])
    moved = there - here
    vectors = np.stack([moved.real, moved.imag], axis=-1).astype(np.float32)
    return Flow(vectors, _is_hidden(scene, there, shown, stop))


def follow(scene: Scene, points: NDArray[np.float32], num_frames: int) -> Tracks:
    """The tracks of `points` (N, 3), each t, y, x, through the frames 0 to `num_frames` - 1."""
    place = points[:, 2] + 1j * points[:, 1].astype(np.float64)
    surface = np.zeros(len(points), np.uint8)
    fixed = np.empty(len(points), np.complex128)  # in the coordinates of each point's own surface
    for t in np.unique(points[:, 0]):
        asked = points[:, 0] == t
        surface[asked] = _surface_at(scene, place[asked], float(t))
        for index, of_screen in enumerate(surfaces(scene, float(t))):
            chosen = asked & (surface == index)
            fixed[chosen] = of_screen.point(place[chosen])
    tracks = np.empty((len(points), num_frames, 2), np.float32)
    occluded = np.empty((len(points), num_frames), bool)
    for t in range(num_frames):
        now = np.empty_like(fixed)
        for index, of_screen in enumerate(surfaces(scene, t)):
            now[surface == index] = of_screen.inverse().point(fixed[surface == index])
        tracks[:, t, 0], tracks[:, t, 1] = now.real, now.imag
        occluded[:, t] = _is_hidden(scene, now, surface, t)
    return Tracks(points, tracks, occluded, surface)


def draw_queries(scene: Scene, num_frames: int, num_points: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """Points (N, 3) to follow: centres of pixels in random frames, spread evenly over the surfaces in sight."""
    points = np.empty((num_points, 3), np.float32)
    for index in range(num_points):
        t = int(rng.integers(num_frames))
        mask = object_mask(scene, t)
        rows, columns = np.nonzero(mask == rng.choice(np.unique(mask)))
        chosen = int(rng.integers(len(rows)))
        points[index] = t, rows[chosen], columns[chosen]
    return points


def warp(picture: Array, flow: Flow) -> Array:
    """The other frame's picture (H, W, 3), float32, as it would look in this one: sampled where the flow leads."""
    rows, columns = np.indices(flow.occluded.shape, np.float32)
    return sample(picture, columns + flow.vectors[..., 0], rows + flow.vectors[..., 1])


def flicker(scene: Scene, frames: Iterable[NDArray[np.uint8]]) -> float:
    """How much a clip of the scene, or an edit of it, changes from frame to frame beyond the scene's own motion.

    Mean absolute difference, in levels of 255, of each frame and the next one warped to it, occluded pixels left out.
    A frame warped this way is never quite itself, for it is interpolated: compare with the flicker of the source.
    """
    differences = []
    for t, (frame, following) in enumerate(pairwise(frames)):
        flow = flow_between(scene, t, t + 1)
        change = np.abs(frame - warp(following.astype(np.float32), flow))
        differences.append(float(change[~flow.occluded].mean()))
    return float(np.mean(differences))


def _pixels(scene: Scene) -> Points:
    rows, columns = np.indices((scene.height, scene.width))
    return columns + 1j * rows.astype(np.float64)


def _surface_at(scene: Scene, places: Points, t: float) -> NDArray[np.uint8]:
    """The surface in front at each place of the screen."""
    shown = np.zeros(places.shape, np.uint8)
    for index in range(len(scene.things)):
        shown[_is_inside(scene, index, places, t)] = index + 1
    return shown


def _is_hidden(scene: Scene, places: Points, surface: NDArray[np.uint8], t: float) -> NDArray[np.bool_]:
    """Is the point of `surface` that is at a place of the screen outside of the picture, or behind a later object?"""
    hidden = (np.abs(places.real - (scene.width - 1) / 2) > scene.width / 2) | (
        np.abs(places.imag - (scene.height - 1) / 2) > scene.height / 2
    )
    for index in range(len(scene.things)):
        hidden |= (surface <= index) & _is_inside(scene, index, places, t)
    return hidden


def _is_inside(scene: Scene, index: int, places: Points, t: float) -> NDArray[np.bool_]:
    """Is the place within the outline of object `index`, where half of a pixel's width would be covered?"""
    local = scene.object_of_screen(index, t).point(places)
    distance, _shade, _gloss = SHAPES[scene.things[index].name](local.real, local.imag)
    return distance < 0
