"""Which frames of a source are edited, at what size, and which of them are anchors."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from fairy.anchors import choose_anchors
from fairy.config import EditConfig, VideoConfig
from fairy.errors import UsageError
from fairy.frames import fit_size
from fairy.video import Frame, VideoInfo, read_at, read_frames


def select(info: VideoInfo, video: VideoConfig, edit: EditConfig) -> Selection:
    """Find the frames of the range and choose the anchors among them. Raises UsageError where the range is empty."""
    start = 0 if video.start is None else first_frame_at(info, video.start)
    stop = len(info) if video.end is None else first_frame_at(info, video.end)
    if start >= stop:
        raise UsageError(
            f"no frame lies in the range from {video.start or 0:g} s to {video.end or info.duration:g} s;"
            f" {info.path} lasts {info.duration:.3f} s"
        )
    anchors = choose_anchors(stop - start, edit.num_anchors)
    return Selection(info, start, stop, (info.width, info.height), tuple(start + index for index in anchors))


def first_frame_at(info: VideoInfo, seconds: float) -> int:
    """Index of the first frame at or after a moment counted from the first one; 0.1 is taken as typed, as a tenth."""
    ticks = math.ceil(Fraction(seconds).limit_denominator(1_000_000) / info.time_base)
    return int(np.searchsorted(info.pts, int(info.pts[0]) + ticks))


@dataclass(frozen=True)
class Selection:
    """Which frames of a source are edited, at what size, and which of them are anchors."""

    info: VideoInfo
    start: int
    """Index of the first frame."""
    stop: int
    """Index after the last frame."""
    size: tuple[int, int]
    """Columns and rows."""
    anchors: tuple[int, ...]
    """Indices in the source."""

    def __len__(self) -> int:
        return self.stop - self.start

    def fitted(self, long_side: int) -> Selection:
        """The same frames at a size whose longer side is `long_side`."""
        return replace(self, size=fit_size(self.info.width, self.info.height, long_side))

    def frames(self) -> Iterator[Frame]:
        """All selected frames in their order."""
        return read_frames(self.info, start=self.start, stop=self.stop, size=self.size)

    def anchor_frames(self) -> np.ndarray:
        """The anchors: uint8 (K, H, W, 3)."""
        width, height = self.size
        images = [frame.image for frame in read_at(self.info, self.anchors, size=self.size)]
        return np.stack(images) if images else np.zeros((0, height, width, 3), np.uint8)
