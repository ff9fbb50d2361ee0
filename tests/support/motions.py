"""Clips whose measures are known in closed form. Frames are uint8 (H, W, 3)."""

import cv2
import numpy as np

SIZE = (96, 64)  # width, height
SHIFT = (3, 2)  # pixels a frame, to the right and down


def texture(width: int, height: int, *, seed: int = 0) -> np.ndarray:
    """Soft random colours between 60 and 190, without flat areas."""
    noise = np.random.default_rng(seed).normal(size=(height, width, 3)).astype(np.float32)
    soft = cv2.GaussianBlur(noise, (0, 0), 2)
    return np.clip(125 + 30 * soft / soft.std(), 60, 190).astype(np.uint8)


def pan(num_frames: int = 7, *, shift: tuple[int, int] = SHIFT, seed: int = 0) -> list[np.ndarray]:
    """What is seen moves by whole pixels, `shift` at each step."""
    width, height = SIZE
    x, y = (each * (num_frames - 1) for each in shift)
    picture = texture(width + x, height + y, seed=seed)
    starts = [(x - shift[0] * t, y - shift[1] * t) for t in range(num_frames)]
    return [picture[top : top + height, left : left + width] for left, top in starts]


def flickering(frames: list[np.ndarray], levels: int) -> list[np.ndarray]:
    """Brighter and darker by `levels` in turn."""
    return [(frame.astype(int) + (-1) ** t * levels).astype(np.uint8) for t, frame in enumerate(frames)]
