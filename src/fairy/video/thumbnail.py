"""Small pictures of the frames that pass by while a video is counted: enough to see where it cuts."""

from collections.abc import Callable

import av
import numpy as np
from av.video.reformatter import Interpolation, VideoReformatter

OnFrame = Callable[[int, np.ndarray], None]
"""Called with a frame's index and a small picture of it, uint8 (H, W, 3). Index 0 comes again where a damaged file is
read a second time: what came before is then void."""
LONG_SIDE = 32
"""Pixels of a thumbnail's longer side."""


def thumbnail_size(width: int, height: int) -> tuple[int, int]:
    """(width, height) of a frame's thumbnail."""
    scale = LONG_SIDE / max(width, height)
    return max(2, round(width * scale)), max(2, round(height * scale))


class Thumbnails:
    """Hands a thumbnail of every frame to `on_frame`: as stored, neither turned nor in true colours."""

    def __init__(self, on_frame: OnFrame) -> None:
        self._on_frame, self._reformatter, self._count = on_frame, VideoReformatter(), 0

    def show(self, frame: av.VideoFrame) -> None:
        """The next frame, as decoded."""
        width, height = thumbnail_size(frame.width, frame.height)
        small = self._reformatter.reformat(frame, width, height, "rgb24", interpolation=Interpolation.AREA, threads=1)
        self._on_frame(self._count, small.to_ndarray())
        self._count += 1
