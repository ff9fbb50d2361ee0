"""Grades: what a colourist or a film stock does to every pixel by itself, or with a little of its neighbourhood.

Black and white, sepia, teal and orange, bleach bypass, infrared, duotone, thermal, neon. Each takes the frame's layers
and the choice, and returns the edited picture, float32 (H, W, 3) in 0..1.
"""

import numpy as np

from fairy.lab.synthetic.choice import Choice
from fairy.lab.synthetic.form import leaves
from fairy.lab.synthetic.raster import (
    Array,
    blur,
    colour,
    contrast,
    gradients,
    luma,
    mix,
    palette,
    saturate,
    step,
)
from fairy.lab.synthetic.scenes import Layers

RED_FILTER = np.array([0.5, 0.42, 0.08], np.float32)


def black_and_white(layers: Layers, _choice: Choice) -> Array:
    """A silver print: through an orange filter, so that skies are dark and skin is light."""
    grey = contrast(layers.picture @ RED_FILTER, 0.55)
    return np.repeat((0.015 + 0.97 * grey)[..., None], 3, axis=2)


def sepia(layers: Layers, _choice: Choice) -> Array:
    """An old brown photograph: faded blacks, cream paper."""
    grey = contrast(luma(layers.picture), 0.25)
    return palette(
        grey, [colour(0.055, 0.55, 0.13), colour(0.075, 0.5, 0.5), colour(0.1, 0.3, 0.8), colour(0.12, 0.13, 0.96)]
    )


def teal_orange(layers: Layers, _choice: Choice) -> Array:
    """Shadows and what is cool to teal, skin and what is warm to orange, little in between."""
    grey = luma(layers.picture)
    red, green, blue = (layers.picture[..., channel] for channel in range(3))
    warm = 0.52 * (red - blue) + 0.2 * (contrast(grey, 0.5) - 0.42) * (1 - grey * grey)
    fresh = 0.35 * (green - 0.5 * (red + blue)) + 0.45 * np.clip(-warm, 0, 1) + 0.06 * np.clip(warm, 0, 1)
    picture = np.stack([warm, fresh, -warm], axis=-1)
    picture += (grey - luma(picture))[..., None]
    return contrast(picture, 0.35)


def bleach_bypass(layers: Layers, _choice: Choice) -> Array:
    """The silver is left in the film: hard, metallic, nearly without colour."""
    grey = luma(layers.picture)[..., None]
    over = np.where(grey < 0.5, 2 * layers.picture * grey, 1 - 2 * (1 - layers.picture) * (1 - grey))
    return np.clip(mix(saturate(over, 0.5), over * grey, 0.15) * np.array([0.99, 1.0, 1.03], np.float32) * 1.04, 0, 1)


def infrared(layers: Layers, _choice: Choice) -> Array:
    """Infrared colour film, which shows infrared as red, red as green, green as blue: leaves are rose, skies deep."""
    red, green, blue = (layers.picture[..., channel] for channel in range(3))
    glow = leaves(blur(layers.picture, 0.06 * layers.grain))
    heat = mix(red, 0.25 + 1.1 * luma(layers.picture), glow)
    picture = np.stack([heat, 0.65 * red + 0.35 * green, 0.85 * green + 0.15 * blue], axis=-1)
    return contrast(picture, 0.35)


def duotone(layers: Layers, choice: Choice) -> Array:
    """Two inks: a deep one from teal over blue and violet to raspberry, and a pale warm one (both open)."""
    grey = contrast(luma(layers.picture), 0.35)
    deep = 0.48 + 0.44 * choice.hue
    pale = deep + 0.26 + 0.15 * choice.second_hue
    inks = [colour(deep, 0.85, 0.2), colour(deep + 0.02, 0.6, 0.52), colour(pale, 0.32, 0.88), colour(pale, 0.16, 1.0)]
    return palette(grey, inks)


def thermal(layers: Layers, _choice: Choice) -> Array:
    """A heat camera: dark blue, purple, red, yellow, white."""
    stops = [(0.66, 1, 0.2), (0.76, 0.95, 0.5), (0.93, 0.9, 0.78), (0.03, 0.9, 0.97), (0.11, 0.9, 1), (0.16, 0.4, 1)]
    return palette(contrast(blur(luma(layers.picture), 0.1 * layers.grain), 0.25), [colour(*stop) for stop in stops])


def neon(layers: Layers, choice: Choice) -> Array:
    """A dark street of glowing tubes: outlines in two bright colours (open) over a deep tinted picture."""
    unit = layers.grain / 8
    soft = blur(layers.picture, 1.1 * unit)
    grey = luma(soft)
    across, down = gradients(grey)
    edge = step(np.hypot(across, down) * unit, 0.03, 0.13)
    slant = step((across + down) * unit, -0.03, 0.03)
    tube = 0.5 + 0.42 * choice.hue
    first, second = colour(tube, 0.8, 1.0), colour(tube + 0.28 + 0.17 * choice.second_hue, 0.75, 1.0)
    light = mix(np.broadcast_to(first, soft.shape), second, slant) * edge[..., None]
    street = contrast(luma(layers.picture), 0.5)[..., None] * (0.25 + colour(tube + 0.1, 0.55, 0.75)) * 0.45
    return np.clip(0.02 + street + 0.85 * light + 0.6 * blur(light, 3 * unit), 0, 1)
