"""Painted backdrops: colour as a function of world coordinates.

The world's unit is the frame's short side; x points right, y down, and (0, 0) is the middle of the first frame.
A painter takes x, y (H, W) and a generator that is seeded alike for every frame, and returns a picture (H, W, 3).
"""

from collections.abc import Callable

import numpy as np

from fairy.lab.synthetic.raster import Array, cell_hash, colour, mix, noise, palette, step

STREET = 0.36
"""Where the street of a city begins."""

Painter = Callable[[Array, Array, np.random.Generator], Array]


def _sky(y: Array, x: Array, rng: np.random.Generator) -> Array:
    """Day sky from deep at the top to pale at the horizon, with some clouds."""
    hue = rng.uniform(0.52, 0.62)
    sky = palette(np.clip(y + 0.6, 0, 1), [colour(hue, rng.uniform(0.5, 0.8), 0.9), colour(hue - 0.04, 0.15, 0.97)])
    cloud = step(noise(x * 0.3, y * 0.7, int(rng.integers(4, 8))), rng.uniform(0.5, 0.8), 1.0)
    return mix(sky, colour(0.6, 0.03, 0.98), cloud * 0.8)


def _shade(picture: Array, amount: Array) -> Array:
    return picture * amount[..., None]


def hills(x: Array, y: Array, rng: np.random.Generator) -> Array:
    picture = _sky(y, x, rng)
    hue, base = rng.uniform(0.2, 0.4), rng.uniform(-0.2, 0.0)
    for layer in range(3):
        ridge = base + 0.17 * layer - 0.22 * noise(x * (0.25 + 0.1 * layer), np.full_like(x, 0.13 * layer), 5 + layer)
        tone = colour(hue - 0.02 * layer, 0.35 + 0.15 * layer, 0.72 - 0.13 * layer)
        grain = 0.8 + 0.4 * noise(x, y * 2, layer, 0.7)
        picture = mix(picture, tone * grain[..., None], step(y - ridge, -0.004, 0.004))
    return picture


def sea(x: Array, y: Array, rng: np.random.Generator) -> Array:
    horizon = rng.uniform(-0.2, 0.1)
    depth = np.clip(y - horizon, 0.004, None)
    wave = noise(x / (depth + 0.15) * 0.25, np.log(depth + 0.02) * 0.6, int(rng.integers(0, 3)))
    hue = rng.uniform(0.48, 0.6)
    water = palette(np.clip(wave * 0.7 + depth * 0.5, 0, 1), [colour(hue, 0.75, 0.4), colour(hue, 0.4, 0.9)])
    island = horizon - 0.2 * step(noise(x * 0.22, np.full_like(x, 0.4), 7), 0.6, 1.0)
    land = colour(rng.uniform(0.08, 0.35), 0.5, 0.5) * (0.75 + 0.5 * noise(x, y, 2))[..., None]
    picture = mix(_sky(y, x, rng), land, step(y - island, -0.004, 0.004))
    return mix(picture, water, step(y - horizon, -0.004, 0.004))


def room(x: Array, y: Array, rng: np.random.Generator) -> Array:
    edge = rng.uniform(0.12, 0.3)
    wall = colour(rng.uniform(), rng.uniform(0.1, 0.5), rng.uniform(0.65, 0.95))
    stripe = step(np.cos(x * rng.uniform(12, 40)), -0.2, 0.2) * rng.uniform(0, 0.15)
    picture = wall * (0.92 + stripe - 0.1 * noise(x * 0.3, y * 0.3, 4))[..., None]
    frame = np.maximum(np.abs(np.mod(x - rng.uniform(), 1.3) - 0.65) - 0.17, np.abs(y + 0.2) - 0.15)
    picture = mix(picture, colour(0.08, 0.5, 0.35), step(frame, 0.025, 0.018))
    inside = palette(noise(x, y, 3, 0.5), [colour(rng.uniform(), 0.6, 0.5), colour(rng.uniform(), 0.4, 0.95)])
    picture = mix(picture, inside, step(frame, 0.003, -0.003))
    depth = 1 / np.clip(y - edge + 0.35, 0.05, None)
    plank = np.floor(x * depth * 1.6)
    tone = 0.7 + 0.3 * cell_hash(plank, plank, 3) + 0.25 * noise(x * depth * 2, depth * 0.3, 1)
    floor = colour(rng.uniform(0.04, 0.1), rng.uniform(0.4, 0.65), rng.uniform(0.4, 0.65)) * tone[..., None]
    return mix(picture, floor, step(y - edge, -0.004, 0.004))


