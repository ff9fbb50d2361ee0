"""Cuts, found on a stream of small pictures.

A cut is where pictures change more than anything moves. As in PySceneDetect's adaptive detector the change over a
boundary is compared with the change around it; besides, the camera's shift is taken out first, so that a fast pan is no
cut, and three pictures on either side must all differ, so that a flash of one or two is none. Fades and dissolves are
not found. H, W: sides of a small picture.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from itertools import pairwise, product

import numpy as np

SIDE = 3
"""Pictures compared on either side of a boundary, and so the fewest that make a shot."""

CHANGE = 0.5
"""The least change over a cut. Within a shot, pans of 15 % of the width a frame included, at most 0.35 was measured,
between unrelated scenes at least 0.8."""

PROMINENCE = 2.5
"""How many times the change around it the change over a cut must be."""

REACH = 4
"""The camera's shift is sought up to this part, a quarter, of the picture's sides."""

FLATNESS = 4.0
"""Levels of 255 added to the contrast, so that noise in a flat picture is no change."""


class CutDetector:
    """Finds cuts while small pictures of a video, about 32 pixels wide, pass by: see `on_frame` of `fairy.video.probe`.

    `cuts` holds the index of the first frame of each new shot.
    """

    def __init__(self) -> None:
        self.cuts: list[int] = []
        self._window: deque[np.ndarray] = deque(maxlen=2 * SIDE)

    def push(self, index: int, picture: np.ndarray) -> None:
        """The next picture, uint8 (H, W, 3); the first has index 0, with which everything begins anew."""
        if index == 0:
            self.cuts, self._window = [], deque(maxlen=2 * SIDE)
        self._window.append(picture.astype(np.int16))
        boundary = index - SIDE + 1
        if len(self._window) < 2 * SIDE or (self.cuts and boundary - self.cuts[-1] < SIDE):
            return
        pictures = list(self._window)
        if is_cut(pictures[:SIDE], pictures[SIDE:]):
            self.cuts.append(boundary)


def is_cut(before: Sequence[np.ndarray], after: Sequence[np.ndarray]) -> bool:
    """Whether a shot ends between these pictures, int16 (H, W, 3) in 0..255."""
    # Taking out a shift can only lessen the change: nearly every boundary is done with here, without the search.
    if still_change(before[-1], after[0]) < CHANGE:
        return False
    over = math.inf
    for a, b in product(reversed(before), after):
        over = min(over, change(a, b))
        if over < CHANGE:
            return False
    # The second least of four: one flash beside a cut does not hide it.
    within = sorted(change(a, b) for side in (before, after) for a, b in pairwise(side))[1]
    return over >= PROMINENCE * within


def change(a: np.ndarray, b: np.ndarray) -> float:
    """The least mean difference of two pictures over all shifts, in units of their contrast: 0 alike, 1 unrelated."""
    height, width = a.shape[:2]
    rows, columns = height // REACH, width // REACH
    shifts = product(range(-rows, rows + 1), range(-columns, columns + 1))
    return min(float(np.abs(overlap(a, y, x) - overlap(b, -y, -x)).mean()) for y, x in shifts) / contrast(a, b)


def still_change(a: np.ndarray, b: np.ndarray) -> float:
    """`change` for a camera that stands still."""
    return float(np.abs(a - b).mean()) / contrast(a, b)


def contrast(*pictures: np.ndarray) -> float:
    """The mean difference of pixels from their picture's mean colour, averaged over pictures, in levels of 255."""
    return FLATNESS + sum(float(np.abs(p - p.mean((0, 1))).mean()) for p in pictures) / len(pictures)


def overlap(picture: np.ndarray, y: int, x: int) -> np.ndarray:
    """The part of a picture that another one, shifted by y rows and x columns, covers."""
    height, width = picture.shape[:2]
    return picture[max(0, y) : height + min(0, y), max(0, x) : width + min(0, x)]
