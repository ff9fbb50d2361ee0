"""Videos as a rater's browser gets them: small H.264 files under random names, with a poster picture each.

Every video is encoded anew in the same way, without sound or metadata: neither bytes nor container nor codec tell one
method from another, and Fairy's own outputs carry their recipe. Pictures are uint8 RGB (H, W, 3).
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image

from fairy.pictures.size import fit_size
from fairy.video import Frame, VideoInfo, VideoWriter, probe, read_frames

QUALITY = 14
"""Constant rate factor of x264: no loss that an eye finds."""
POSTER_QUALITY = 80
BLOCKS = 24
"""A damaged picture is this many blocks wide."""
NOISE = 48.0
"""Standard deviation in levels of 255."""

Change = Callable[[Frame], np.ndarray]


class MediaFolder:
    """Encodes videos into a folder, each source file once."""

    def __init__(self, folder: Path, long_side: int, on_encoded: Callable[[], None]) -> None:
        self.folder, self._long_side, self._on_encoded = folder, long_side, on_encoded
        self._names: dict[Path, str] = {}
        self._lengths: dict[Path, int] = {}

    def add(self, path: Path) -> str:
        """The random name of the encoded video."""
        if path not in self._names:
            info = probe(path)
            self._lengths[path] = len(info)
            self._names[path] = self._encode(info, lambda frame: frame.image)
            self._on_encoded()
        return self._names[path]

    def add_damaged(self, path: Path) -> str:
        """The same, of the video in coarse blocks with noise that changes from frame to frame."""
        return self._encode(probe(path), damage)

    def num_frames(self, path: Path) -> int:
        """The length of a video that was added."""
        return self._lengths[path]

    def _encode(self, info: VideoInfo, change: Change) -> str:
        name = secrets.token_hex(12)
        size = fit_size(info.width, info.height, min(self._long_side, max(info.width, info.height)))
        frames = read_frames(info, size=size)
        write_video(self.folder / f"{name}.mp4", info, size, ((frame, change(frame)) for frame in frames))
        return name


def write_video(
    path: Path, info: VideoInfo, size: tuple[int, int], pictures: Iterable[tuple[Frame, np.ndarray]]
) -> None:
    """Write the pictures at their frames' time stamps, and the first one beside the video as a JPEG."""
    # A folder of pictures has no sound, subtitles or chapters that the writer would copy.
    bare = replace(info, images=(info.path,), audio=(), metadata={})
    with VideoWriter(path, info=bare, size=size, quality=QUALITY) as writer:
        for frame, picture in pictures:
            if frame.index == 0:
                Image.fromarray(picture).save(path.with_suffix(".jpg"), quality=POSTER_QUALITY)
            writer.write(picture, frame.pts)


def damage(frame: Frame) -> np.ndarray:
    """A picture that nobody calls good: coarse blocks, noise, and a brightness that flickers."""
    height, width = frame.image.shape[:2]
    rng = np.random.default_rng(frame.index)
    small = (BLOCKS, max(1, round(BLOCKS * height / width)))
    blocks = (
        Image.fromarray(frame.image)
        .resize(small, Image.Resampling.BOX)
        .resize((width, height), Image.Resampling.NEAREST)
    )
    noise = rng.normal(0.0, NOISE, (height, width, 1)) + rng.normal(0.0, NOISE)
    return np.clip(np.asarray(blocks) + noise, 0, 255).astype(np.uint8)