def bricks(x: Array, y: Array, rng: np.random.Generator) -> Array:
    height = rng.uniform(0.09, 0.14)
    row = np.floor(y / height)
    across = x / (2.2 * height) + 0.5 * np.mod(row, 2)
    column = np.floor(across)
    inset = np.minimum(0.5 - np.abs(across - column - 0.5), (0.5 - np.abs(y / height - row - 0.5)) / 2.2)
    tone = 0.6 + 0.4 * cell_hash(column, row, 1) + 0.25 * (noise(x, y, 0) - 0.5)
    hue = rng.choice([rng.uniform(0.0, 0.07), rng.uniform(0.5, 0.7), rng.uniform()])
    brick = colour(hue, rng.uniform(0.3, 0.65), rng.uniform(0.6, 0.9)) * tone[..., None]
    return mix(colour(0.1, 0.08, rng.uniform(0.55, 0.85)), brick, step(inset, 0.025, 0.05))


def forest(x: Array, y: Array, rng: np.random.Generator) -> Array:
    hue = rng.uniform(0.2, 0.38)
    picture = palette(noise(x * 0.5, y * 0.5, 2), [colour(hue, 0.5, 0.45), colour(hue - 0.05, 0.35, 0.85)])
    for layer in range(3):
        pitch = 0.34 - 0.03 * layer
        column = np.floor(x / pitch)
        middle = (column + 0.25 + 0.5 * cell_hash(column, column, layer)) * pitch
        width = 0.02 + 0.014 * layer + 0.015 * (noise(y * 0.2, column * 0.37, 4) - 0.5)
        bark = colour(0.07, 0.45, 0.55 - 0.13 * layer) * (0.6 + 0.7 * noise(x * 2, y * 0.3, 1))[..., None]
        picture = mix(picture, bark, step(np.abs(x - middle) - width, 0.005, -0.005))
        leaf = noise(x, y, layer, 0.6) - 1.6 * np.abs(y + 0.45 - 0.1 * layer)
        leaves = colour(hue, 0.6, 0.75 - 0.13 * layer) * (0.5 + 0.8 * noise(x * 2, y * 2, 0))[..., None]
        picture = mix(picture, leaves, step(leaf, 0.0, 0.06))
    ground = y - 0.25 + 0.1 * noise(x * 0.4, y * 0.2, 6)
    grass = colour(hue - 0.03, 0.55, 0.5) * (0.6 + 0.7 * noise(x * 1.5, y * 2.5, 1))[..., None]
    return mix(picture, grass, step(ground, -0.004, 0.004))


def city(x: Array, y: Array, rng: np.random.Generator) -> Array:
    picture = _sky(y, x, rng)
    for layer in range(3):
        column, below, window = _buildings(x, y, layer)
        tone = cell_hash(column, column, 21 + layer)
        wall = palette(tone, [colour(rng.uniform(), 0.3, 0.75), colour(rng.uniform(), 0.35, 0.55)])
        wall = mix(wall, colour(0.58, 0.4, 0.3 + 0.1 * layer), window * 0.85) * np.float32(0.95 - 0.08 * layer)
        picture = mix(picture, wall, step(below, -0.004, 0.004))
    return mix(picture, colour(0.6, 0.05, 0.42), step(y - STREET, -0.004, 0.004))


def city_windows(x: Array, y: Array) -> Array:
    """Which windows of a city have their lights on at night: two in five."""
    lit = np.zeros_like(x)
    for layer in range(3):
        _column, below, window = _buildings(x, y, layer)
        across, down = _window_cells(x, below, layer)
        is_on = cell_hash(np.floor(across), np.floor(down), 31 + layer) < 0.4
        lit = mix(lit, window * is_on, step(below, -0.004, 0.004))
    return lit * step(y - STREET, 0.004, -0.004)


