"""Drawings and prints of the whole picture: pencil, ink, cartoon, pop art.

Hatching and dots are laid on the surface (`Layers.surface_x`, `surface_y`), run along the forms and move with them.
"""

import numpy as np

from fairy.lab.synthetic.choice import Choice
from fairy.lab.synthetic.form import Hatching, along, lines
from fairy.lab.synthetic.raster import (
    GRIT,
    NOISE_SIZE,
    Array,
    blur,
    colour,
    contrast,
    from_hsv,
    luma,
    mix,
    noise,
    smooth_flat,
    step,
    to_hsv,
)
from fairy.lab.synthetic.scenes import Layers

DIAGONAL = 1j
"""exp(2 i angle) of strokes from the upper left to the lower right: what a hand does where nothing guides it."""
CROSSING = np.complex64(np.exp(1.9j))
"""The turn from the first layer of pencil strokes to the second, in the same form: 54 degrees."""


def pencil(layers: Layers, choice: Choice) -> Array:
    """Graphite that follows the form, on toothed paper (open: its tint)."""
    unit = layers.grain / 8
    grey = contrast(luma(layers.picture), 0.3)
    soft = blur(grey, 0.9 * unit)
    dark = 1 - step(soft, -0.1, 0.9)
    hatching, flow = Hatching(layers), along(layers, soft, 0.4, -DIAGONAL)
    first, second = hatching.follow(flow), hatching.follow(flow * CROSSING)
    marks = _marks(first, dark, 0.9) + 0.6 * _marks(second, np.clip(1.6 * dark - 0.75, 0, 1), 0.9)
    tooth = 0.75 + 0.5 * _grit(layers)
    graphite = (0.3 * dark + 0.55 * marks * (0.35 + 0.65 * dark)) * tooth + 0.75 * lines(grey, 0.8 * unit, 0.012, 0.06)
    paper = colour(choice.hue, 0.03 + 0.08 * choice.tone, 0.975) * (0.975 + 0.03 * _grit(layers)[..., None])
    return mix(paper, np.full(3, 0.13, np.float32), 0.92 * np.clip(graphite, 0, 1))


def ink(layers: Layers, choice: Choice) -> Array:
    """Pen and ink: crisp lines that swell with the dark and cross in the deepest (open: paper and ink)."""
    unit = layers.grain / 8
    grey = contrast(luma(layers.picture), 0.45)
    soft = blur(grey, 0.8 * unit)
    dark = 1 - step(soft, 0.02, 0.8)
    hatching, flow = Hatching(layers), along(layers, soft, 0.5, DIAGONAL)
    marks = np.maximum(
        _marks(hatching.follow(flow), dark, 0.3),
        _marks(hatching.follow(-flow), np.clip(1.7 * dark - 0.85, 0, 1), 0.3),
    )
    drawn = np.clip(np.maximum(marks, lines(grey, 0.8 * unit, 0.01, 0.04)), 0, 1)
    drawn = np.maximum(drawn, step(soft, 0.09, 0.02))
    paper = colour(0.11, 0.04 + 0.1 * choice.tone, 0.97)
    return mix(np.broadcast_to(paper, layers.picture.shape), colour(0.6 + 0.5 * choice.hue, 0.75, 0.2), drawn)


def cartoon(layers: Layers, _choice: Choice) -> Array:
    """Flat clean colours in a few tones inside drawn outlines."""
    unit = layers.grain / 8
    flat = smooth_flat(smooth_flat(layers.picture, round(4 * unit), 0.16), round(3 * unit), 0.12)
    hue, saturation, value = to_hsv(flat)
    band = value * 5
    tone = (np.floor(band) + step(band - np.floor(band), 0.35, 0.65)) / 5
    picture = from_hsv(hue, np.clip(1.3 * saturation, 0, 1), np.clip(0.06 + 0.97 * mix(value, tone, 0.75), 0, 1))
    grey = luma(layers.picture)
    outline = np.maximum(lines(grey, 1.0 * unit, 0.02, 0.05), lines(luma(flat), 1.3 * unit, 0.015, 0.04))
    return mix(picture, np.full(3, 0.05, np.float32), 0.95 * outline)


def pop_art(layers: Layers, choice: Choice) -> Array:
    """A screen print: dots of a loud ink, from cyan to magenta, on pale paper (both open), black where it is dark."""
    unit = layers.grain / 8
    soft = blur(layers.picture, 1.0 * unit)
    grey = contrast(luma(soft), 0.4)
    turn = np.float32(2 * np.pi / layers.grain)
    screen = np.cos((layers.surface_x + 0.5) * turn) * np.cos((layers.surface_y + 0.5) * turn)
    share = np.clip(1.25 - 1.5 * grey, 0, 1)
    dot = step(screen - 1 + 2 * share, -0.25, 0.25) * step(share, 0.0, 0.12)
    hue = 0.5 + 0.36 * choice.hue
    inked, paper = colour(hue, 0.82, 0.9), colour(hue + 0.26 + 0.12 * choice.second_hue, 0.3, 1.0)
    picture = mix(np.broadcast_to(paper, layers.picture.shape), inked, dot)
    black = np.maximum(step(grey, 0.16, 0.08), lines(luma(layers.picture), 1.1 * unit, 0.02, 0.05))
    return mix(picture, np.full(3, 0.05, np.float32), black)


def _marks(waves: Array, dark: Array, softness: float) -> Array:
    """Strokes along the crests of waves, as wide as it is dark."""
    level = 1.02 - dark
    half = np.float32(softness / 2)
    ramp = np.clip((waves - level + half) / softness, 0, 1)
    return ramp * step(dark, 0.02, 0.1)


def _grit(layers: Layers) -> Array:
    """The tooth of paper, 0..1."""
    pitch = NOISE_SIZE * layers.grain / 8
    return noise(layers.surface_x / pitch, layers.surface_y / pitch, GRIT)
