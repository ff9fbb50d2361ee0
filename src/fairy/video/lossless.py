"""Pictures on disk without loss: FFV1 in Matroska, which any player shows too. Pictures are uint8 RGB (H, W, 3).

Of an edited clip of 512x288 that takes 0.29 of the raw bytes, 6 ms a picture to write and 7 ms to read on one core; PNG
at its fastest takes 0.49, 5 ms and 4 ms (noisier pictures: 0.49 against 0.62).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import av
import numpy as np

OPTIONS = {"level": "3", "coder": "0", "context": "0", "slices": "4", "g": "1"}
BYTES_PER_VALUE = 0.5
"""Of a picture's 3 * H * W values: what to reckon with on the disk."""


class LosslessWriter:
    """Writes pictures of one size to a file; a context manager. Raises av.error.FFmpegError or OSError."""

    def __init__(self, path: Path, size: tuple[int, int]) -> None:
        self._container = av.open(f"file:{path}", "w", format="matroska")
        self._stream: Any = self._container.add_stream("ffv1", rate=25, options=OPTIONS)
        self._stream.width, self._stream.height = size
        self._stream.pix_fmt = "bgr0"
        self._count = 0

    def __enter__(self) -> Self:
        return self

    def write(self, image: np.ndarray) -> None:
        """The next picture."""
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(image), "rgb24").reformat(format="bgr0")
        frame.pts = self._count
        self._count += 1
        self._container.mux(self._stream.encode(frame))

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        try:
            if kind is None:
                self._container.mux(self._stream.encode(None))
            self._container.close()
        except av.error.FFmpegError:
            if kind is None:  # a file that is given up anyway may fail to close
                raise


def read_lossless(path: Path) -> Iterator[np.ndarray]:
    """The pictures in their order."""
    with av.open(f"file:{path}") as container:
        for frame in container.decode(video=0):
            yield frame.to_ndarray(format="rgb24")
