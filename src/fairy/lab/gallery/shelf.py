"""The videos of a page and their posters: copied as they are where browsers play them, encoded anew where not."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from fairy.video import VideoInfo, VideoWriter, probe, read_at, read_frames

MEDIA = "media"
PLAYED = {".mp4": {"h264", "av1"}, ".m4v": {"h264"}, ".webm": {"vp8", "vp9", "av1"}}
"""Codecs that browsers play, by suffix, at 8 bits."""
POSTER_QUALITY = 82


@dataclass(frozen=True)
class Shown:
    """A video on the page."""

    url: str
    poster: str
    width: int
    height: int
    num_frames: int
    seconds: float


class Shelf:
    """The page's own folder of videos and posters."""

    def __init__(self, folder: Path, linked_from: Path | None) -> None:
        self._folder, self._page = folder, linked_from

    def add(self, path: Path) -> Shown:
        """Put a video there, unless it is shown from where it is, and its poster."""
        info = probe(path)
        name = self._free_name(path.stem)
        middle = next(read_at(info, [len(info) // 2])).image
        Image.fromarray(middle).save(self._folder / f"{name}.jpg", quality=POSTER_QUALITY)
        played = info.codec in PLAYED.get(path.suffix.lower(), set()) and info.bit_depth == 8
        if played and self._page is not None:
            url = Path(os.path.relpath(path.absolute(), self._page.absolute())).as_posix()
        else:
            video = self._folder / f"{name}{path.suffix.lower() if played else '.mp4'}"
            url = f"{MEDIA}/{video.name}"
            if played:
                shutil.copyfile(path, video)
            else:
                encode(info, video)
        return Shown(url, f"{MEDIA}/{name}.jpg", info.width, info.height, len(info), info.duration)

    def _free_name(self, stem: str) -> str:
        names = (stem if count == 1 else f"{stem}-{count}" for count in range(1, 1 << 30))
        return next(name for name in names if not (self._folder / f"{name}.jpg").exists())


def encode(info: VideoInfo, path: Path) -> None:
    """Write a video that browsers play."""
    size = (max(2, info.width // 2 * 2), max(2, info.height // 2 * 2))
    with VideoWriter(path, info=info, size=size) as writer:
        for frame in read_frames(info, size=size):
            writer.write(frame.image, frame.pts)
