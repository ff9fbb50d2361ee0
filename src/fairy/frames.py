"""Frames as arrays and as tensors, the size they are edited at, and the padding that a model needs.

F frames, H rows, W columns. Arrays are uint8 RGB (F, H, W, 3) in 0..255; tensors are float32 (F, 3, H, W) in -1..1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import torch


def fit_size(width: int, height: int, long_side: int) -> tuple[int, int]:
    """(width, height) at which a picture is edited: the longer side about `long_side` pixels, the ratio kept.

    Nothing is cropped, and nothing stretched by more than the rounding to the even sizes that 4:2:0 video needs.
    """
    scale = long_side / max(width, height)
    fitted_width, fitted_height = (max(2, 2 * round(side * scale / 2)) for side in (width, height))
    return fitted_width, fitted_height


def pad_to_multiple(frames: np.ndarray, multiple: int) -> np.ndarray:
    """(F, H, W, 3) -> the same with rows and columns mirrored on below and on the right up to a multiple.

    Undone by `padded[:, :H, :W]`.
    """
    missing_rows, missing_columns = (-side % multiple for side in frames.shape[1:3])
    return np.pad(frames, ((0, 0), (0, missing_rows), (0, missing_columns), (0, 0)), mode="symmetric")


def to_tensor(frames: np.ndarray) -> torch.Tensor:
    """uint8 (F, H, W, 3) in 0..255 -> float32 (F, 3, H, W) in -1..1, on the CPU."""
    import torch

    return torch.from_numpy(np.ascontiguousarray(frames)).permute(0, 3, 1, 2).float().div(127.5).sub(1.0).contiguous()


def to_uint8(frames: torch.Tensor) -> np.ndarray:
    """float (F, 3, H, W) in -1..1 -> uint8 (F, H, W, 3) in 0..255, rounded, values outside the range clipped."""
    import torch

    levels = frames.float().add(1.0).mul(127.5).round().clamp(0, 255).to(torch.uint8)
    return levels.permute(0, 2, 3, 1).cpu().contiguous().numpy()
