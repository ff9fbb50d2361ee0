"""Frames as arrays and as tensors, and how a frame is fitted to the size a model edits at.

F frames, H rows, W columns. Arrays are uint8 RGB (F, H, W, 3) in 0..255; tensors are float32 (F, 3, H, W) in -1..1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from fairy.errors import UsageError

if TYPE_CHECKING:
    import torch

MIN_LONG_SIDE, MAX_LONG_SIDE = 32, 8192


@dataclass(frozen=True)
class Fit:
    """How a picture is scaled, then padded on the right and below to what a model takes, and cut back afterwards.

    Nothing is cropped and nothing is stretched by more than the rounding to even sizes that 4:2:0 video needs.
    """

    width: int
    """Columns of the delivered picture, even."""
    height: int
    """Rows of the delivered picture, even."""
    padded_width: int
    """Columns that the model sees."""
    padded_height: int
    """Rows that the model sees."""

    def pad(self, frame: np.ndarray) -> np.ndarray:
        """(height, width, 3) -> (padded_height, padded_width, 3), the border mirrored."""
        if frame.shape[:2] != (self.height, self.width):
            raise ValueError(f"a frame of {frame.shape} does not fit {self.height} x {self.width}")
        extra = ((0, self.padded_height - self.height), (0, self.padded_width - self.width), (0, 0))
        return np.pad(frame, extra, mode="symmetric")

    def unpad(self, frame: np.ndarray) -> np.ndarray:
        """(padded_height, padded_width, 3) -> (height, width, 3)."""
        return frame[: self.height, : self.width]


def plan_fit(width: int, height: int, long_side: int, multiple: int = 8) -> Fit:
    """The size at which a width x height picture is edited: its longer side is `long_side` pixels, its ratio kept."""
    if not MIN_LONG_SIDE <= long_side <= MAX_LONG_SIDE:
        raise UsageError(f"--long-side {long_side} is outside {MIN_LONG_SIDE}..{MAX_LONG_SIDE} pixels")
    scale = long_side / max(width, height)
    fitted_width, fitted_height = (max(2, 2 * round(side * scale / 2)) for side in (width, height))
    padded_width, padded_height = (-(-side // multiple) * multiple for side in (fitted_width, fitted_height))
    return Fit(fitted_width, fitted_height, padded_width, padded_height)


def to_tensor(frames: np.ndarray) -> torch.Tensor:
    """uint8 (F, H, W, 3) in 0..255 -> float32 (F, 3, H, W) in -1..1, on the CPU."""
    import torch

    return torch.from_numpy(np.ascontiguousarray(frames)).permute(0, 3, 1, 2).float().div(127.5).sub(1.0).contiguous()


def to_uint8(frames: torch.Tensor) -> np.ndarray:
    """float (F, 3, H, W) in -1..1 -> uint8 (F, H, W, 3) in 0..255, rounded, values outside the range clipped."""
    import torch

    levels = frames.float().add(1.0).mul(127.5).round().clamp(0, 255).to(torch.uint8)
    return levels.permute(0, 2, 3, 1).cpu().contiguous().numpy()
