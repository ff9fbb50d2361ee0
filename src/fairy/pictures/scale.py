"""Pictures as arrays at other sizes. H rows, W columns of a source, h and w of its edit; no torch at import."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fairy.pictures.upsample import carry, enlarge, shrink

if TYPE_CHECKING:
    import torch


def scaled(edited: np.ndarray, source: np.ndarray, detail: str, device: torch.device | str = "cpu") -> np.ndarray:
    """An edit, uint8 (h, w, 3), at the size of its source, uint8 (H, W, 3); to a smaller size there is no detail.

    detail: carry, the source's own in the edit's colours, or off, bicubic.
    """
    size, small = source.shape[:2], edited.shape[:2]
    if size == small:
        return edited
    edit = as_colours(edited, device)
    if size[0] < small[0] or size[1] < small[1]:
        return as_levels(shrink(edit, size))
    if detail == "off":
        return as_levels(enlarge(edit, size))
    full = as_colours(source, device)
    return as_levels(carry(full, shrink(full, small), edit))


def shrunk(picture: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """uint8 (H, W, 3) at a smaller size (rows, columns)."""
    return picture if picture.shape[:2] == size else as_levels(shrink(as_colours(picture), size))


def enlarged_mask(mask: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """float32 (h, w) in 0..1 at another size (rows, columns), bilinear."""
    import torch
    import torch.nn.functional as F

    if mask.shape == size:
        return mask
    return F.interpolate(torch.from_numpy(mask)[None, None], size, mode="bilinear", align_corners=False)[0, 0].numpy()


def as_colours(picture: np.ndarray, device: torch.device | str = "cpu") -> torch.Tensor:
    """uint8 (H, W, 3) -> float32 (1, 3, H, W) in 0..1."""
    import torch

    return torch.from_numpy(np.ascontiguousarray(picture)).to(device).permute(2, 0, 1)[None].float().div(255.0)


def as_levels(colours: torch.Tensor) -> np.ndarray:
    """float32 (1, 3, H, W) in 0..1 -> uint8 (H, W, 3), rounded and clipped."""
    import torch

    return colours[0].mul(255.0).round().clamp(0, 255).to(torch.uint8).permute(1, 2, 0).contiguous().cpu().numpy()