def _buildings(x: Array, y: Array, layer: int) -> tuple[Array, Array, Array]:
    """One of three rows of houses: the number of the house, how far below its top a point is, coverage of windows."""
    width = 0.2 + 0.05 * layer
    column = np.floor(x / width + 0.37 * layer)
    below = y - (-0.35 + 0.22 * layer + 0.4 * cell_hash(column, column, 11 + layer))
    across, down = _window_cells(x, below, layer)
    u, v = np.mod(across, 1), np.mod(down, 1)
    return column, below, step(np.maximum(np.abs(u - 0.5) / 0.3, np.abs(v - 0.5) / 0.28), 1.1, 0.9)


def _window_cells(x: Array, below: Array, layer: int) -> tuple[Array, Array]:
    return (x / (0.2 + 0.05 * layer) + 0.37 * layer) * 4, below / 0.07


def checker(x: Array, y: Array, rng: np.random.Generator) -> Array:
    edge = rng.uniform(-0.2, 0.1)
    wall = palette(
        np.clip(y + 0.6, 0, 1), [colour(rng.uniform(), 0.4, 0.85), colour(rng.uniform(), rng.uniform(0.1, 0.4), 0.95)]
    )
    depth = 1 / np.clip(y - edge + 0.12, 0.02, None)
    square = np.sin(x * depth * 2.2) * np.sin(depth * 4.0)
    first, second = colour(rng.uniform(), 0.5, 0.9), colour(rng.uniform(), 0.4, 0.3)
    return mix(wall, mix(first, second, step(square, -0.05, 0.05)), step(y - edge, -0.004, 0.004))


def fractal(x: Array, y: Array, rng: np.random.Generator) -> Array:
    warp_x, warp_y = noise(x * 0.4, y * 0.4, 3), noise(x * 0.4, y * 0.4, 4)
    value = noise(x * 0.3 + 0.25 * warp_x, y * 0.3 + 0.25 * warp_y, int(rng.integers(0, 8)))
    hues = rng.uniform(size=4)
    return palette(value, [colour(h, rng.uniform(0.3, 0.8), rng.uniform(0.3, 0.95)) for h in hues])


def clouds(x: Array, y: Array, rng: np.random.Generator) -> Array:
    bank = step(noise(x * 0.35, y * 0.5, int(rng.integers(3, 8))), 0.35, 0.75)
    body = palette(noise(x * 0.35, y * 0.5 + 0.05, 5), [colour(0.6, 0.12, 0.75), colour(0.1, 0.02, 1.0)])
    return mix(_sky(y, x, rng), body, bank)


def dunes(x: Array, y: Array, rng: np.random.Generator) -> Array:
    picture = _sky(y, x, rng)
    hue = rng.uniform(0.06, 0.13)
    for layer in range(4):
        bend = noise(x * (0.2 + 0.04 * layer), np.full_like(x, 0.21 * layer), 6)
        ridge = -0.15 + 0.17 * layer - 0.2 * bend
        lit = np.clip(0.72 + 0.3 * bend - 0.25 * step(y - ridge, 0, 0.2) + 0.08 * np.sin((y + 0.3 * bend) * 70), 0, 1)
        picture = mix(picture, colour(hue, 0.5, 0.95 - 0.05 * layer) * lit[..., None], step(y - ridge, -0.004, 0.004))
    return picture


def studio(x: Array, y: Array, rng: np.random.Generator) -> Array:
    """A plain paper roll with a soft light."""
    tone = colour(rng.uniform(), rng.uniform(0, 0.6), rng.uniform(0.5, 0.95))
    light = 1.05 - 0.35 * np.hypot(x - rng.uniform(-0.4, 0.4), y - rng.uniform(-0.5, 0.2))
    return tone * np.clip(light - 0.06 * noise(x * 0.5, y * 0.5, 5), 0.3, 1.1)[..., None]


PAINTERS: tuple[Painter, ...] = (hills, sea, room, bricks, forest, city, checker, fractal, clouds, dunes, studio)
