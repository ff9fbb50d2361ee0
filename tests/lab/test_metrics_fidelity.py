"""What is left of the source, against scikit-image and closed forms."""

import sys
from types import ModuleType

import numpy as np
import pytest
import torch
from skimage.metrics import structural_similarity

from fairy.errors import MissingPackageError
from fairy.lab.metrics import MetricSettings, load_tools, score
from fairy.lab.metrics.fidelity import edge_similarity, ssim_of_luma, unedited
from fairy.lab.metrics.flow import luma
from motions import pan, texture

PICTURE = texture(64, 48)
OTHER = texture(64, 48, seed=1)


def test_luma_is_that_of_bt_601() -> None:
    assert np.allclose(luma(PICTURE), PICTURE @ [0.299, 0.587, 0.114], atol=1e-3)


def test_ssim_is_that_of_scikit_image_after_normalisation() -> None:
    own, other = (frame @ [0.299, 0.587, 0.114] for frame in (PICTURE, OTHER))
    alike = (other - other.mean()) / other.std() * own.std() + own.mean()
    constants = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False, "data_range": 255}
    assert ssim_of_luma(PICTURE, OTHER) == pytest.approx(structural_similarity(own, alike, **constants), abs=1e-4)


def test_brightness_and_contrast_leave_structure_and_edges() -> None:
    weaker = (PICTURE // 2 + 60).astype(np.uint8)
    assert ssim_of_luma(PICTURE, weaker) == pytest.approx(1, abs=0.01)
    assert edge_similarity(PICTURE, weaker) == pytest.approx(1, abs=0.01)


def test_inverted_picture_has_the_same_edges_but_not_the_same_structure() -> None:
    assert edge_similarity(PICTURE, 255 - PICTURE) == pytest.approx(1, abs=1e-4)
    assert ssim_of_luma(PICTURE, 255 - PICTURE) < 0


def test_unrelated_picture_has_neither() -> None:
    assert abs(edge_similarity(PICTURE, OTHER)) < 0.3
    assert abs(ssim_of_luma(PICTURE, OTHER)) < 0.3


def test_flat_edit_has_no_edges_and_a_flat_source_none_to_keep() -> None:
    flat = np.full_like(PICTURE, 90)
    assert edge_similarity(PICTURE, flat) == 0
    assert np.isnan(edge_similarity(flat, PICTURE))


def test_unedited_area_is_what_the_mask_leaves_black() -> None:
    mask = np.zeros_like(PICTURE)
    mask[:, :32] = 255
    edited = PICTURE.copy()
    edited[:, :32] = 0
    assert unedited(PICTURE, edited, mask) == (1.0, 0.0)
    edited[:12, 32:] += 8  # a quarter of what was to stay
    assert unedited(PICTURE, edited, mask) == pytest.approx((0.75, 2.0))


def test_mask_without_black_leaves_nothing_to_measure() -> None:
    white = [np.full_like(frame, 255) for frame in pan(2)]
    scores = score(pan(2), pan(2), MetricSettings(clip="off"), masks=white)
    assert scores["unedited_kept"] is None
    assert scores.notes == ("the mask is nowhere black: nothing was to be kept",)


def test_mask_is_scaled_to_the_edit() -> None:
    small = [frame[::2, ::2] for frame in pan(2)]
    masks = [np.zeros_like(frame) for frame in pan(2)]
    scores = score(small, small, MetricSettings(clip="off"), masks=masks)
    assert scores["unedited_kept"] == 1


def test_lpips_without_its_package_says_what_to_do() -> None:
    with pytest.raises(MissingPackageError, match="pip install lpips"):
        load_tools(MetricSettings(clip="off", lpips=True))


class Difference(torch.nn.Module):
    """Stands for the network of the package lpips, which takes pictures in -1..1."""

    def __init__(self, net: str, verbose: bool) -> None:  # noqa: ARG002
        super().__init__()

    def forward(self, a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        return (a - b).abs().mean().reshape(1, 1, 1, 1)


def test_lpips_is_asked_for_each_frame(monkeypatch: pytest.MonkeyPatch) -> None:
    package = ModuleType("lpips")
    package.LPIPS = Difference  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "lpips", package)
    brighter = [frame + 51 for frame in pan(3)]
    scores = score(pan(3), brighter, MetricSettings(clip="off", lpips=True))
    assert scores.series["lpips"] == pytest.approx([0.4] * 3, abs=1e-5)
