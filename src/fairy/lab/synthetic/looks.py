"""Light, weather and season for the whole picture: night, sunset, golden hour, fog, snow, winter, autumn.

Each takes the frame's layers and the choice, and returns the edited picture, float32 (H, W, 3) in 0..1.
"""

import numpy as np

from fairy.lab.synthetic.choice import Choice
from fairy.lab.synthetic.form import leaves, skin, sky
from fairy.lab.synthetic.raster import (
    Array,
    blur,
    cell_hash,
    colour,
    contrast,
    display,
    from_hsv,
    gradients,
    linear,
    luma,
    mix,
    noise,
    palette,
    saturate,
    step,
    to_hsv,
)
from fairy.lab.synthetic.scenes import Layers


def night(layers: Layers, choice: Choice) -> Array:
    """Day for night: a cool key (open: from teal to indigo), deep shadows that stay readable, lit windows."""
    light = linear(layers.picture)
    grey = luma(light)[..., None]
    above = sky(layers)[..., None]
    moon = contrast(luma(layers.picture), 0.7)[..., None] ** 2
    hue = 0.54 + 0.09 * choice.hue
    dim = (0.28 + 0.1 * choice.tone) * (1 - 0.72 * above)
    moonlit = mix(0.3 * light + 0.7 * moon, 0.35 * light + 0.65 * grey, above) * dim
    key = mix(linear(colour(hue, 0.66, 1.0)), linear(colour(hue, 0.34, 1.0)), np.clip(3.2 * moonlit, 0, 1))
    lamps = layers.lamps[..., None] * colour(0.1, 0.6, 1.0)
    return display(moonlit * key + 0.011 * colour(hue, 0.7, 1.0) + lamps + 0.5 * blur(lamps, 0.9 * layers.grain))


def sunset(layers: Layers, choice: Choice) -> Array:
    """The sun is down at the horizon: an amber sky that turns to dusk above, long warm light (open: gold to ember)."""
    height = layers.picture.shape[0]
    light = linear(layers.picture)
    grey = luma(light)[..., None]
    warm = 0.095 - 0.042 * choice.hue
    above = sky(layers)
    low = np.clip(1.15 * layers.surface_y / height, 0, 1)
    dusk, rose, gold, pale = (0.66, 0.42, 0.5), (0.03, 0.35, 0.75), (warm, 0.68, 1.0), (warm + 0.015, 0.58, 1.0)
    heaven = linear(palette(low, [colour(*each) for each in (dusk, rose, gold, pale)])) * (0.45 + 0.75 * grey)
    shadow, sun = linear(colour(0.7, 0.2, 0.8)), linear(colour(warm, 0.48, 1.0))
    toned = mix(light, grey * np.ones(3, np.float32), 0.4) * mix(shadow, sun, step(grey, 0.02, 0.5))
    return contrast(display(mix(0.95 * toned, heaven, 0.92 * above)), 0.25)


def golden_hour(layers: Layers, choice: Choice) -> Array:
    """A low golden sun from one side (open: which, and how golden), a glow in the light, air in the shadows."""
    width = layers.picture.shape[1]
    cool = step(layers.picture[..., 2] - layers.picture[..., 0], -0.05, 0.25)
    light = linear(mix(layers.picture, luma(layers.picture)[..., None] * np.ones(3, np.float32), 0.5 * cool))
    side = layers.surface_x / (width - 1) - 0.5
    near = step(side if choice.second_hue < 0.5 else -side, -0.6, 0.55)[..., None]
    sun = linear(colour(0.088 + 0.012 * choice.hue, 0.27 + 0.13 * choice.tone, 1.0))
    grey = luma(light)[..., None]
    lit = np.clip(0.25 + 0.9 * grey, 0, 1) * (0.55 + 0.45 * near)
    toned = light * mix(linear(colour(0.06, 0.12, 0.86)), 1.45 * sun, lit)
    bloom = blur(light * step(grey, 0.25, 0.9), 1.2 * layers.grain)
    return contrast(display(toned + (0.3 * bloom + 0.012 + 0.07 * near) * sun), 0.2)


def fog(layers: Layers, choice: Choice) -> Array:
    """Fog in slow wisps, thicker the higher up, for that is farther, and over the sky (open: how thick, how cool)."""
    height = layers.picture.shape[0]
    soft = 28 * layers.grain
    wisps = noise(layers.surface_x / soft * 0.5, layers.surface_y / soft, 7) - 0.5
    far = (0.9 - 0.15 * choice.tone) * step(layers.surface_y / height + 0.3 * wisps, 1.15, 0.1)
    for index in range(len(layers.objects)):
        far = mix(far, 0.55 * far, layers.visible(index))
    thick = np.maximum(0.1 + 0.9 * far, 0.92 * sky(layers))
    veil = colour(0.57, 0.02 + 0.07 * choice.hue, 0.84) * (0.95 + 0.08 * luma(layers.picture)[..., None])
    scattered = mix(saturate(layers.picture, 0.65), blur(layers.picture, 0.3 * layers.grain), 0.4 * thick)
    return np.clip(mix(scattered, veil, thick), 0, 1)


