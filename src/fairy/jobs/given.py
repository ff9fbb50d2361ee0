"""Anchors that are edited already, by any other program: pictures in place of what the model would make of them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from fairy.errors import UsageError
from fairy.jobs.selection import Selection
from fairy.video import VideoInfo, probe, read_frames

Given = Mapping[int, np.ndarray]
"""uint8 (H, W, 3) at the size of the edit, by frame of the source."""


def read_given(given: Mapping[int, Path]) -> dict[int, VideoInfo]:
    """What the pictures are that are to be anchors."""
    return {index: probe(path) for index, path in sorted(given.items())}


def fit_given(given: Mapping[int, VideoInfo], selection: Selection) -> Given:
    """The pictures that are to be anchors, at the size of the edit: uint8 (H, W, 3) by frame of the source.

    UsageError where one has neither the source's shape nor the edit's, within a pixel.
    """
    for index, info in given.items():
        if not any(same_shape(info, size) for size in (selection.size, (selection.info.width, selection.info.height))):
            width, height = selection.size
            raise UsageError(
                f"--anchor {index}={info.path}: {info.width}x{info.height} does not fit the edit's {width}x{height};"
                " give a picture of the same shape"
            )
    return {index: next(read_frames(info, stop=1, size=selection.size)).image for index, info in given.items()}


def same_shape(info: VideoInfo, size: tuple[int, int]) -> bool:
    """Whether a picture, scaled to fill `size` (columns, rows) along one side, fits the other within a pixel."""
    width, height = size
    return min(abs(info.height * width / info.width - height), abs(info.width * height / info.height - width)) <= 1
