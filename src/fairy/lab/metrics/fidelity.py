"""How much of the source is left in an edit: edges, structure, and what was not to be touched.

Frames are uint8 (H, W, 3) in 0..255. Every function compares one frame with its edit.
"""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Callable

import numpy as np

from fairy.errors import MissingPackageError
from fairy.lab.metrics.flow import gradient, luma
from fairy.lab.metrics.scores import Measured, mean

try:
    from skimage.metrics import structural_similarity
except ImportError as error:
    raise MissingPackageError("measuring needs scikit-image: pip install 'fairy-video[eval]'") from error

BLACK = 16
"""Levels up to which a mask says "leave this as it is"; the same as for `fairy edit --mask`."""
ALIKE = 4
"""Levels in each colour by which a kept pixel may differ: what lossy video does to it."""


class FidelityMeter:
    """Measures of single frames beside their sources; LPIPS, too, if there is a function for it."""

    def __init__(self, lpips: Callable[[np.ndarray, np.ndarray], float] | None = None) -> None:
        self._lpips = lpips
        self._series: dict[str, array[float]] = defaultdict(lambda: array("d"))

    def add(self, source: np.ndarray, edited: np.ndarray, mask: np.ndarray | None = None) -> None:
        """The next frame of both, and of the mask, uint8 (H, W, 3)."""
        self._series["edges"].append(edge_similarity(source, edited))
        self._series["ssim"].append(ssim_of_luma(source, edited))
        if self._lpips:
            self._series["lpips"].append(self._lpips(source, edited))
        if mask is not None:
            kept, error = unedited(source, edited, mask)
            self._series["unedited_kept"].append(kept)
            self._series["unedited_error"].append(error)

    def finish(self) -> Measured:
        """All values and series."""
        series = {name: np.array(each) for name, each in self._series.items()}
        values = {name: mean(each) for name, each in series.items()}
        notes = (
            ("the mask is nowhere black: nothing was to be kept",) if np.isnan(values.get("unedited_kept", 0)) else ()
        )
        return Measured(values, series, notes)


def edge_similarity(source: np.ndarray, edited: np.ndarray) -> float:
    """Pearson's correlation of how steep both are at each pixel (Sobel's operator on luma), -1..1.

    The same for an edit that is brighter, weaker in contrast or inverted. 0 for an edit without any edge; NaN where the
    source has none.
    """
    own, other = (gradient(luma(frame)) for frame in (source, edited))
    own, other = own - own.mean(), other - other.mean()
    lengths = np.sqrt(np.square(own).sum()), np.sqrt(np.square(other).sum())
    if lengths[0] == 0:
        return float("nan")
    return float((own * other).sum() / (lengths[0] * lengths[1])) if lengths[1] else 0.0


def ssim_of_luma(source: np.ndarray, edited: np.ndarray) -> float:
    """SSIM (Wang et al. 2004) of luma, once the edit's has been given the source's mean and contrast; -1..1.

    By scikit-image, with the weights of the paper: a Gaussian of 1.5 pixels, constants for 255 levels.
    """
    own, other = luma(source), luma(edited)
    spread = float(other.std())
    scale = float(own.std()) / spread if spread else 0.0
    alike = (other - other.mean()) * scale + own.mean()
    return float(
        structural_similarity(
            own, alike, data_range=255.0, gaussian_weights=True, sigma=1.5, use_sample_covariance=False
        )
    )


def unedited(source: np.ndarray, edited: np.ndarray, mask: np.ndarray) -> tuple[float, float]:
    """Of what the mask leaves black: the share of pixels kept, and the mean absolute error; NaN where none."""
    outside = luma(mask) <= BLACK
    if not outside.any():
        return float("nan"), float("nan")
    difference = np.abs(source[outside].astype(np.int16) - edited[outside])
    return float((difference.max(1) <= ALIKE).mean()), float(difference.mean())
