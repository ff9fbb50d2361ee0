"""One random affine map for both pictures of a pair (Fairy, sec. 5.2): the camera moves, so the edit must move with it.

A map is a 3 x 3 matrix that takes a place (x, y, 1) of the picture to where it is shown afterwards. Places are in
pixels, x to the right and y down, from the picture's centre. N pictures, H rows, W columns.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from fairy.lab.training.settings import Size

Map = NDArray[np.float64]
"""(3, 3)."""


@dataclass(frozen=True)
class Window:
    """A crop: its first row and column in the full picture, and its (width, height)."""

    top: int
    left: int
    size: Size

    def of(self, picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """(H, W, 3) -> the window of it."""
        width, height = self.size
        return picture[self.top : self.top + height, self.left : self.left + width]


def affine_map(
    *,
    degrees: float = 0.0,
    shift: tuple[float, float] = (0.0, 0.0),
    zoom: float = 1.0,
    shears: tuple[float, float] = (0.0, 0.0),
) -> Map:
    """Shear by `shears` degrees along x and y, then enlarge, then turn clockwise, then shift by pixels (x, y)."""
    angle, (along_x, along_y) = np.radians(degrees), np.tan(np.radians(shears))
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    matrix = np.eye(3)
    matrix[:2, :2] = zoom * turn @ np.array([[1.0, along_x], [along_y, 1.0]])
    matrix[:2, 2] = shift
    return matrix


def draw_map(
    random: np.random.Generator, size: Size, *, rotation: float, translation: float, zoom: float, shear: float
) -> Map:
    """A map with everything drawn evenly: degrees within +-rotation and +-shear, shifts within +-translation of `size`
    (width, height), enlargement within 1 +- zoom. Six numbers are drawn whatever the ranges are."""
    degrees, right, down, larger, along_x, along_y = random.uniform(-1, 1, size=6)
    width, height = size
    return affine_map(
        degrees=rotation * degrees,
        shift=(translation * right * width, translation * down * height),
        zoom=1 + zoom * larger,
        shears=(shear * along_x, shear * along_y),
    )


def draw_window(random: np.random.Generator, full: Size, size: Size) -> Window:
    """A crop of `size` anywhere in a picture of the size `full`, both (width, height)."""
    left, top = (int(random.integers(whole - part + 1)) for whole, part in zip(full, size, strict=True))
    return Window(top, left, size)


def warp(pictures: torch.Tensor, matrix: Map, window: Window | None = None) -> torch.Tensor:
    """Float (N, 3, H, W) -> the mapped pictures, or the window of them; beyond its edges a picture is mirrored.

    Every pixel of the result looks up, bicubically, where it comes from. Values stay within those of the input's range.
    """
    height, width = pictures.shape[2:]
    # affine_grid counts from -1 to 1 over the picture, and wants the way back.
    half = np.diag([width / 2, height / 2, 1.0])
    back = np.linalg.inv(half) @ np.linalg.inv(matrix) @ half
    theta = torch.from_numpy(back[None, :2]).to(torch.float64)
    grid = functional.affine_grid(theta, [1, 3, height, width], align_corners=False).to(pictures.dtype)
    if window is not None:
        columns, rows = window.size
        grid = grid[:, window.top : window.top + rows, window.left : window.left + columns]
    grid = grid.expand(len(pictures), -1, -1, -1)
    mapped = functional.grid_sample(pictures, grid, mode="bicubic", padding_mode="reflection", align_corners=False)
    return mapped.clamp(pictures.min(), pictures.max())
