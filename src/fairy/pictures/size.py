"""The size that pictures are edited at, and the padding that a model needs. F frames, H rows, W columns."""

from __future__ import annotations

import numpy as np

from fairy.errors import UsageError


def fit_size(width: int, height: int, long_side: int) -> tuple[int, int]:
    """(width, height) at which a picture is edited: the longer side about `long_side` pixels, the ratio kept.

    Nothing is cropped, and nothing stretched by more than the rounding to the even sizes that 4:2:0 video needs.
    """
    scale = long_side / max(width, height)
    fitted_width, fitted_height = (max(2, 2 * round(side * scale / 2)) for side in (width, height))
    return fitted_width, fitted_height


def delivered_size(wish: str, source: tuple[int, int], edited: tuple[int, int]) -> tuple[int, int]:
    """(width, height) of the finished video, both even.

    wish: source, model, the pixels of the longer side, or WIDTHxHEIGHT; source and edited: (width, height) of the
    source, and of the edits as the model makes them. UsageError where the wish has another ratio of sides.
    """
    if wish == "model":
        return edited
    if wish == "source":
        return fit_size(*source, max(source))
    if "x" not in wish:
        return fit_size(*source, int(wish))
    width, height = map(int, wish.split("x"))
    nearest = fit_size(*source, max(width, height))
    if max(abs(width - nearest[0]), abs(height - nearest[1])) > 2:
        raise UsageError(
            f"--size {wish}: the source is {source[0]}x{source[1]}, and nothing is cropped or stretched;"
            f" use {nearest[0]}x{nearest[1]}"
        )
    return width, height


def pad_to_multiple(frames: np.ndarray, multiple: int) -> np.ndarray:
    """(F, H, W, 3) -> the same with rows and columns mirrored on below and on the right up to a multiple.

    Undone by `padded[:, :H, :W]`.
    """
    missing_rows, missing_columns = (-side % multiple for side in frames.shape[1:3])
    return np.pad(frames, ((0, 0), (0, missing_rows), (0, missing_columns), (0, 0)), mode="symmetric")


def padded_size(height: int, width: int, multiple: int) -> tuple[int, int]:
    """Rows and columns of a picture that `pad_to_multiple` has padded."""
    return -(-height // multiple) * multiple, -(-width // multiple) * multiple
