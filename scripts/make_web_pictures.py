"""Makes what the web page shows before anything was done: two clips, the slider of the first screen, cards, chips.

    python scripts/make_web_pictures.py

The clips are photographs of scikit-image under CC0, seen by a camera that moves: Chelsea by Stéfan van der Walt, Coffee
by Rachel Michetti. The embedded model was trained on the first and not on the second. Run it again when the model, the
examples or the instructions of the page have changed.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import skimage
from PIL import Image

import fairy
from fairy.jobs.delivery import plan_delivery
from fairy.jobs.selection import Selection, select
from fairy.method.editor import Editor
from fairy.report import SILENT
from fairy.video import probe
from fairy.web.choices import EXAMPLES, INSTRUCTIONS, example
from fairy.web.comparison import write_comparison

PACKAGE = Path(fairy.__file__).parent
CLIPS, ASSETS = PACKAGE / "video" / "clips", PACKAGE / "web" / "assets"
PHOTOGRAPHS = {"cat.mp4": "chelsea.png", "coffee.mp4": "coffee.png"}
SIZE, NUM_FRAMES, RATE = (512, 320), 24, 12
CARD, CHIP = (320, 200), (176, 110)
FIRST = "cat.mp4"


def main() -> None:
    """Clips, slider, cards, chips."""
    for name, photograph in PHOTOGRAPHS.items():
        write_clip(CLIPS / name, Image.open(Path(skimage.__file__).parent / "data" / photograph).convert("RGB"))
    ASSETS.mkdir(exist_ok=True)
    model = fairy.load()
    with tempfile.TemporaryDirectory() as scratch:
        edited = Path(scratch, "edited.mp4")
        fairy.edit_video(CLIPS / FIRST, EXAMPLES[FIRST].instruction, edited, model=model)
        write_comparison(probe(CLIPS / FIRST), edited, ASSETS / "first.mp4", SILENT)
    with Editor(model) as editor:
        for name, about in EXAMPLES.items():
            source, edit = one_frame(editor, example(name), about.instruction)
            save(ASSETS / f"card-{Path(name).stem}.webp", halves(source, edit), CARD)
        for number, instruction in enumerate(INSTRUCTIONS):
            save(ASSETS / f"chip-{number}.webp", one_frame(editor, CLIPS / FIRST, instruction)[1], CHIP)


def write_clip(path: Path, photograph: Image.Image) -> None:
    """A photograph, seen by a camera that goes once round and comes back to where it was."""
    with av.open(str(path), "w", options={"movflags": "faststart"}) as container:
        stream = container.add_stream("libx264", rate=Fraction(RATE), options={"crf": "20", "preset": "veryslow"})
        stream.width, stream.height, stream.pix_fmt = *SIZE, "yuv420p"
        for picture in views(photograph):
            container.mux(stream.encode(av.VideoFrame.from_image(picture)))
        container.mux(stream.encode())


def views(photograph: Image.Image) -> Iterator[Image.Image]:
    """What the camera sees."""
    wide, high = photograph.size
    ratio = SIZE[0] / SIZE[1]
    for turn in np.linspace(0, 2 * np.pi, NUM_FRAMES, endpoint=False):
        width = min(wide, high * ratio) * (0.88 + 0.05 * np.cos(turn))
        height = width / ratio
        x, y = wide / 2 + 0.45 * (wide - width) * np.sin(turn), high / 2 + 0.3 * (high - height) * np.cos(turn)
        box = (x - width / 2, y - height / 2, x + width / 2, y + height / 2)
        yield photograph.transform(SIZE, Image.Transform.EXTENT, box, Image.Resampling.BICUBIC)


def one_frame(editor: Editor, clip: Path, instruction: str) -> tuple[np.ndarray, np.ndarray]:
    """The middle anchor of a clip and its edit, as it is delivered: uint8 (H, W, 3)."""
    info = probe(clip)
    selection: Selection = select(info, fairy.VideoConfig(), fairy.EditConfig()).fitted(editor.model.defaults.long_side)
    middle = len(selection.anchors) // 2
    bank = editor.edit_anchors(selection.pictures_at(selection.anchors), instruction)
    delivery = plan_delivery(fairy.VideoConfig(), info, selection.size)
    ((frame, edited),) = delivery.finished([bank.frames[middle]], [selection.anchors[middle]])
    return frame.image, edited


def halves(source: np.ndarray, edited: np.ndarray) -> np.ndarray:
    """Source on the left of a white line, edit on its right, of one picture."""
    middle = source.shape[1] // 2
    picture = np.concatenate([source[:, :middle], edited[:, middle:]], axis=1)
    half = max(1, source.shape[1] // 200)
    picture[:, middle - half : middle + half] = 255
    return picture


def save(path: Path, picture: np.ndarray, size: tuple[int, int]) -> None:
    """As WebP, cut to the ratio of `size`."""
    image = Image.fromarray(picture)
    scale = max(size[0] / image.width, size[1] / image.height)
    image = image.resize((round(image.width * scale), round(image.height * scale)), Image.Resampling.LANCZOS)
    left, top = (image.width - size[0]) // 2, (image.height - size[1]) // 2
    image.crop((left, top, left + size[0], top + size[1])).save(path, quality=85, method=6)


if __name__ == "__main__":
    main()
