"""Where an edit counts: masks from a file that fits the source, and the blend that lays edits over their sources."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path

import numpy as np

from fairy.config import MaskConfig
from fairy.errors import MediaError, UsageError
from fairy.pictures.blend import auto_mask, feathered, levels
from fairy.pictures.scale import enlarged_mask, shrunk
from fairy.video import VideoInfo, probe, read_at


@dataclass(frozen=True)
class Mask:
    """A mask on disk that fits a source."""

    info: VideoInfo
    feather: int
    """Pixels, at the size of delivery."""

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

    def masks(self, indices: Iterable[int], size: tuple[int, int]) -> Iterator[np.ndarray | None]:
        """The mask of each frame, in rising order, at `size` (width, height); None without end where there is none."""
        return repeat(None) if self.mask is None else self.mask.at(indices, size)

    def weight(self, source: np.ndarray, edited: np.ndarray, mask: np.ndarray | None) -> np.ndarray | None:
        """How much the edit counts: float32 (H, W) in 0..1, or None where it counts wholly, everywhere.

        source: uint8 or uint16 (H, W, 3), as delivered; edited: uint8 (h, w, 3), as edited; mask: float32 (H, W).
        """
        if not self.auto:
            return mask
        found = enlarged_mask(auto_mask(shrunk(source, edited.shape[:2]), edited), source.shape[:2])
        return found if mask is None else mask * found


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
