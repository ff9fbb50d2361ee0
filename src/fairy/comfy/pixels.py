"""ComfyUI's pictures and Fairy's. Nothing of ComfyUI here.

An IMAGE is float32 (F, H, W, 3 or 4) in 0..1 on the CPU, a MASK float32 (F, H, W) or (H, W); Fairy's pictures are uint8
(H, W, 3). A picture is turned when it is its turn: no copy of a whole IMAGE is ever made.
"""

from __future__ import annotations

import numpy as np
import torch

from fairy.errors import UsageError
from fairy.pictures.scale import as_colours, as_levels, enlarged_mask, shrunk
from fairy.pictures.upsample import enlarge


def to_picture(image: torch.Tensor, size: tuple[int, int] | None = None) -> np.ndarray:
    """One picture of an IMAGE, (H, W, 3 or 4) -> uint8 (h, w, 3), at `size` (columns, rows)."""
    picture = as_levels(image[..., :3].permute(2, 0, 1)[None].float().cpu())
    return picture if size is None else fitted(picture, size)


def fitted(picture: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """uint8 (H, W, 3) -> uint8 (h, w, 3), at `size` (columns, rows): means of pixels, or bicubic where it grows."""
    columns, rows = size
    if picture.shape[:2] == (rows, columns):
        return picture
    if rows <= picture.shape[0] and columns <= picture.shape[1]:
        return shrunk(picture, (rows, columns))
    return as_levels(enlarge(as_colours(picture), (rows, columns)))


def empty_image(count: int, size: tuple[int, int]) -> torch.Tensor:
    """An IMAGE of `count` pictures of `size` (columns, rows), to be filled."""
    return torch.empty((count, size[1], size[0], 3), dtype=torch.float32)


def put(images: torch.Tensor, index: int, picture: np.ndarray) -> None:
    """Write uint8 (H, W, 3) into an IMAGE."""
    images[index] = torch.from_numpy(np.ascontiguousarray(picture)).float().div_(255)


def to_image(pictures: np.ndarray) -> torch.Tensor:
    """uint8 (F, H, W, 3) -> an IMAGE."""
    images = empty_image(len(pictures), (pictures.shape[2], pictures.shape[1]))
    for index, picture in enumerate(pictures):
        put(images, index, picture)
    return images


def to_mask(mask: torch.Tensor, index: int, count: int, size: tuple[int, int]) -> np.ndarray:
    """The mask of one of `count` pictures: float32 (H, W) in 0..1 at `size` (columns, rows).

    A single one is for all. UsageError where there is another number of them.
    """
    stack = mask[None] if mask.ndim == 2 else mask
    if len(stack) not in (1, count):
        raise UsageError(f"mask has {len(stack)} pictures, but there are {count} images; give as many, or one for all")
    one = stack[index if len(stack) > 1 else 0].float().clamp(0, 1).cpu().numpy()
    return enlarged_mask(one, (size[1], size[0]))
