"""Random scenes: what is in them, how it looks and how it moves, all drawn from a seed."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from fairy.lab.synthetic.backgrounds import PAINTERS
from fairy.lab.synthetic.motion import Pose, draw_path
from fairy.lab.synthetic.raster import colour, resize
from fairy.lab.synthetic.scenes import COLOURS, Scene, Thing
from fairy.lab.synthetic.shapes import SHAPES

UPRIGHT = ("can", "cone", "cube")
"""What sways a little; the other objects roll on."""


def sample_scene(
    seed: int | np.random.SeedSequence,
    size: tuple[int, int] = (192, 144),
    photos: Sequence[NDArray[np.uint8]] = (),
    *,
    num_objects: int | None = None,
    use_photo: bool | None = None,
    with_twins: bool = False,
    reference: float = 0.0,
) -> Scene:
    """A random scene of `size` (width, height). Unless told, photographs are used half of the time where there are any.

    Its objects are of different kinds, but that `with_twins` the second is another of the first one's kind.
    `reference` is the time at which the surfaces are those of the screen: textures of edits are aligned to that frame.
    """
    rng = np.random.default_rng(seed)
    width, height = size
    from_photo = bool(photos) and (rng.random() < 0.5 if use_photo is None else use_photo)
    if num_objects is None:
        num_objects = int(rng.integers(1, 4)) if not from_photo or rng.random() < 0.5 else 0
    photo = None
    if from_photo:
        photo = _crop_photo(rng, photos[int(rng.integers(len(photos)))], width, height)
    camera = _draw_camera(rng, from_photo)
    things = _draw_things(rng, num_objects, width / min(size), height / min(size))
    return Scene(
        width=width,
        height=height,
        camera=camera,
        things=_with_twin(things, rng.spawn(1)[0]) if with_twins else things,
        painter=PAINTERS[int(rng.integers(len(PAINTERS)))],
        painter_seed=int(rng.integers(2**31)),
        photo=photo,
        photo_gain=np.append(rng.uniform(0.85, 1.05) * rng.uniform(0.92, 1.06, 3), rng.uniform(0.8, 1.25)).astype(
            np.float32
        ),
        reference=reference,
    )


def _crop_photo(rng: np.random.Generator, photo: NDArray[np.uint8], width: int, height: int) -> NDArray[np.uint8]:
    """A random part of the photograph that covers the frame and a margin, stretched a little and perhaps mirrored."""
    margin = 1.15
    cover = margin * max(width / photo.shape[1], height / photo.shape[0]) * rng.uniform(1.0, 1.7)
    stretch = rng.uniform(0.0, 0.15, 2)
    scaled = resize(
        photo, *(round(side * cover * (1 + s)) for side, s in zip(photo.shape[1::-1], stretch, strict=True))
    )
    left, top = (
        int(rng.uniform(0, max(have - margin * need, 0)))
        for have, need in zip(scaled.shape[1::-1], (width, height), strict=True)
    )
    part = scaled[top : top + round(margin * height), left : left + round(margin * width)]
    return np.ascontiguousarray(part[:, ::-1] if rng.random() < 0.5 else part)


def _draw_camera(rng: np.random.Generator, from_photo: bool) -> Pose:
    if from_photo:
        return Pose(
            x=draw_path(rng, 0, 0.002, 0.04),
            y=draw_path(rng, 0, 0.001, 0.03),
            log_scale=draw_path(rng, 0.0, 0.001, 0.05),
            angle=draw_path(rng, rng.uniform(-0.08, 0.08), 0.0, 0.02),
        )
    return Pose(
        x=draw_path(rng, rng.uniform(-1, 1), 0.012, 0.06),
        y=draw_path(rng, rng.uniform(-0.06, 0.06), 0.001, 0.03),
        log_scale=draw_path(rng, rng.uniform(-0.25, 0.1), 0.002, 0.06),
        angle=draw_path(rng, rng.uniform(-0.05, 0.05), 0.0, 0.03),
    )


def _draw_things(rng: np.random.Generator, number: int, width: float, height: float) -> tuple[Thing, ...]:
    """Objects of different kinds, spread over the longer side (width, height in short sides)."""
    names = rng.permutation(list(SHAPES))[:number]
    things = []
    for slot, name in zip(rng.permutation(number), names, strict=True):
        radius = rng.uniform(0.15, 0.3 if number == 1 else 0.23)
        along = (slot + rng.uniform(0.35, 0.65)) / number - 0.5
        across = rng.uniform(-0.5, 0.5)
        x, y = (along, across) if width >= height else (across, along)
        colour_name = str(rng.choice(list(COLOURS)))
        hue, saturation, value = COLOURS[colour_name]
        upright = name in UPRIGHT
        pose = Pose(
            x=draw_path(rng, x * (width - 1.6 * radius), 0.001, 0.12),
            y=draw_path(rng, y * (height - 2 * radius), 0.0, 0.08),
            log_scale=draw_path(rng, float(np.log(radius)), 0.0, 0.08),
            angle=draw_path(rng, 0.0, 0.0 if upright else 0.04, 0.12),
        )
        tone = colour(
            hue + rng.uniform(-0.012, 0.012), saturation * rng.uniform(0.85, 1), value * rng.uniform(0.9, 1.03)
        )
        things.append(Thing(str(name), colour_name, tone, pose))
    return tuple(things)


def _with_twin(things: tuple[Thing, ...], rng: np.random.Generator) -> tuple[Thing, ...]:
    """The second thing as one of the first one's kind, half of the time in its color, too."""
    if len(things) < 2:
        return things
    first, second, *others = things
    twin = replace(second, name=first.name)
    if rng.random() < 0.5:
        twin = replace(twin, colour_name=first.colour_name, colour=first.colour)
    return (first, twin, *others)
