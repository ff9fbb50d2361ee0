"""Edits that redraw the whole picture: pencil, oil, mosaic, cartoon, watercolour, pop art.

Strokes, tiles and hatching are laid on the surface (`Layers.surface_x`, `surface_y`) and move with what they cover.
"""

import numpy as np

from fairy.lab.synthetic.choice import Choice
from fairy.lab.synthetic.raster import (
    Array,
    blur,
    cell_hash,
    colour,
    from_hsv,
    gradients,
    luma,
    mix,
    noise,
    sample,
    smooth_flat,
    step,
    to_hsv,
    widen,
)
from fairy.lab.synthetic.scenes import Layers


def pencil(layers: Layers, choice: Choice) -> Array:
    """Grey outlines and hatching on tinted paper (open: its tint)."""
    grain = layers.grain
    soft = blur(layers.picture, 0.12 * grain)
    grey = luma(soft)
    tone = step(grey, 0.0, 0.85)
    first = 0.5 + 0.5 * np.cos((layers.surface_x + layers.surface_y) * np.float32(2 * np.pi / grain))
    second = 0.5 + 0.5 * np.cos((layers.surface_x - layers.surface_y) * np.float32(2 * np.pi / grain))
    hatch = np.maximum(first * step(tone, 0.75, 0.15), second * step(tone, 0.35, 0.0))
    ink = np.clip(0.6 * hatch + 0.15 * (1 - tone) + _colour_outline(soft, 0.035, 0.09), 0, 1)
    paper = colour(choice.hue, 0.1 + 0.12 * choice.tone, 0.98)
    return mix(np.broadcast_to(paper, layers.picture.shape), colour(0.6, 0.1, 0.16), ink * 0.88)


def oil(layers: Layers, _choice: Choice) -> Array:
    """Broad flat brush strokes in strong colours."""
    grain = layers.grain
    hue, saturation, value = to_hsv(blur(layers.picture, 0.15 * grain))
    paint = from_hsv(hue, np.clip(saturation * 1.3 + 0.05, 0, 1), np.clip(value * 1.08, 0, 1))
    picture, _cover = _brush(layers, paint, 0.35, 0.7 * grain, 3)
    for angle, width, salt in ((1.25, 0.9 * grain, 7), (0.75, 0.75 * grain, 12)):
        coat, cover = _brush(layers, paint, angle, width, salt)
        is_near = step(np.abs(luma(coat) - luma(paint)), 0.22, 0.1)  # a stroke stops at the rim of what it paints
        picture = mix(picture, coat, cover * is_near)
    return np.clip(picture, 0, 1)


def mosaic(layers: Layers, choice: Choice) -> Array:
    """Square tiles in grout (open: its colour)."""
    grain = np.float32(layers.grain)
    x, y = (layers.surface_x + 0.5) / grain, (layers.surface_y + 0.5) / grain
    column, row = np.floor(x), np.floor(y)
    off_x, off_y = x - column - 0.5, y - row - 0.5
    tile = _sample_near(layers, blur(layers.picture, 0.3 * layers.grain), -off_x * grain, -off_y * grain)
    tile = 0.5 + 1.15 * (tile - 0.5)
    tile = tile * (0.9 + 0.2 * cell_hash(column, row, 1) - 0.16 * (off_x + off_y))[..., None]
    inset = (0.5 - np.maximum(np.abs(off_x), np.abs(off_y))) * grain
    grout = colour(choice.hue, 0.6, 0.15 + 0.8 * choice.tone)
    return np.clip(mix(np.broadcast_to(grout, tile.shape), tile, step(inset, 0.0, 0.25 * layers.grain)), 0, 1)


