"""Frames as arrays and as tensors.

F frames, H rows, W columns. Arrays are uint8 RGB (F, H, W, 3) in 0..255; tensors are float32 (F, 3, H, W) in -1..1.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import torch


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
