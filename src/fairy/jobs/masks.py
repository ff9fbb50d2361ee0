"""Where an edit counts: masks from a file, and masks that are found by comparing an edit with its source.

A mask is float32 (H, W) in 0..1: 1 takes the edit, 0 the source's own pixel, bit for bit. Everything here is a function
of one frame, so that a frame rendered again alone comes out as it was.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path

import numpy as np

from fairy.config import MaskConfig
from fairy.errors import MediaError, UsageError
from fairy.video import Frame, VideoInfo, probe, read_at

BLACK, WHITE = 16, 239
"""Levels of 255 up to which a mask is black and from which it is white: lossy video and scaling blur them a little."""
ALIKE, UNLIKE = 10.0, 26.0
"""Levels of 255 by which an edit differs from its source where `auto_mask` is 0, and where it is 1."""


@dataclass(frozen=True)
class Mask:
    """A mask on disk that fits a source."""

    info: VideoInfo
    feather: int
    """Pixels, at the size of the edit."""

    @property
    def is_still(self) -> bool:
        """One picture for all frames."""
        return len(self.info) == 1

    def at(self, indices: Iterable[int], size: tuple[int, int]) -> Iterator[np.ndarray]:
        """The masks of these frames, in rising order, at `size` (width, height)."""
        wanted = sorted(set(indices))
        if self.is_still:
            (picture,) = read_at(self.info, [0], size=size)
            still = feathered(levels(picture.image), self.feather)
            yield from (still for _ in wanted)
            return
        for frame in read_at(self.info, wanted, size=size):
            yield feathered(levels(frame.image), self.feather)


@dataclass(frozen=True)
class Blend:
    """How edits are laid over their sources: through a mask, where they differ, or, as it is, wholly."""

    mask: Mask | None = None
    auto: bool = False

    def over(
        self, pairs: Iterable[tuple[Frame, np.ndarray]], indices: Iterable[int], size: tuple[int, int]
    ) -> Iterator[tuple[Frame, np.ndarray]]:
        """Each frame with its edit laid over it; `indices` are those of the frames, which rise."""
        if self.mask is None and not self.auto:
            yield from pairs
            return
        masks: Iterator[np.ndarray] = repeat(np.ones((1, 1), np.float32))
        if self.mask is not None:
            masks = self.mask.at(indices, size)
        for (frame, edited), mask in zip(pairs, masks, strict=False):
            weight = mask * auto_mask(frame.image, edited) if self.auto else mask
            yield frame, composite(frame.image, edited, weight)


def open_blend(config: MaskConfig, source: VideoInfo) -> Blend:
    """The blend that is asked for. Raises as `open_mask` does."""
    return Blend(open_mask(config.mask, source, config.feather) if config.mask else None, config.auto_mask)


def open_mask(path: Path, source: VideoInfo, feather: int = 4) -> Mask:
    """A picture, a video or a folder of pictures, white where to edit, that fits the source in shape and number.

    Raises UsageError where it does not, MediaError where it cannot be read.
    """
    try:
        info = probe(path)
    except MediaError as error:
        raise MediaError(f"--mask: {error}") from error
    # The same ratio, but for what rounding to whole pixels can do.
    slack = max(info.width, info.height, source.width, source.height)
    if abs(info.width * source.height - info.height * source.width) > slack:
        raise UsageError(
            f"--mask {path} is {info.width}x{info.height}, but {source.path} is {source.width}x{source.height};"
            " the mask must have the same ratio of sides"
        )
    if len(info) not in (1, len(source)):
        raise UsageError(
            f"--mask {path} has {len(info)} frames, but {source.path} has {len(source)};"
            " give a mask of as many frames, or one picture for all"
        )
    return Mask(info, feather)


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
    """Mix uint8 (H, W, 3) pictures: the edit's own pixels where the mask is 1, the source's own where it is 0."""
    own = source.astype(np.float32)
    return np.rint(own + mask[..., None] * (edited - own)).astype(np.uint8)
