"""An edit that was made small, carried to the source's own size with the source's own detail.

F frames of H rows and W columns at full size, h and w at the size of the edit. Everything is a function of one frame:
no bit depends on what else is in the batch, or on the number of threads.

- He, Sun and Tang, Guided Image Filtering, TPAMI 2013: within a small window an edit is an affine function of its
  source's colours.
- He and Sun, Fast Guided Filter, arXiv 1505.00996, and Chen et al., Bilateral Guided Upsampling, SIGGRAPH Asia 2016:
  such functions are fitted at a small size and applied at the full one.

What no such function explains, such as the strokes of a pencil, is the residual. It is enlarged by itself where it
stands out of the noise that an autoencoder leaves, and where it does, the source's detail counts less: as much as the
function explains of the edit's contrast there (`fairy lab fullsize` measures what that is worth).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

RADIUS = 3
"""Pixels of the edit on each side of a window in which the edit is fitted."""
EPSILON = 1e-4
"""Variance, of colours in 0..1, below which a window counts as flat: there the edit's own colour is taken."""
NOISE = 0.02
"""Standard deviation of the residual, of colours in 0..1, that is taken for noise."""
NOISE_RADIUS = 2
"""Pixels on each side of the window that the residual's energy is averaged over."""


def carry(full: torch.Tensor, low: torch.Tensor, edit: torch.Tensor) -> torch.Tensor:
    """The edit of `full` that looks as `edit` does of `low`.

    full: float32 (F, 3, H, W) in 0..1, the source. low: float32 (F, 3, h, w), the same source at the size of the edit.
    edit: float32 (F, 3, h, w), its edit. Returns float32 (F, 3, H, W), which may lie a little outside 0..1.

    Colour, light and material come from the edit, fine structure from the source. New shapes get the soft edges of
    bicubic enlargement; where an edit throws the source's detail away, as a heat map does, some of it comes back.
    """
    maps = _box(_fit(low, edit), RADIUS).to(full.dtype)
    explained = _applied(low, maps)
    residual = _cored(edit - explained)
    size = (full.shape[-2], full.shape[-1])
    wide, coarse = _resized(maps, size, "bilinear"), _resized(low, size, "bicubic")
    detail = _mixed(full - coarse, wide).mul_(_resized(_share(explained, residual), size, "bilinear"))
    return _applied(coarse, wide) + detail + _resized(residual, size, "bicubic")


def enlarge(edit: torch.Tensor, size: tuple[int, int]) -> torch.Tensor:
    """float32 (F, 3, h, w) at another size (rows, columns), bicubic: an edit without the source's detail."""
    return _resized(edit, size, "bicubic")


def shrink(full: torch.Tensor, size: tuple[int, int]) -> torch.Tensor:
    """float32 (F, 3, H, W) at a smaller size (rows, columns), each pixel a mean of what it covers."""
    import torch.nn.functional as F

    return F.interpolate(full, size, mode="bilinear", antialias=True)


def _fit(low: torch.Tensor, edit: torch.Tensor) -> torch.Tensor:
    """float64 (F, 12, h, w): of each window nine coefficients, those of red first, and three constants."""
    import torch

    # The covariances are small differences of large numbers, and this is the small size: float64 costs nothing.
    low, edit = low.double(), edit.double()
    mean_low, mean_edit = _box(low, RADIUS), _box(edit, RADIUS)
    variance = _box(_products(low, low), RADIUS) - _products(mean_low, mean_low)
    covariance = _box(_products(low, edit), RADIUS) - _products(mean_low, mean_edit)
    ridge = EPSILON * torch.eye(3, dtype=low.dtype, device=low.device)
    coefficients = torch.linalg.solve(_as_matrices(variance) + ridge, _as_matrices(covariance))
    coefficients = coefficients.permute(0, 3, 4, 1, 2)  # (F, 3 of the source, 3 of the edit, h, w)
    constants = mean_edit - (mean_low[:, :, None] * coefficients).sum(1)
    return torch.cat([coefficients.flatten(1, 2), constants], 1)


def _applied(picture: torch.Tensor, maps: torch.Tensor) -> torch.Tensor:
    """(F, 3, H, W) under the functions (F, 12, H, W) of its pixels."""
    return _mixed(picture, maps).add_(maps[:, 9:])


def _mixed(picture: torch.Tensor, maps: torch.Tensor) -> torch.Tensor:
    """The same without the constants."""
    result = picture[:, 0, None] * maps[:, :3]
    for channel in (1, 2):
        result.addcmul_(picture[:, channel, None], maps[:, 3 * channel : 3 * channel + 3])
    return result


def _share(explained: torch.Tensor, residual: torch.Tensor) -> torch.Tensor:
    """(F, 1, h, w) in 0..1: how much of the edit's contrast nearby its source explains."""
    contrast = _box((explained - _box(explained, RADIUS)).square().mean(1, keepdim=True), RADIUS)
    unexplained = _box(residual.square().mean(1, keepdim=True), RADIUS)
    return contrast / (contrast + unexplained).clamp_min(1e-12)


def _cored(residual: torch.Tensor) -> torch.Tensor:
    """What of a residual stands out of noise: the factor of Wiener's filter for its energy nearby."""
    energy = _box(residual.square().mean(1, keepdim=True), NOISE_RADIUS)
    return residual * ((energy - NOISE**2) / energy.clamp_min(1e-9)).clamp(0, 1)


def _products(one: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
    """(F, 9, h, w): each channel of one times each of the other."""
    return (one[:, :, None] * other[:, None]).flatten(1, 2)


def _as_matrices(products: torch.Tensor) -> torch.Tensor:
    """(F, 9, h, w) -> (F, h, w, 3, 3)"""
    return products.unflatten(1, (3, 3)).permute(0, 3, 4, 1, 2)


def _box(values: torch.Tensor, radius: int) -> torch.Tensor:
    """The mean of each window of 2 * radius + 1 pixels; the border is repeated beyond the picture."""
    import torch.nn.functional as F

    return F.avg_pool2d(F.pad(values, (radius,) * 4, mode="replicate"), 2 * radius + 1, 1)


def _resized(values: torch.Tensor, size: tuple[int, int], mode: str) -> torch.Tensor:
    import torch.nn.functional as F

    return F.interpolate(values, size, mode=mode, align_corners=False)
