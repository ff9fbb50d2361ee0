"""Shaded objects as functions of object coordinates: the object spans about -1..1, x right, y down.

Each shape returns its signed distance (negative inside), and how light falls on it: `shade` multiplies the object's own
colour, `gloss` is added as white. All maps are float32 (H, W).
"""

from collections.abc import Callable

import numpy as np

from fairy.lab.synthetic.raster import Array, step

Shape = Callable[[Array, Array], tuple[Array, Array, Array]]

LIGHT = np.array([-0.45, -0.62, 0.64], np.float32)


def _lambert(nx: Array, ny: Array, nz: Array) -> tuple[Array, Array]:
    towards = nx * LIGHT[0] + ny * LIGHT[1] + nz * LIGHT[2]
    gloss = np.clip(2 * nz * towards - LIGHT[2], 0, 1) ** 24
    return 0.38 + 0.68 * np.clip(towards, 0, 1), 0.6 * gloss


def ball(x: Array, y: Array) -> tuple[Array, Array, Array]:
    radius = np.hypot(x, y)
    nz = np.sqrt(np.clip(1 - radius * radius, 0, 1))
    return radius - 1, *_lambert(x, y, nz)


def cube(x: Array, y: Array) -> tuple[Array, Array, Array]:
    """Seen from a corner above: a lit top and two sides."""
    distance = np.maximum(np.abs(x) - 0.866, np.abs(x) * 0.5 + np.abs(y) * 0.866 - 0.866)
    top = step(y + 0.577 * np.abs(x), 0.02, -0.02)
    side = np.where(x < 0, np.float32(0.75), np.float32(0.48))
    return distance, side + (1.08 - side) * top, 0.1 * top


def star(x: Array, y: Array) -> tuple[Array, Array, Array]:
    """Five folded points."""
    angle = np.arctan2(x, -y)
    sector = np.mod(angle / (2 * np.pi) * 5 + 0.5, 1) - 0.5
    radius = np.hypot(x, y)
    fold = np.abs(sector) * (2 * np.pi / 5)
    distance = radius * (np.cos(fold) + 2.67 * np.sin(fold)) - 1.0
    shade = 0.78 + 0.28 * np.where(sector < 0, np.float32(1), np.float32(-1)) - 0.12 * y
    return distance * 0.35, shade, np.zeros_like(x)


def cone(x: Array, y: Array) -> tuple[Array, Array, Array]:
    height = np.clip((y + 1) / 1.75, 1e-3, 1)
    across = np.clip(x / (0.8 * height), -1, 1)
    slope = np.abs(x) * 0.909 - 0.416 * (y + 1)
    base = (np.hypot(x / 0.8, (y - 0.7) / 0.25) - 1) * 0.3
    distance = np.where(y < 0.7, slope, base)
    return distance, *_lambert(across * 0.9, np.full_like(x, -0.3), np.sqrt(1 - across * across) * 0.9)


def donut(x: Array, y: Array) -> tuple[Array, Array, Array]:
    radius = np.hypot(x, y) + 1e-6
    tube = np.clip((radius - 0.66) / 0.34, -1, 1)
    shade, gloss = _lambert(x / radius * tube, y / radius * tube, np.sqrt(1 - tube * tube))
    return np.abs(radius - 0.66) - 0.34, shade, gloss


def can(x: Array, y: Array) -> tuple[Array, Array, Array]:
    """A standing can with an elliptic lid."""
    lid = np.hypot(x / 0.7, (y + 0.72) / 0.22) - 1
    foot = (np.hypot(x / 0.7, (y - 0.72) / 0.22) - 1) * 0.3
    side = np.maximum(np.abs(x) - 0.7, np.abs(y) - 0.72)
    distance = np.minimum(np.minimum(lid * 0.3, foot), side)
    across = np.clip(x / 0.7, -1, 1)
    shade, gloss = _lambert(across, np.full_like(x, -0.1), np.sqrt(1 - across * across))
    on_lid = step(lid, 0.05, -0.05)
    return distance, shade + (1.05 - shade) * on_lid, gloss * (1 - on_lid)


SHAPES: dict[str, Shape] = {
    "ball": ball,
    "cube": cube,
    "star": star,
    "cone": cone,
    "donut": donut,
    "can": can,
}
