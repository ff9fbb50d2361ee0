"""Edits of objects, and of the background behind them: paint, colour, wood, gold, hat, backdrop, swap, sunglasses.

An edit of one object is one of all objects of its name, with the same choice for all (`Layers.alike`)."""

from collections.abc import Callable
from dataclasses import replace
from itertools import chain

import numpy as np

from fairy.lab.synthetic.choice import Choice
from fairy.lab.synthetic.raster import Array, colour, luma, mix, noise, step
from fairy.lab.synthetic.scenes import COLOURS, Layers, Look, ObjectLayer, paint_layer, window_around
from fairy.lab.synthetic.shapes import SHAPES


def paint(layers: Layers, choice: Choice) -> Array:
    """One object in a colour that is open."""
    return _repaint(layers, choice, lambda layer: _painted(layer, _open_colour(choice)))


def paint_all(layers: Layers, choice: Choice) -> Array:
    """All objects in one colour that is open."""
    albedo = _open_colour(choice)
    return layers.compose(looks={index: _painted(layer, albedo) for index, layer in enumerate(layers.objects)})


def named_colour(layers: Layers, choice: Choice) -> Array:
    """One object in the colour that is named."""
    albedo = colour(*COLOURS[choice.colour_name])
    return _repaint(layers, choice, lambda layer: _painted(layer, albedo))


def backdrop(layers: Layers, choice: Choice) -> Array:
    """The background in shades of one colour that is open; the objects stay as they are."""
    grey = luma(layers.background)[..., None]
    return layers.compose(background=np.clip((0.12 + 0.95 * grey) * colour(choice.hue, 0.6, 1.0) + 0.1 * grey, 0, 1))


def wood(layers: Layers, choice: Choice) -> Array:
    """One object of wood (open: from pale to dark, yellow to red)."""
    tone = 0.4 + 0.55 * choice.tone
    light, dark = colour(0.11 - 0.09 * choice.hue, 0.6, tone), colour(0.09 - 0.08 * choice.hue, 0.75, 0.5 * tone)

    def carved(layer: ObjectLayer) -> Look:
        bend = noise(layer.x * 0.08, layer.y * 0.08, 7)
        ring = np.hypot(0.35 * (layer.x - 0.4), layer.y + 1.4) + 0.22 * bend
        vein = 0.5 + 0.5 * np.cos(ring * np.float32(21))
        albedo = mix(np.broadcast_to(light, (*vein.shape, 3)), dark, vein)
        return Look(albedo, layer.look.shade, 0.15 * layer.look.gloss)

    return _repaint(layers, choice, carved)


def gold(layers: Layers, choice: Choice) -> Array:
    """One object of polished gold."""

    def polished(layer: ObjectLayer) -> Look:
        shade = layer.look.shade
        sheen = 0.5 + 0.5 * np.sin(9 * shade + 2.5 * layer.y)
        bright = np.clip(0.3 + 0.75 * shade * (0.55 + 0.7 * sheen), 0.2, 1.3)
        return Look(colour(0.12, 0.78, 0.95), bright, np.clip(layer.look.gloss + 0.45 * sheen**6 * shade, 0, 1))

    return _repaint(layers, choice, polished)


def hat(layers: Layers, choice: Choice) -> Array:
    """A top hat on one object (open: its colour)."""
    picture = layers.compose()
    for index in layers.alike(choice.target):
        _put_hat(picture, layers.objects[index], colour(choice.hue, 0.78, 0.82))
    return picture


def _put_hat(picture: Array, wearer: ObjectLayer, albedo: Array) -> None:
    to_object = wearer.of_screen
    height, width = picture.shape[:2]
    middle = to_object.inverse().point(-1.15j)
    window = window_around(middle, 1.2 / abs(to_object.a), width, height)
    rows, columns = np.indices((height, width), np.float32)
    x, y = to_object(columns[window], rows[window])
    brim = (np.hypot(x / 0.85, (y + 0.82) / 0.17) - 1) * 0.17
    crown = np.maximum(np.abs(x) - 0.5, np.abs(y + 1.25) - 0.45)
    alpha = np.clip(0.5 - np.minimum(brim, crown) / np.float32(abs(to_object.a)), 0, 1)
    band = step(np.abs(y + 0.98), 0.12, 0.09) * step(np.abs(x), 0.53, 0.5)
    shade = (0.95 - 0.45 * np.clip(x, -1, 1)) * (1 - 0.6 * band)
    look = Look(albedo, shade, np.zeros_like(x))
    paint_layer(picture, ObjectLayer("hat", "", window, alpha, x, y, look, to_object), look)


def swap(layers: Layers, choice: Choice) -> Array:
    """One object becomes another shape of the same colour, size and motion; the shadow stays."""

    def turned(before: ObjectLayer) -> tuple[ObjectLayer, ...]:
        distance, shade, gloss = SHAPES[choice.shape_name](before.x, before.y)
        return (replace(before, alpha=_coverage(distance, before), look=Look(before.look.albedo, shade, gloss)),)

    return _exchange(layers, choice, turned)


def sunglasses(layers: Layers, choice: Choice) -> Array:
    """Black sunglasses on one object (open: the colour of their frame). What is in front of it hides them, too."""

    def wearing(wearer: ObjectLayer) -> tuple[ObjectLayer, ...]:
        x, y = np.abs(wearer.x), wearer.y + 0.2
        lens = (np.hypot((x - 0.38) / 0.34, y / 0.27) - 1) * 0.3
        bridge = np.maximum(x - 0.2, np.abs(y + 0.06) - 0.06)
        is_lens = step(lens, -0.05, -0.09)
        albedo = mix(np.broadcast_to(colour(choice.hue, 0.85, 0.85), (*x.shape, 3)), colour(0.6, 0.2, 0.07), is_lens)
        shine = 0.35 * is_lens * step(np.abs(wearer.x + y - 0.38 * np.sign(wearer.x)), 0.07, 0.04)
        look = Look(albedo, np.ones_like(x), shine)
        glasses = replace(wearer, name="sunglasses", alpha=_coverage(np.minimum(lens, bridge), wearer), look=look)
        return wearer, glasses

    return _exchange(layers, choice, wearing)


def _coverage(distance: Array, layer: ObjectLayer) -> Array:
    """How much of each pixel is within a distance, in object coordinates, of less than 0."""
    return np.clip(0.5 - distance / np.float32(abs(layer.of_screen.a)), 0, 1)


def _repaint(layers: Layers, choice: Choice, look: Callable[[ObjectLayer], Look]) -> Array:
    """The frame with another look for the objects that are meant."""
    return layers.compose(looks={index: look(layers.objects[index]) for index in layers.alike(choice.target)})


def _exchange(layers: Layers, choice: Choice, instead: Callable[[ObjectLayer], tuple[ObjectLayer, ...]]) -> Array:
    """The frame with others in place of the objects that are meant."""
    meant = layers.alike(choice.target)
    parts = [instead(layer) if index in meant else (layer,) for index, layer in enumerate(layers.objects)]
    return replace(layers, objects=tuple(chain.from_iterable(parts))).compose()


def _open_colour(choice: Choice) -> Array:
    return colour(choice.hue, 0.78, 0.74 + 0.2 * choice.tone)


def _painted(layer: ObjectLayer, albedo: Array) -> Look:
    return Look(albedo, layer.look.shade, layer.look.gloss)
