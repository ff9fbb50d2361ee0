"""Draws docs/images/edits.webp: the built-in clip and the demo's five edits, moving, side by side.

    python scripts/make_readme_picture.py [CLIP] [INSTRUCTION ...]

Run it again when the model, the clip or the demo's instructions have changed. Colours are whole; only the encoder's
quality is lowered until the file is small enough for a README.
"""

from __future__ import annotations

import io
import sys
import tempfile
from fractions import Fraction
from importlib.resources import as_file, files
from pathlib import Path

import numpy as np
from PIL import Image

import fairy
from fairy.cli.demo import INSTRUCTIONS
from fairy.cli.terminal import Terminal
from fairy.pictures.sheet import caption, tile
from fairy.video import VideoInfo, probe, read_frames

OUTPUT = Path(__file__).parents[1] / "docs" / "images" / "edits.webp"
TILE = 300
"""Columns of one video at most."""
MOST_FRAMES = 48
MOST_BYTES = 1_500_000
QUALITIES = range(90, 30, -5)


def main() -> None:
    """Edit, lay out, write."""
    words = sys.argv[1:]
    with as_file(files("fairy").joinpath("video", "clips", "demo.mp4")) as built_in:
        picture = draw(Path(words[0]) if words else built_in, tuple(words[1:]) or INSTRUCTIONS)
    OUTPUT.write_bytes(picture)
    print(f"{OUTPUT}: {len(picture) / 1e6:.2f} MB")  # noqa: T201


def draw(clip: Path, instructions: tuple[str, ...]) -> bytes:
    """The clip and its edits as an animated WebP."""
    with tempfile.TemporaryDirectory() as scratch, Terminal() as report:
        model = fairy.load()
        edits = [Path(scratch, f"{number}") for number in range(len(instructions))]
        for instruction, edit in zip(instructions, edits, strict=True):
            fairy.edit_video(clip, instruction, f"{edit}/", model=model, report=report)
        infos = [probe(path) for path in (clip, *edits)]
        return encode(frames_of(infos, ("source", *instructions)), milliseconds(infos[0]))


def frames_of(infos: list[VideoInfo], heads: tuple[str, ...]) -> list[Image.Image]:
    """Source and edits with their names, frame by frame."""
    width, height = infos[1].width, infos[1].height
    size = (min(TILE, width), round(height * min(TILE, width) / width))
    together = zip(*(read_frames(info, size=size) for info in infos), strict=True)
    shown = (next_frames for number, next_frames in enumerate(together) if number < MOST_FRAMES)
    pictures = ([np.asarray(frame.image) for frame in frames] for frames in shown)
    return [Image.fromarray(tile(caption(row, heads), num_columns=3)) for row in pictures]


def milliseconds(info: VideoInfo) -> int:
    """How long a frame is shown: the mean over the clip."""
    return round(1000 * Fraction(info.pts[-1] - info.pts[0]) * info.time_base / (len(info) - 1))


def encode(frames: list[Image.Image], duration: int) -> bytes:
    """The best quality that is small enough."""
    for quality in QUALITIES:
        target = io.BytesIO()
        first, *others = frames
        first.save(
            target, "WEBP", save_all=True, append_images=others, duration=duration, loop=0, quality=quality, method=6
        )
        if target.tell() <= MOST_BYTES:
            return target.getvalue()
    raise SystemExit("too large at any quality: take fewer frames or a smaller TILE")


if __name__ == "__main__":
    main()