def snow(layers: Layers, _choice: Choice) -> Array:
    """Snow lies on leaves, on pale ground and on what stands before the sky; the light is cold, flakes fall."""
    unit = layers.grain / 8
    grey = luma(layers.picture)
    above = sky(layers)
    fine = grey - blur(grey, 2 * unit)
    soft = blur(layers.picture, 0.9 * unit)
    _, saturation, value = to_hsv(soft)
    grown = leaves(soft) * (0.35 + 0.65 * step(fine, -0.16, 0.02)) * step(value, 0.02, 0.4)
    low = step(layers.surface_y / layers.picture.shape[0], 0.4, 0.9)
    ground = np.maximum(grown, 0.7 * low * step(saturation, 0.5, 0.1) * step(value, 0.2, 0.6))
    _, fall = gradients(blur(above, unit))
    cap = step(-blur(fall, unit) * unit, 0.02, 0.07) * (1 - above)
    lying = np.clip(np.maximum(cap, ground), 0, 1) * (1 - 0.7 * skin(soft)) * (1 - above)
    cold = saturate(layers.picture, 0.6) * colour(0.58, 0.08, 1.0) * 0.9 + 0.07
    pale = mix(cold, 0.76 + 0.14 * cold, above)
    shade = np.clip(0.5 + 0.55 * grey + 1.1 * fine, 0, 1)
    tones = ((0.6, 0.3, 0.4), (0.59, 0.2, 0.66), (0.58, 0.11, 0.9), (0.57, 0.01, 1.0))
    white = palette(shade, [colour(*tone) for tone in tones])
    return mix(mix(pale, white, 0.95 * lying), np.ones(3, np.float32), 0.9 * _flakes(layers))


def winter(layers: Layers, _choice: Choice) -> Array:
    """A frosty morning: leaves and grass are white with rime, the light is cold and low."""
    unit = layers.grain / 8
    grey = luma(layers.picture)[..., None]
    green = leaves(layers.picture)
    rime = green * step(grey[..., 0] - blur(grey[..., 0], 2.5 * unit), -0.05, 0.06)
    pale = saturate(layers.picture, 0.5)
    pale = mix(pale, (0.25 + 0.75 * grey) * np.ones(3, np.float32), 0.75 * green)
    pale = mix(pale, colour(0.58, 0.03, 0.98) * (0.6 + 0.4 * grey), 0.85 * rime)
    pale = mix(pale, colour(0.58, 0.07, 0.93) * (0.72 + 0.28 * grey), 0.75 * sky(layers))
    return contrast(pale * colour(0.59, 0.1, 1.03) + colour(0.61, 0.5, 0.06) * (1 - pale), 0.3)


def autumn(layers: Layers, choice: Choice) -> Array:
    """Leaves and grass turn to gold, orange and red (open: which most), the light is soft and warm."""
    hue, saturation, value = to_hsv(layers.picture)
    green = leaves(layers.picture)
    spread = 20 * layers.grain
    patch = noise(layers.surface_x / spread, layers.surface_y / spread, 2) - 0.5
    leaf = 0.118 - 0.055 * choice.hue + 0.05 * patch + 0.25 * (hue - 0.26)
    turned = from_hsv(leaf, np.clip(0.2 + 0.72 * saturation, 0, 0.8), np.clip(1.12 * value + 0.03, 0, 1))
    picture = mix(layers.picture, turned, 0.95 * green)
    return contrast(np.clip(picture * colour(0.095, 0.13, 1.04) + 0.015, 0, 1), 0.12)


def _flakes(layers: Layers) -> Array:
    """Round flakes of two sizes, fixed to the world: coverage 0..1."""
    near = _scattered(layers, 3.5, 0.5, 0.17, 5)
    return np.maximum(near, 0.8 * _scattered(layers, 1.75, 0.4, 0.09, 23))


def _scattered(layers: Layers, pitch: float, share: float, radius: float, salt: int) -> Array:
    """Specks on the surface, one in `share` of the cells of `pitch` grains; radius in grains. Coverage 0..1."""
    size = pitch * layers.grain
    column, row = np.floor(layers.surface_x / size), np.floor(layers.surface_y / size)
    reach = 1.3 * radius / pitch
    x = layers.surface_x / size - column - reach - (1 - 2 * reach) * cell_hash(column, row, salt)
    y = layers.surface_y / size - row - reach - (1 - 2 * reach) * cell_hash(column, row, salt + 1)
    present = cell_hash(column, row, salt + 2) < share
    return step(np.hypot(x, y) * pitch / radius, 1.3, 0.6) * present
