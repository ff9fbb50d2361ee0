"""Frames of your own, from anywhere, to anywhere: here a moving ball that NumPy draws, and a GIF.

    python examples/own_frames.py [OUTPUT.gif]

`edit_anchors` is called once, `edit_frames` takes any iterable and gives the frames one by one: nothing holds a whole
video. Each frame needs itself and the anchors alone, so the same call on frames 5 to 9 gives the same pixels.
"""

import sys
from collections.abc import Iterator

import numpy as np
from PIL import Image

import fairy

HEIGHT, WIDTH, NUM_FRAMES = 96, 128, 12


def draw(index: int) -> np.ndarray:
    """uint8 (H, W, 3): a ball before a wall, somewhere else in each frame."""
    rows, columns = np.indices((HEIGHT, WIDTH))
    ball = np.hypot(rows - 56, columns - 30 - 6 * index)
    picture = np.stack([120 + rows // 2, 140 + rows // 3, np.full_like(rows, 170)], axis=-1)
    light = np.clip(230 - 5 * ball, 90, 230)
    picture[ball < 22] = np.stack([light, light / 4, light / 5], axis=-1)[ball < 22]
    return picture.astype(np.uint8)


def main(output: str = "ball.gif", num_frames: int = NUM_FRAMES, edit: fairy.EditConfig | None = None) -> None:
    anchors = np.stack([draw(index) for index in (0, num_frames // 2, num_frames - 1)])
    with fairy.Editor(fairy.load()) as editor:
        bank = editor.edit_anchors(anchors, "turn the ball into gold", edit)
        frames: Iterator[np.ndarray] = (draw(index) for index in range(num_frames))  # a camera would do
        first, *others = (Image.fromarray(edited) for edited in editor.edit_frames(frames, bank))
    first.save(output, save_all=True, append_images=others, duration=80, loop=0)
    print(f"{output}: {num_frames} frames")


if __name__ == "__main__":
    main(*sys.argv[1:2])
