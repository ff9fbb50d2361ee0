"""Paintings of the whole picture, and what is laid of pieces: oil, watercolour, mosaic.

Strokes, washes and tiles are laid on the surface (`Layers.surface_x`, `surface_y`) and move with what they cover.
"""

import numpy as np
from numpy.typing import NDArray

from fairy.lab.synthetic.choice import Choice
from fairy.lab.synthetic.form import Hatching, along, lines
from fairy.lab.synthetic.raster import (
    GRIT,
    NOISE_SIZE,
    Array,
    blur,
    cell_hash,
    colour,
    contrast,
    gradients,
    luma,
    mix,
    noise,
    sample,
    saturate,
    smooth_flat,
)
from fairy.lab.synthetic.scenes import Layers


def oil(layers: Layers, _choice: Choice) -> Array:
    """Thick paint in strokes that follow the form, with ridges that catch the light."""
    unit = layers.grain / 8
    grey = luma(blur(layers.picture, 0.8 * unit))
    flow = along(layers, grey, 0.4, np.exp(0.9j))
    paint = layers.picture
    half = np.sqrt(flow).astype(np.complex64)
    for reach in (0.9, 1.8, 2.6):
        paint = _smear(layers, paint, half * np.float32(reach * unit))
    paint = paint + 0.7 * (paint - blur(paint, 1.5 * unit))
    paint = contrast(saturate(paint, 1.28), 0.2)
    ridges = Hatching(layers).follow(flow)
    across, down = gradients(luma(paint))
    relief = 0.1 * (ridges - 0.5) * (0.5 + _bristle(layers)) - 0.35 * (across + down) * unit
    return np.clip(paint * (1 + relief[..., None] * 1.3) + 0.25 * relief[..., None], 0, 1)


def watercolour(layers: Layers, choice: Choice) -> Array:
    """Pale washes with dark rims on white paper; one wash over all of it is open."""
    unit, grain = layers.grain / 8, np.float32(layers.grain)
    u, v = layers.surface_x / (16 * grain), layers.surface_y / (16 * grain)
    bleed_x, bleed_y = noise(u, v, 2) - 0.5, noise(u, v, 3) - 0.5
    wet = smooth_flat(
        _sample_near(layers, layers.picture, 0.25 * bleed_x * grain, 0.25 * bleed_y * grain), round(4 * unit), 0.16
    )
    density = 0.72 + 0.22 * (noise(u * 0.6, v * 0.6, 5) - 0.5)
    washed = 1 - (1 - saturate(wet, 1.4)) * density[..., None]
    grey = luma(wet)
    rim = np.clip(3 * (blur(grey, 1.5 * unit) - grey), 0, 0.22) + 0.22 * lines(grey, 1.0 * unit, 0.015, 0.06)
    wash = mix(np.ones(3, np.float32), colour(choice.hue, 0.5, 1.0), 0.1 + 0.25 * choice.tone)
    tooth = 0.05 * (_bristle(layers) - 0.5)
    return np.clip(washed * wash * (1 - rim + tooth)[..., None] + 0.03, 0, 1)


def mosaic(layers: Layers, choice: Choice) -> Array:
    """Stone tiles in grout (open: its colour), four small ones for a large one where there is much to see."""
    grain = np.float32(layers.grain)
    grey = luma(layers.picture)
    detail = blur(np.abs(grey - blur(grey, 0.5 * layers.grain)), 0.4 * layers.grain)
    off_x, off_y, _ = _cells(layers, grain)
    is_fine = _sample_near(layers, detail, -off_x * grain, -off_y * grain) > 0.05
    size = np.where(is_fine, grain / 2, grain).astype(np.float32)
    off_x, off_y, tone = _cells(layers, size)
    tile = _sample_near(layers, blur(layers.picture, 0.2 * layers.grain), -off_x * size, -off_y * size)
    tile = contrast(saturate(tile, 1.15), 0.25) * (0.92 + 0.16 * tone - 0.12 * (off_x + off_y))[..., None]
    inset = (0.5 - np.maximum(np.abs(off_x), np.abs(off_y))) * size
    grout = colour(choice.hue, 0.35, 0.12 + 0.5 * choice.tone)
    cover = np.clip((inset - 0.02 * size) * 8 / grain + 0.22, 0, 1)
    return np.clip(mix(np.broadcast_to(grout, tile.shape), tile, cover), 0, 1)


def _cells(layers: Layers, size: Array | np.float32) -> tuple[Array, Array, Array]:
    """Where a pixel lies in its square tile, from -0.5 to 0.5, and a random number of that tile."""
    x, y = (layers.surface_x + 0.5) / size, (layers.surface_y + 0.5) / size
    column, row = np.floor(x), np.floor(y)
    return x - column - 0.5, y - row - 0.5, cell_hash(column, row, 1)


def _smear(layers: Layers, picture: Array, way: NDArray[np.complex64]) -> Array:
    """The mean of a place and of what lies at `way` from it on the surface, on both sides."""
    ahead, behind = (_sample_near(layers, picture, sign * way.real, sign * way.imag) for sign in (1, -1))
    return (picture + ahead + behind) * np.float32(1 / 3)


def _sample_near(layers: Layers, picture: Array, off_x: Array, off_y: Array) -> Array:
    """The picture at an offset that is given on the surface, in pixels of the reference frame."""
    offset = (off_x + 1j * off_y) * layers.turn
    rows, columns = np.indices(offset.shape, np.float32)
    return sample(picture, columns + offset.real, rows + offset.imag)


def _bristle(layers: Layers) -> Array:
    """Fine grain on the surface, 0..1."""
    pitch = NOISE_SIZE * layers.grain / 8
    return noise(layers.surface_x / pitch, layers.surface_y / pitch, GRIT)
