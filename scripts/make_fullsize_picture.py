"""Draws docs/images/full-size.jpg: photographs, and their edits at full size by bicubic enlargement and with detail.

    python scripts/make_fullsize_picture.py

The photographs come inside scikit-image; one of them the embedded model was trained on, the other not.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import skimage.data
from PIL import Image

import fairy
from fairy.config import EditConfig, VideoConfig
from fairy.pictures.sheet import grid
from fairy.video import probe, read_frames

OUTPUT = Path(__file__).parents[1] / "docs" / "images" / "full-size.jpg"
EDITS = (
    ("coffee", "make it look like autumn"),
    ("chelsea", "make it sunset"),
    ("coffee", "turn it into an oil painting"),
)
SIZE = (450, 300)
QUALITY = 88


def main() -> None:
    """Edit each twice, lay out, write."""
    model = fairy.load()
    rows = []
    with tempfile.TemporaryDirectory() as scratch:
        for number, (name, instruction) in enumerate(EDITS):
            source = Path(scratch, f"{name}.png")
            Image.fromarray(getattr(skimage.data, name)()).resize(SIZE).save(source)
            row = [picture(source)]
            for detail in ("off", "carry"):
                output = f"{scratch}/{number}-{detail}/"
                video, edit = VideoConfig(detail=detail), EditConfig(num_anchors=1)
                fairy.edit_video(source, instruction, output, model=model, video=video, edit=edit)
                row.append(picture(Path(output)))
            rows.append((instruction, row))
    heads = ["source", "--detail off", "--detail carry"]
    sheet = grid(heads, rows, title="Edited at 192 pixels, delivered at the size of the source")
    Image.fromarray(sheet).save(OUTPUT, quality=QUALITY, subsampling=0)


def picture(path: Path) -> np.ndarray:
    """The first frame of a video."""
    return next(iter(read_frames(probe(path)))).image


if __name__ == "__main__":
    main()
