"""Frames as arrays and as tensors, the size they are edited at, and the padding that a model needs.

F frames, H rows, W columns. Arrays are uint8 RGB (F, H, W, 3) in 0..255; tensors are float32 (F, 3, H, W) in -1..1.
"""

from __future__ import annotations

from collections.abc import Mapping
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


def to_tensor(frames: np.ndarray, device: torch.device | str = "cpu") -> torch.Tensor:
    """uint8 (F, H, W, 3) in 0..255 -> float32 (F, 3, H, W) in -1..1. To a GPU the bytes go, from pinned memory."""
    import torch

    levels = torch.from_numpy(np.ascontiguousarray(frames))
    if torch.device(device).type == "cuda":
        levels = levels.pin_memory().to(device, non_blocking=True)
    return levels.to(device).permute(0, 3, 1, 2).float().div(127.5).sub(1.0).contiguous()


def to_levels(frames: torch.Tensor) -> torch.Tensor:
    """float (F, 3, H, W) in -1..1 -> uint8 (F, H, W, 3) in 0..255, rounded, clipped, on the same device."""
    import torch

    levels = frames.float().add(1.0).mul(127.5).round().clamp(0, 255).to(torch.uint8)
    return levels.permute(0, 2, 3, 1)


def to_uint8(frames: torch.Tensor) -> np.ndarray:
    """As `to_levels`, as an array."""
    return Download(to_levels(frames)).wait()


class Download:
    """Pictures on their way from the device: the copy is queued behind what makes them, and waited for when needed."""

    def __init__(self, levels: torch.Tensor, replaced: Mapping[int, np.ndarray] | None = None) -> None:
        """`levels` is uint8 (F, H, W, 3); the pictures `replaced`, by place, are given back in place of those."""
        import torch

        self.replaced = replaced or {}
        self._done = None
        if levels.device.type != "cuda":
            self._levels = levels.cpu().contiguous()
            return
        self._levels = torch.empty(levels.shape, dtype=levels.dtype, pin_memory=True)
        self._levels.copy_(levels, non_blocking=True)
        self._done = torch.cuda.Event()
        self._done.record()

    def wait(self) -> np.ndarray:
        """uint8 (F, H, W, 3)."""
        if self._done is not None:
            self._done.synchronize()
        pictures = self._levels.numpy()
        for place, picture in self.replaced.items():
            pictures[place] = picture
        return pictures
