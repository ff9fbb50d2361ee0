"""Picture primitives on OpenCV, the only file that imports it.

Pictures: float32 (H, W, 3) RGB in 0..1; maps: float32 (H, W).
"""

from collections.abc import Sequence
from functools import lru_cache, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fairy.errors import MissingPackageError

try:
    import cv2
except ImportError as error:
    raise MissingPackageError("the synthetic world needs OpenCV: pip install 'fairy-video[train]'") from error

Array = NDArray[np.floating[Any]]  # float32 but where a step in between is wider

cv2.setNumThreads(1)  # pictures are small, and callers run several processes

NOISE_SIZE = 256
NUM_NOISES = 8
GRIT = NUM_NOISES
"""The number of the last noise, which is as fine as the tile allows: the tooth of paper, the hairs of a brush."""
LUMA = np.array([0.299, 0.587, 0.114], np.float32)


@lru_cache(maxsize=1)
def _noise_bank() -> Array:
    """Tileable noise (NUM_NOISES + 1, NOISE_SIZE, NOISE_SIZE), fractal but the last, stretched to a flat 0..1."""
    rng = np.random.default_rng(np.random.SeedSequence(20231213))
    frequency = np.fft.fftfreq(NOISE_SIZE) * NOISE_SIZE
    radius = np.hypot(frequency[:, None], frequency[None, :])
    radius[0, 0] = np.inf
    bank = np.empty((NUM_NOISES + 1, NOISE_SIZE, NOISE_SIZE), np.float32)
    for index in range(NUM_NOISES + 1):
        slope = 1.2 + 0.1 * index if index < NUM_NOISES else 0.0
        spectrum = np.fft.fft2(rng.standard_normal((NOISE_SIZE, NOISE_SIZE))) * np.maximum(radius, 3.0) ** -slope
        order = np.fft.ifft2(spectrum).real.ravel().argsort(kind="stable")
        ranks = np.empty(order.size, np.float32)
        ranks[order] = np.linspace(0, 1, order.size, dtype=np.float32)
        bank[index] = ranks.reshape(NOISE_SIZE, NOISE_SIZE)
    return bank


def noise(x: Array, y: Array, index: int, scale: float = 1.0) -> Array:
    """Noise in 0..1 at the points (x, y), coarser for a larger `index`; the tile's period is `1 / scale` units long."""
    period = np.float32(NOISE_SIZE * scale)
    tile = _noise_bank()[index]
    return cv2.remap(
        tile,
        np.mod(x * period, NOISE_SIZE),
        np.mod(y * period, NOISE_SIZE),
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_WRAP,
    )


def sample(picture: Array, x: Array, y: Array) -> Array:
    """The picture at pixel positions (x, y), mirrored outside."""
    return cv2.remap(
        picture, x.astype(np.float32), y.astype(np.float32), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101
    )


def blur(picture: Array, sigma: float) -> Array:
    return cv2.GaussianBlur(picture, (0, 0), sigma, borderType=cv2.BORDER_REFLECT_101)


def mean_around(picture: Array, radius: int) -> Array:
    """The mean over a square of 2 radius + 1 pixels."""
    side = 2 * radius + 1
    return cv2.blur(picture, (side, side), borderType=cv2.BORDER_REFLECT_101)


def smooth_flat(picture: Array, radius: int, strength: float) -> Array:
    """Edge-preserving smoothing: regions become flat, their borders stay."""
    return cv2.bilateralFilter(picture, 2 * radius + 1, strength, radius, borderType=cv2.BORDER_REFLECT_101)


def gradients(grey: Array) -> tuple[Array, Array]:
    """Horizontal and vertical derivative a pixel."""
    sobel = partial(cv2.Sobel, grey, cv2.CV_32F, scale=0.125, borderType=cv2.BORDER_REFLECT_101)
    return sobel(dx=1, dy=0), sobel(dx=0, dy=1)


def widen(grey: Array, size: int) -> Array:
    """Each pixel becomes the largest of its size x size neighbourhood."""
    return cv2.dilate(grey, np.ones((size, size), np.uint8), borderType=cv2.BORDER_REFLECT_101)


def resize(picture: NDArray[np.uint8], width: int, height: int) -> NDArray[np.uint8]:
    return cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)


def luma(picture: Array) -> Array:
    return picture @ LUMA


def to_hsv(picture: Array) -> tuple[Array, Array, Array]:
    """Hue in 0..1 (a turn), saturation and value in 0..1."""
    hue, saturation, value = cv2.split(cv2.cvtColor(picture, cv2.COLOR_RGB2HSV))
    return hue / 360, saturation, value


def from_hsv(hue: Array, saturation: Array, value: Array) -> Array:
    return cv2.cvtColor(cv2.merge([np.mod(hue, 1) * 360, saturation, value]), cv2.COLOR_HSV2RGB)


def colour(hue: float, saturation: float, value: float) -> Array:
    """One RGB colour (3,) from hue in 0..1 (a turn), saturation and value."""
    sector = np.mod(hue * 6 + np.array([5, 3, 1]), 6)
    return (value - value * saturation * np.clip(np.minimum(sector, 4 - sector), 0, 1)).astype(np.float32)


def linear(picture: Array) -> Array:
    """Light of a picture, with a gamma of 2: lights add up and are tinted there as they are in the world."""
    return picture * picture


def display(light: Array) -> Array:
    """The picture of an amount of light."""
    return np.sqrt(np.clip(light, 0, 1))


def saturate(picture: Array, amount: float) -> Array:
    """More (above 1) or less colour at the same lightness."""
    grey = luma(picture)[..., None]
    return grey + (picture - grey) * np.float32(amount)


def contrast(value: Array, amount: float) -> Array:
    """Bend a picture or map in 0..1 into an S: darks darker, lights lighter."""
    value = np.clip(value, 0, 1)
    return value + np.float32(amount) * (value * value * (3 - 2 * value) - value)


def mix(first: Array, second: Array, amount: Array | float) -> Array:
    """first where amount is 0, second where it is 1; a map (H, W) is spread over the channels of a picture."""
    if isinstance(amount, np.ndarray) and amount.ndim == 2 and (np.ndim(first), np.ndim(second)) != (2, 2):
        amount = amount[..., None]
    return first + (second - first) * amount


def step(value: Array, low: float, high: float) -> Array:
    """Smooth 0..1 step between low and high (high < low turns it round)."""
    ramp = np.clip((value - low) * np.float32(1 / (high - low)), 0, 1)
    return ramp * ramp * (3 - 2 * ramp)


def palette(position: Array, colours: Sequence[Array]) -> Array:
    """A map in 0..1 turned into a picture through a ramp of colours."""
    table = np.stack(colours)
    stops = np.linspace(0, 1, len(table))
    ramp = np.stack([np.interp(np.linspace(0, 1, 256), stops, table[:, c]) for c in range(3)], axis=1)
    return ramp.astype(np.float32)[np.clip(position * 255, 0, 255).astype(np.int32)]


def cell_hash(column: Array, row: Array, salt: int) -> Array:
    """A fixed pseudo-random number in 0..1 for each integer cell."""
    mixed = (column.astype(np.int64) * 73856093) ^ (row.astype(np.int64) * 19349663) ^ (salt * 83492791)
    mixed = (mixed ^ (mixed >> 13)) * 1274126177
    return (((mixed ^ (mixed >> 16)) & 0xFFFF) / np.float32(65535)).astype(np.float32)
