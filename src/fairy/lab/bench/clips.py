"""Something to edit: in memory, and as a video file."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np


def moving_gradient(num_frames: int, height: int, width: int) -> np.ndarray:
    """uint8 (F, H, W, 3). Speed does not depend on what is seen."""
    rows, columns = np.mgrid[:height, :width]
    waves = [128 + 100 * np.sin((columns + 2 * t) / 17) * np.cos((rows - t) / 13) for t in range(num_frames)]
    return np.stack([np.stack([wave, wave[::-1], 255 - wave], axis=-1) for wave in waves]).astype(np.uint8)


def write_clip(path: Path, frames: np.ndarray) -> None:
    """Frames as a video of 25 frames a second, by way of a folder of pictures."""
    from fairy.disk.whole import save_png
    from fairy.video import VideoWriter, probe

    with tempfile.TemporaryDirectory() as folder:
        for index, frame in enumerate(frames):
            save_png(Path(folder, f"{index:06d}.png"), frame)
        info = probe(Path(folder))
        size = (frames.shape[2], frames.shape[1])
        writer = VideoWriter(path, info=info, size=size, quality=None, start=0, stop=len(frames), overwrite=True)
        with writer:
            for frame, pts in zip(frames, info.pts, strict=True):
                writer.write(frame, pts)
