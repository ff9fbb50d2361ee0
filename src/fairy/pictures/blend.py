"""Laying an edit over its source through a mask, which is given or found by comparing the two.

A mask is float32 (H, W) in 0..1: 1 takes the edit, 0 the source's own pixel, bit for bit. Everything here is a function
of one frame, so that a frame rendered again alone comes out as it was.
"""

from __future__ import annotations

import numpy as np

BLACK, WHITE = 16, 239
"""Levels of 255 up to which a mask is black and from which it is white: lossy video and scaling blur them a little."""

ALIKE, UNLIKE = 10.0, 26.0
"""Levels of 255 by which an edit differs from its source where `auto_mask` is 0, and where it is 1."""


def levels(picture: np.ndarray) -> np.ndarray:
    """uint8 (H, W, 3), black to white -> a mask."""
    grey = picture.mean(axis=2, dtype=np.float32)
    return np.clip((grey - BLACK) / (WHITE - BLACK), 0, 1, dtype=np.float32)


def feathered(mask: np.ndarray, pixels: int) -> np.ndarray:
    """The mask with an edge that fades in over so many pixels, inwards: nothing that was 0 becomes more.

    The mean of the mask and of its erosions by 1, 2 ... pixels, by a cross and a square in turn, which nears a circle.
    The border of the picture is no edge.
    """
    eroded, total = mask, mask.copy()
    for step in range(pixels):
        eroded = erode(eroded, diagonally=step % 2 == 1)
        total += eroded
    return total / np.float32(pixels + 1)


def erode(mask: np.ndarray, *, diagonally: bool) -> np.ndarray:
    """Each pixel's least value among itself and its 4, or 8, neighbours."""
    height, width = mask.shape
    wide = np.pad(mask, 1, mode="edge")
    rows = [wide[y : y + height] for y in range(3)]
    column = np.minimum(np.minimum(rows[0], rows[1]), rows[2])
    line = column if diagonally else rows[1]
    beside = np.minimum(line[:, :width], line[:, 2:])
    return np.minimum(beside, column[:, 1:-1])


def auto_mask(source: np.ndarray, edited: np.ndarray) -> np.ndarray:
    """A soft mask of where an edit, uint8 (H, W, 3), differs from its source.

    Compared are colours averaged over a small neighbourhood: the fine grain that a model's autoencoder changes
    everywhere averages out, and the mask varies as smoothly as the picture does, over space and from frame to frame.
    """
    radius = max(1, round(max(source.shape) / 96))
    difference = edited.astype(np.int32) - source
    means = box_mean(box_mean(difference, radius), radius)
    difference_of_colour = np.abs(means).max(axis=2)
    ramp = np.clip((difference_of_colour - ALIKE) / (UNLIKE - ALIKE), 0, 1, dtype=np.float32)
    return ramp * ramp * (3 - 2 * ramp)


def box_mean(values: np.ndarray, radius: int) -> np.ndarray:
    """The mean of each (2 * radius + 1) squared neighbourhood of (H, W, 3), mirrored at the border; float32."""
    size = 2 * radius + 1
    sums = np.pad(values.astype(np.float64), ((radius, radius), (radius, radius), (0, 0)), mode="symmetric")
    for axis in (0, 1):
        running = np.cumsum(sums, axis=axis)
        running = np.concatenate([np.zeros_like(running.take([0], axis)), running], axis=axis)
        ahead, behind = np.split(running, [size], axis=axis)[1], np.split(running, [-size], axis=axis)[0]
        sums = ahead - behind
    return (sums / size**2).astype(np.float32)


def composite(source: np.ndarray, edited: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Mix pictures (H, W, 3) of one number format: the edit's own pixels where the mask is 1, the source's where 0."""
    own = source.astype(np.float32)
    return np.rint(own + mask[..., None] * (edited - own)).astype(source.dtype)
