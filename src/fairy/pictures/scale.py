"""Pictures as arrays at other sizes. H rows, W columns of a source, h and w of its edit; no torch at import."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fairy.pictures.upsample import carry, enlarge, shrink

if TYPE_CHECKING:
    import torch


def scaled(edited: np.ndarray, source: np.ndarray, detail: str, device: torch.device | str = "cpu") -> np.ndarray:
    """An edit, uint8 (h, w, 3), at the size and bit depth of its source, (H, W, 3); to a smaller size without detail.

    detail: carry, the source's own in the edit's colours, or off, bicubic.
    """
    size, small = source.shape[:2], edited.shape[:2]
    if size == small:
        return deepened(edited, source.dtype)
    edit = as_colours(edited, device)
    if size[0] < small[0] or size[1] < small[1]:
        return as_levels(shrink(edit, size), source.dtype)
    if detail == "off":
        return as_levels(enlarge(edit, size), source.dtype)
    full = as_colours(source, device)
    return as_levels(carry(full, shrink(full, small), edit), source.dtype)


def shrunk(picture: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """uint8 or uint16 (H, W, 3) at a smaller size (rows, columns), uint8."""
    return eight_bits(picture) if picture.shape[:2] == size else as_levels(shrink(as_colours(picture), size))


def enlarged_mask(mask: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """float32 (h, w) in 0..1 at another size (rows, columns), bilinear."""
    import torch
    import torch.nn.functional as F

    if mask.shape == size:
        return mask
    return F.interpolate(torch.from_numpy(mask)[None, None], size, mode="bilinear", align_corners=False)[0, 0].numpy()


def deepened(picture: np.ndarray, kind: np.dtype) -> np.ndarray:
    """uint8 (H, W, 3) as uint8, or as uint16 with white at 65535."""
    return picture if kind == picture.dtype else picture.astype(kind) * np.array(257, kind)


def eight_bits(picture: np.ndarray) -> np.ndarray:
    """uint8 or uint16 (H, W, 3), rounded to uint8."""
    return picture if picture.dtype == np.uint8 else ((picture.astype(np.uint32) + 128) // 257).astype(np.uint8)


def as_colours(picture: np.ndarray, device: torch.device | str = "cpu") -> torch.Tensor:
    """uint8 or uint16 (H, W, 3) -> float32 (1, 3, H, W) in 0..1."""
    import torch

    top = float(np.iinfo(picture.dtype).max)
    if picture.dtype == np.uint16:  # torch knows few operations of it
        picture = picture.astype(np.float32)
    return torch.from_numpy(np.ascontiguousarray(picture)).to(device).permute(2, 0, 1)[None].float().div(top)


def as_levels(colours: torch.Tensor, kind: np.dtype | type = np.uint8) -> np.ndarray:
    """float32 (1, 3, H, W) in 0..1 -> uint8 or uint16 (H, W, 3), rounded and clipped."""
    top = np.iinfo(kind).max
    levels = colours[0].mul(float(top)).round().clamp(0, top).permute(1, 2, 0).contiguous().cpu().numpy()
    return levels.astype(kind)
