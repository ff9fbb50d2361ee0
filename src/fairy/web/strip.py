"""A strip of small pictures of a finished video, from which frames are picked to be rendered again."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from fairy.disk.whole import writing_whole
from fairy.pictures.size import fit_size
from fairy.video import probe, read_at

MOST_PICTURES = 16
LONG_SIDE = 160


def write_strip(video: Path, folder: Path, first_frame: int) -> None:
    """Pictures FRAME.webp of evenly spread frames; FRAME counts those of the source."""
    info = probe(video)
    folder.mkdir(parents=True, exist_ok=True)
    for frame in read_at(info, places(len(info)), size=fit_size(info.width, info.height, LONG_SIDE)):
        with writing_whole(folder / f"{first_frame + frame.index:06d}.webp") as part:
            Image.fromarray(frame.image).save(part, format="WEBP", quality=80)


def places(num_frames: int) -> list[int]:
    """Which frames stand for all."""
    return sorted(set(np.linspace(0, num_frames - 1, min(MOST_PICTURES, num_frames)).round().astype(int).tolist()))


def pick(first: int, last: int, frame: int) -> tuple[int, int]:
    """(first, last) after a click on a frame: the first click chooses one, a later frame stretches the choice to it."""
    return (first, frame) if first == last and frame > first else (frame, frame)
