"""A scene: a backdrop or a photograph, a moving camera, a few shaded objects.

Its state at time t depends on (seed, t) only.

Three planes, joined by similarities: screen (pixels), world (unit: the frame's short side), object (about -1..1).
Textures live in the world or on an object, so the flow between any two frames is known exactly. H, W: the frame's size.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from fairy.lab.synthetic.backgrounds import Painter, city, city_windows
from fairy.lab.synthetic.motion import Pose, Similarity
from fairy.lab.synthetic.raster import Array, mix, sample, step
from fairy.lab.synthetic.shapes import SHAPES

COLOURS: dict[str, tuple[float, float, float]] = {  # hue (a turn), saturation, value
    "red": (0.99, 0.85, 0.85),
    "orange": (0.07, 0.9, 0.97),
    "yellow": (0.145, 0.85, 0.97),
    "green": (0.35, 0.8, 0.65),
    "blue": (0.6, 0.85, 0.85),
    "purple": (0.77, 0.65, 0.7),
    "pink": (0.9, 0.45, 0.98),
    "white": (0.1, 0.03, 0.97),
}
SHADOW = 0.5


@dataclass(frozen=True)
class Thing:
    """An object of the scene; `pose` maps object coordinates to the screen (unit: short side, origin: middle)."""

    name: str
    colour_name: str
    colour: Array
    pose: Pose


@dataclass(frozen=True)
class Look:
    """How an object is painted: albedo (h, w, 3) or (3,), multiplied by shade (h, w), plus gloss (h, w) of white."""

    albedo: Array
    shade: Array
    gloss: Array


@dataclass(frozen=True)
class ObjectLayer:
    """One object in a frame, inside its window of the frame: coverage alpha, object coordinates x and y, and its look.

    of_screen maps screen pixels to object coordinates."""

    name: str
    colour_name: str
    window: tuple[slice, slice]
    alpha: Array
    x: Array
    y: Array
    look: Look
    of_screen: Similarity


@dataclass(frozen=True)
class Layers:
    """A frame and what it is made of.

    surface_x, surface_y (H, W): where each pixel's piece of world or object was on the screen at the scene's reference
    time, in pixels: what an edit draws there stays on the surface.
    turn (H, W): screen offset per surface offset, complex.
    lamps (H, W): how much of each pixel is a window or a lamp that shines at night, 0..1.
    grain: the pitch of textures in pixels, 8 for frames of 144 to 287 lines, twice as much for twice as many.
    """

    picture: Array
    background: Array
    objects: tuple[ObjectLayer, ...]
    surface_x: Array
    surface_y: Array
    turn: NDArray[np.complex64]
    lamps: Array
    grain: int

    def compose(self, background: Array | None = None, looks: Mapping[int, Look] | None = None) -> Array:
        """The frame again, with another background or other looks for some objects (by index)."""
        picture = (self.background if background is None else background).copy()
        for index, layer in enumerate(self.objects):
            paint_layer(picture, layer, (looks or {}).get(index, layer.look))
        return picture

    def alike(self, index: int) -> tuple[int, ...]:
        """The objects that the name of object `index` means: it and its twins."""
        return alike(self.objects, index)

    def visible(self, index: int) -> Array:
        """How much of each pixel shows object `index`, float32 (H, W)."""
        mask = np.zeros(self.picture.shape[:2], np.float32)
        mask[self.objects[index].window] = self.objects[index].alpha
        for later in self.objects[index + 1 :]:
            mask[later.window] *= 1 - later.alpha
        return mask


@dataclass(frozen=True)
class Scene:
    """`photo` (h, w, 3) uint8 is at one pixel a frame pixel; without one, `painter` draws the backdrop."""

    width: int
    height: int
    camera: Pose
    things: tuple[Thing, ...]
    painter: Painter
    painter_seed: int
    photo: NDArray[np.uint8] | None
    photo_gain: Array
    reference: float = 0.0

    def faster(self, speed: float) -> "Scene":
        """The scene in which all moves `speed` times as fast; at time 0 it is the same."""
        things = tuple(replace(thing, pose=thing.pose.faster(speed)) for thing in self.things)
        return replace(self, camera=self.camera.faster(speed), things=things)

    @property
    def short_side(self) -> int:
        return min(self.width, self.height)

    @property
    def _unit(self) -> Similarity:
        """Screen pixels to screen units."""
        middle = complex(self.width - 1, self.height - 1) / 2
        return Similarity(1 / self.short_side, -middle / self.short_side)

    def world_of_screen(self, t: float) -> Similarity:
        return self.camera.at(t).after(self._unit)

    def object_of_screen(self, index: int, t: float) -> Similarity:
        return self.things[index].pose.at(t).inverse().after(self._unit)

    def render(self, t: float) -> Layers:
        x, y = np.meshgrid(np.arange(self.width, dtype=np.float32), np.arange(self.height, dtype=np.float32))
        to_world = self.world_of_screen(t)
        background = self._backdrop(*to_world(x, y))
        lamps = self._lamps(*to_world(x, y))
        surface = self.world_of_screen(self.reference).inverse().after(to_world)
        surface_x, surface_y = surface(x, y)
        turn = np.full(x.shape, 1 / surface.a, np.complex64)
        layers = []
        for index, thing in enumerate(self.things):
            to_object = self.object_of_screen(index, t)
            layer = _object_layer(thing, to_object, x, y, background)
            surface = self.object_of_screen(index, self.reference).inverse().after(to_object)
            inside = layer.alpha > 0.5
            for target, values in zip((surface_x, surface_y), surface(x[layer.window], y[layer.window]), strict=True):
                target[layer.window][inside] = values[inside]
            turn[layer.window][inside] = 1 / surface.a
            layers.append(layer)
        picture = background.copy()
        for layer in layers:
            paint_layer(picture, layer, layer.look)
        for layer in layers:
            lamps[layer.window] *= 1 - layer.alpha
        grain = 8 * 2 ** max(0, int(np.log2(self.short_side / 144)))
        return Layers(picture, background, tuple(layers), surface_x, surface_y, turn, lamps, grain)

    def _backdrop(self, x: Array, y: Array) -> Array:
        if self.photo is None:
            picture = self.painter(x, y, np.random.default_rng(self.painter_seed))
            return np.clip(picture, 0, 1)
        height, width = self.photo.shape[:2]
        columns, rows = x * self.short_side + (width - 1) / 2, y * self.short_side + (height - 1) / 2
        picture = sample(self.photo.astype(np.float32), columns, rows) / 255
        return np.clip(picture ** self.photo_gain[3] * self.photo_gain[:3], 0, 1)

    def _lamps(self, x: Array, y: Array) -> Array:
        if self.photo is None and self.painter is city:
            return city_windows(x, y)
        return np.zeros_like(x)


def alike(objects: Sequence[Thing | ObjectLayer], index: int) -> tuple[int, ...]:
    """Those of the same name as number `index`, which is among them: an instruction that names one means all."""
    return tuple(number for number, other in enumerate(objects) if other.name == objects[index].name)


def paint_layer(picture: Array, layer: ObjectLayer, look: Look) -> None:
    body = np.clip(look.albedo * look.shade[..., None] + look.gloss[..., None], 0, 1)
    picture[layer.window] = mix(picture[layer.window], body, layer.alpha)


def _object_layer(thing: Thing, to_object: Similarity, x: Array, y: Array, background: Array) -> ObjectLayer:
    """Render one object, and darken the background by its soft shadow."""
    height, width = x.shape
    radius = 1 / abs(to_object.a)
    middle = to_object.inverse().b
    window = window_around(middle, 1.25 * radius, width, height)
    local_x, local_y = to_object(x[window], y[window])
    distance, shade, gloss = SHAPES[thing.name](local_x, local_y)
    alpha = np.clip(0.5 - distance * np.float32(radius), 0, 1)
    around = window_around(middle + 0.95j * radius, 1.5 * radius, width, height)
    off_x = (x[around] - middle.real - 0.2 * radius) / (0.95 * radius)
    off_y = (y[around] - middle.imag - 0.95 * radius) / (0.3 * radius)
    background[around] *= (1 - SHADOW * step(np.hypot(off_x, off_y), 1.2, 0.2))[..., None]
    look = Look(thing.colour, shade, gloss)
    return ObjectLayer(thing.name, thing.colour_name, window, alpha, local_x, local_y, look, to_object)


def window_around(middle: complex, reach: float, width: int, height: int) -> tuple[slice, slice]:
    def span(centre: float, limit: int) -> slice:
        return slice(int(np.clip(centre - reach, 0, limit)), int(np.clip(centre + reach + 2, 0, limit)))

    return span(middle.imag, height), span(middle.real, width)
