"""What a picture tells of the world in it: where the sky is, where leaves are, which way things run, and the marks of
pens and brushes that follow them.

Maps are float32 (H, W) in 0..1 unless said otherwise.
"""

import numpy as np
from numpy.typing import NDArray

from fairy.lab.synthetic.raster import (
    Array,
    blur,
    gradients,
    luma,
    mean_around,
    noise,
    step,
    to_hsv,
    widen,
)
from fairy.lab.synthetic.scenes import Layers

WAVES = ((2, 0), (2, 1), (1, 1), (1, 2), (0, 2), (-1, 2), (-1, 1), (-2, 1))
"""Waves across a square of one grain, right and down, of each direction that strokes can have. All fit into the square,
so that every square of the reference frame has the same pattern, and a small editor can learn it."""


def sky(layers: Layers) -> Array:
    """Bright, smooth, not warm, wide and high up."""
    unit = layers.grain / 8
    soft = blur(layers.picture, 1.2 * unit)
    grey = luma(soft)
    across, down = gradients(grey)
    rough = blur(np.hypot(across, down), 2 * unit) * unit
    airy = _airy(soft)
    likely = step(grey, 0.25, 0.45) * airy
    smooth = likely * step(rough, 0.025, 0.01)
    wide = smooth * step(mean_around(smooth, 2 * layers.grain), 0.3, 0.6)
    filled = guided(widen(wide, round(7 * unit)) * likely, luma(layers.picture), layers.grain, 0.002)
    high = step(layers.surface_y / layers.picture.shape[0], 1.0, 0.35)
    found = step(filled, 0.15, 0.65) * airy * high
    for index in range(len(layers.objects)):
        found *= 1 - layers.visible(index)
    return found


def _airy(picture: Array) -> Array:
    """Neither warm nor green."""
    red, green, blue = (picture[..., channel] for channel in range(3))
    return step(blue - red, -0.07, -0.01) * step(green - blue, 0.1, 0.03)


def leaves(picture: Array) -> Array:
    """Green and yellow-green: what grows."""
    hue, saturation, value = to_hsv(picture)
    return step(np.abs(hue - 0.3), 0.19, 0.11) * step(saturation, 0.1, 0.25) * step(value, 0.04, 0.12)


def skin(picture: Array) -> Array:
    """Warm and neither grey nor loud: faces, fur, wood."""
    hue, saturation, _value = to_hsv(picture)
    return step(np.abs(np.mod(hue + 0.42, 1) - 0.48), 0.08, 0.04) * step(saturation, 0.08, 0.2)


def guided(values: Array, guide: Array, radius: int, precision: float) -> Array:
    """Smooth a map but keep the edges of the guide (guided filter: He, Sun, Tang, 2010)."""
    mean_guide, mean_values = mean_around(guide, radius), mean_around(values, radius)
    variance = mean_around(guide * guide, radius) - mean_guide * mean_guide
    slope = (mean_around(guide * values, radius) - mean_guide * mean_values) / (variance + np.float32(precision))
    offset = mean_values - slope * mean_guide
    return mean_around(slope, radius) * guide + mean_around(offset, radius)


def lines(grey: Array, width: float, low: float, high: float) -> Array:
    """Dark lines along edges and in creases, by the difference of two blurs (XDoG: Winnemoeller and others, 2012)."""
    return step(1.05 * blur(grey, 1.6 * width) - blur(grey, width) - 0.05 * grey, low, high)


def along(layers: Layers, grey: Array, spread: float, default: complex) -> NDArray[np.complex64]:
    """The direction in which edges run, on the surface, as exp(2 i angle), so that both ways along it are the same.

    spread: of the neighbourhood that is asked, in grains. default: the direction, in the same form, where all is even.
    """
    across, down = gradients(grey)
    scale = layers.grain / 8
    steep = blur(across * across - down * down, spread * layers.grain) * scale * scale
    slant = blur(2 * across * down, spread * layers.grain) * scale * scale
    screen = -(steep + 1j * slant) + np.complex64(2e-4 * default)
    turn = layers.turn / np.abs(layers.turn)
    doubled = screen * np.conj(turn * turn)
    return (doubled / (np.abs(doubled) + 1e-9)).astype(np.complex64)


class Hatching:
    """Hatching on the surface: for each direction of WAVES a wave of a crest every half a grain or so."""

    def __init__(self, layers: Layers) -> None:
        grain = layers.grain
        wobble = 0.5 * noise(layers.surface_x / (24 * grain), layers.surface_y / (24 * grain), 7)
        turn = np.float32(2 * np.pi / grain)
        x, y = ((place + np.float32(0.5)) * turn + wobble for place in (layers.surface_x, layers.surface_y))
        right, down = (_turned(np.cos(angle), np.sin(angle)) for angle in (x, y))
        self.waves = [right[over] * down[under] for over, under in WAVES]

    def follow(self, direction: NDArray[np.complex64]) -> Array:
        """The waves, 0..1, whose crests run along `direction`, which is one that `along` gives."""
        total, weights = np.zeros(direction.shape, np.float32), np.full(direction.shape, 1e-6, np.float32)
        for (over, under), wave in zip(WAVES, self.waves, strict=True):
            crest = (1j * (over + 1j * under)) ** 2 / (over * over + under * under)
            near = direction.real * np.float32(crest.real) + direction.imag * np.float32(crest.imag)
            weight = np.maximum(near, 0) ** 2
            weight *= weight * weight
            total += weight * wave.real
            weights += weight
        return 0.5 + 0.5 * total / weights


def _turned(cos: Array, sin: Array) -> dict[int, NDArray[np.complex64]]:
    """exp(i n angle) for n from -2 to 2."""
    once = (cos + 1j * sin).astype(np.complex64)
    twice = once * once
    return {-2: np.conj(twice), -1: np.conj(once), 0: np.ones_like(once), 1: once, 2: twice}
