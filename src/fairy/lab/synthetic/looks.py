"""Edits of light and colour for the whole picture: night, sunset, snow, autumn, sepia, neon, duotone, thermal.

Each takes the frame's layers and the choice, and returns the edited picture, float32 (H, W, 3) in 0..1.
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
    palette,
    step,
    to_hsv,
    widen,
)
from fairy.lab.synthetic.scenes import Layers


def night(layers: Layers, choice: Choice) -> Array:
    """Dark and blue (open: from teal to violet); what is bright and small shines like a lamp."""
    grey = luma(layers.picture)
    tint = colour(0.54 + 0.21 * choice.hue, 0.75, 1.0)
    dark = mix(layers.picture, grey[..., None] * np.ones(3, np.float32), 0.65) * tint
    dark = 0.05 * tint + 0.62 * dark
    lamp = step(grey - blur(grey, 1.2 * layers.grain), 0.2, 0.35) * step(grey, 0.65, 0.85)
    glow = np.clip(0.8 * lamp + 0.7 * blur(lamp, 0.5 * layers.grain), 0, 1)
    return mix(dark, colour(0.13, 0.55, 1.0), glow)


def sunset(layers: Layers, choice: Choice) -> Array:
    """Warm light from below, violet from above (open: yellow to magenta light)."""
    height = layers.picture.shape[0]
    warm = 0.11 - 0.14 * choice.hue
    ramp = palette(
        np.clip(layers.surface_y / height, 0, 1),
        [colour(warm - 0.2, 0.6, 0.75), colour(warm - 0.06, 0.75, 1.0), colour(warm, 0.7, 1.0)],
    )
    grey = luma(layers.picture)[..., None]
    lit = mix(layers.picture, grey * np.ones(3, np.float32), 0.5) * ramp
    glow = step(grey, 0.45, 1.0) * ramp
    return np.clip(0.04 * ramp + 1.15 * lit + 0.5 * glow * ramp, 0, 1)


def snow(layers: Layers, _choice: Choice) -> Array:
    """Snow on all that faces up, a pale cold light and falling flakes."""
    grey = luma(layers.picture)
    smooth = blur(grey, 0.25 * layers.grain)
    _, down = gradients(smooth)
    lying = step(-down, 0.01, 0.04) * 0.9 + step(smooth, 0.35, 0.6) * 0.8
    lying = np.clip(lying, 0, 1)
    cold = mix(layers.picture, (0.25 + 0.65 * grey)[..., None] * colour(0.58, 0.18, 1.0), 0.7)
    white = (0.78 + 0.24 * grey)[..., None] * colour(0.58, 0.04, 1.0)
    return mix(mix(cold, white, lying), np.ones(3, np.float32), _scattered(layers, 2.5, 0.4, 0.32, 5))


def autumn(layers: Layers, choice: Choice) -> Array:
    """Greens turn to yellow, orange or red (open), the light is golden, leaves fall."""
    hue, saturation, value = to_hsv(layers.picture)
    leaf = 0.13 - 0.14 * choice.hue
    green = step(np.abs(hue - 0.3), 0.2, 0.12) * step(saturation, 0.08, 0.2)
    turned = from_hsv(leaf + (hue - 0.3) * 0.25, np.clip(saturation * 1.25 + 0.15, 0, 1), np.clip(value * 1.15, 0, 1))
    picture = mix(layers.picture, turned, green)
    grey = luma(picture)[..., None]
    picture = mix(picture, grey * colour(leaf, 0.55, 1.0) * 1.25, 0.45)
    fallen = colour(leaf - 0.02, 0.95, 0.85)
    return np.clip(mix(picture, fallen, _scattered(layers, 3.0, 0.5, 0.65, 9)), 0, 1)


def sepia(layers: Layers, _choice: Choice) -> Array:
    """An old brown photograph."""
    grey = 0.08 + 0.86 * luma(layers.picture)
    return palette(grey, [colour(0.07, 0.7, 0.12), colour(0.085, 0.55, 0.55), colour(0.11, 0.25, 0.97)])


def neon(layers: Layers, choice: Choice) -> Array:
    """Nearly black, with glowing outlines in two bright colours (open)."""
    smooth = blur(layers.picture, 0.12 * layers.grain)
    across, down = gradients(luma(smooth))
    edge = widen(step(np.hypot(across, down), 0.03, 0.1), 2)
    slant = step(across + down, -0.02, 0.02)
    first, second = colour(choice.hue, 0.9, 1.0), colour(choice.hue + 0.3 + 0.2 * choice.second_hue, 0.9, 1.0)
    light = mix(np.broadcast_to(first, smooth.shape), second, slant) * edge[..., None]
    base = 0.22 * luma(smooth)[..., None] * (0.3 + colour(choice.hue + 0.1, 0.7, 1.0))
    return np.clip(base + light + 0.8 * blur(light, 0.5 * layers.grain), 0, 1)


def duotone(layers: Layers, choice: Choice) -> Array:
    """Two inks: a dark one and a light one (both open)."""
    grey = step(luma(layers.picture), -0.05, 1.0)
    light = choice.hue + 0.25 + 0.5 * choice.second_hue
    return palette(grey, [colour(choice.hue, 0.9, 0.28), colour(choice.hue, 0.55, 0.62), colour(light, 0.4, 1.0)])


def thermal(layers: Layers, _choice: Choice) -> Array:
    """A heat camera: dark blue, purple, red, yellow, white."""
    stops = [(0.66, 1, 0.25), (0.78, 1, 0.6), (0.97, 0.95, 0.9), (0.08, 1, 1), (0.15, 0.85, 1), (0.15, 0.1, 1)]
    return palette(blur(luma(layers.picture), 0.15 * layers.grain), [colour(*stop) for stop in stops])


def _scattered(layers: Layers, pitch: float, share: float, radius: float, salt: int) -> Array:
    """Specks on the surface, one in `share` of the cells of `pitch` grains; radius in grains. Coverage 0..1."""
    size = pitch * layers.grain
    column, row = np.floor(layers.surface_x / size), np.floor(layers.surface_y / size)
    reach = radius / pitch
    x = layers.surface_x / size - column - reach - (1 - 2 * reach) * cell_hash(column, row, salt)
    y = layers.surface_y / size - row - reach - (1 - 2 * reach) * cell_hash(column, row, salt + 1)
    turn = cell_hash(column, row, salt + 2) * np.float32(np.pi)
    long, short = x * np.cos(turn) + y * np.sin(turn), y * np.cos(turn) - x * np.sin(turn)
    squash = 1.0 if salt == 5 else 1.8
    present = cell_hash(column, row, salt + 3) < share
    return step(np.hypot(long, short * squash) / reach, 1.15, 0.75) * present