def cartoon(layers: Layers, _choice: Choice) -> Array:
    """Flat bright colours inside thick black outlines."""
    flat = smooth_flat(layers.picture, layers.grain // 2, 0.25)
    hue, saturation, value = to_hsv(flat)
    levels = 4.0
    band = value * levels
    value = (np.floor(band) + step(band - np.floor(band), 0.4, 0.6)) / levels
    picture = from_hsv(hue, np.clip(saturation * 1.45, 0, 1), np.clip(0.12 + 0.9 * value, 0, 1))
    return mix(picture, np.full(3, 0.03, np.float32), _colour_outline(flat, 0.06, 0.11))


def watercolour(layers: Layers, choice: Choice) -> Array:
    """Pale washes that run into each other, darker rims, white paper; one wash colour over all is open."""
    grain = np.float32(layers.grain)
    u, v = layers.surface_x / (16 * grain), layers.surface_y / (16 * grain)
    bleed_x, bleed_y = noise(u, v, 2) - 0.5, noise(u, v, 3) - 0.5
    wash_in = smooth_flat(layers.picture, layers.grain // 2, 0.25)
    wet = _sample_near(layers, wash_in, 0.45 * bleed_x * grain, 0.45 * bleed_y * grain)
    rim = _outline(luma(wet), 0.02, 0.1)
    wash = colour(choice.hue, 0.4, 1.0)
    pale = 1 - (1 - wet) * (0.62 + 0.3 * (noise(u * 0.7, v * 0.7, 5) - 0.3))[..., None]
    pale = mix(pale, pale * wash, 0.6)
    paper = 0.97 + 0.06 * (noise(u * 6, v * 6, 0) - 0.5)
    return np.clip(pale * (paper - 0.25 * rim)[..., None] + 0.02, 0, 1)


def pop_art(layers: Layers, choice: Choice) -> Array:
    """Printed dots on flat loud colours (open: the inks)."""
    grain = np.float32(layers.grain)
    soft = blur(layers.picture, 0.2 * layers.grain)
    grey = luma(soft)
    tone = 0.5 * grey + 0.5 * step(grey, 0.05, 1.0)
    x, y = np.mod((layers.surface_x + 0.5) / grain, 1) - 0.5, np.mod((layers.surface_y + 0.5) / grain, 1) - 0.5
    dot = step(np.hypot(x, y) - 0.62 * np.sqrt(np.clip(1.02 - tone, 0, 1)), 0.08, -0.08)
    paper, ink = colour(choice.hue, 0.55, 1.0), colour(choice.hue + 0.3 + 0.4 * choice.second_hue, 0.9, 0.75)
    picture = mix(np.broadcast_to(paper, layers.picture.shape), ink, dot)
    black = np.maximum(step(grey, 0.14, 0.08), _colour_outline(soft, 0.07, 0.12))
    return mix(picture, np.full(3, 0.04, np.float32), black)


def _outline(grey: Array, low: float, high: float) -> Array:
    """Lines of two pixels or more where the map changes, 0..1."""
    across, down = gradients(grey)
    return widen(step(np.hypot(across, down), low, high), 2)


def _colour_outline(picture: Array, low: float, high: float) -> Array:
    """Lines where any of the three channels changes, 0..1."""
    return np.maximum.reduce([_outline(picture[..., channel], low, high) for channel in range(3)])


def _sample_near(layers: Layers, picture: Array, off_x: Array, off_y: Array) -> Array:
    """The picture at an offset that is given on the surface, in pixels of the reference frame."""
    offset = (off_x + 1j * off_y) * layers.turn
    rows, columns = np.indices(offset.shape, np.float32)
    return sample(picture, columns + offset.real, rows + offset.imag)


def _brush(layers: Layers, paint: Array, angle: float, width: float, salt: int) -> tuple[Array, Array]:
    """One coat of strokes: its colours, and where it covers. Strokes bend with slow noise on the surface."""
    slow = np.float32(1 / (4 * layers.grain))
    bend = 1.5 * width * (np.sin(layers.surface_x * slow + salt) + np.sin(layers.surface_y * slow * np.float32(1.3)))
    cos, sin = np.float32(np.cos(angle)), np.float32(np.sin(angle))
    along = (cos * layers.surface_x + sin * layers.surface_y) / (2.6 * width)
    across = (cos * layers.surface_y - sin * layers.surface_x + bend) / width
    row = np.floor(across)
    along = along + cell_hash(row, row, salt)
    column = np.floor(along)
    u, v = along - column - 0.5, across - row - 0.5
    off_u, off_v = -u * (2.6 * width), -v * width
    flat = _sample_near(layers, paint, cos * off_u - sin * off_v, sin * off_u + cos * off_v)
    bristle = noise(along * 0.06, across * 0.35, 0)
    tone = 0.88 + 0.2 * cell_hash(column, row, salt + 1) + 0.2 * (bristle - 0.5)
    shape = np.maximum(np.abs(u) * 2, np.abs(v) * 2) + 0.35 * (bristle - 0.5)
    present = cell_hash(column, row, salt + 2) < 0.75
    return flat * (tone - 0.12 * step(np.abs(v), 0.38, 0.5))[..., None], step(shape, 0.98, 0.8) * present
