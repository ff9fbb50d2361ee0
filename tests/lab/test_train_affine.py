"""The affine map of equivariant fine-tuning against closed forms."""

import numpy as np
import pytest
import torch

from fairy.lab.training.affine import Window, affine_map, draw_map, draw_window, warp
from fairy.lab.training.examples import transform
from fairy.lab.training.settings import TrainConfig
from fairy.lab.training.sources import Triple

RANGES = {"rotation": 5.0, "translation": 0.05, "zoom": 0.05, "shear": 5.0}


@pytest.fixture
def pictures() -> torch.Tensor:
    return torch.rand((2, 3, 12, 16), generator=torch.Generator().manual_seed(0))


def smooth() -> np.ndarray:
    """A picture without fine detail, uint8 (96, 128, 3)."""
    rows, columns = np.mgrid[:96, :128]
    waves = [np.sin(rows / 15 + k) + np.cos(columns / 19 + k) for k in range(3)]
    return (127 + 60 * np.stack(waves, axis=-1)).astype(np.uint8)


def test_a_shift_moves_pixels_right_and_down(pictures: torch.Tensor) -> None:
    shifted = warp(pictures, affine_map(shift=(3, 2)))
    assert torch.allclose(shifted[:, :, 2:, 3:], pictures[:, :, :-2, :-3], atol=1e-5)


def test_beyond_its_edges_a_picture_is_mirrored(pictures: torch.Tensor) -> None:
    shifted = warp(pictures, affine_map(shift=(3, 0)))
    assert torch.allclose(shifted[:, :, :, :3], pictures[:, :, :, :3].flip(3), atol=1e-5)


def test_a_quarter_turn_goes_clockwise(pictures: torch.Tensor) -> None:
    square = pictures[:, :, :, :12]
    assert torch.allclose(warp(square, affine_map(degrees=90)), square.rot90(-1, (2, 3)), atol=1e-5)


def test_zoom_by_two_shows_the_middle_half() -> None:
    ramp = torch.arange(16.0).expand(1, 3, 16, 16)
    middle = warp(ramp, affine_map(zoom=2))[0, 0, 8]
    # Torch's bicubic kernel (a = -0.75) leans a ramp by up to 0.05 of a pixel.
    assert torch.allclose(middle, torch.arange(3.75, 11.5, 0.5), atol=0.05)


def test_shear_leans_rows_by_their_height() -> None:
    matrix = affine_map(shears=(45, 0))
    assert np.allclose(matrix @ [0, 3, 1], [3, 3, 1])


def test_a_map_and_its_inverse_leave_the_picture() -> None:
    picture = torch.from_numpy(smooth()).permute(2, 0, 1)[None].float()
    matrix = draw_map(np.random.default_rng(1), (128, 96), **RANGES)
    there_and_back = warp(warp(picture, matrix), np.linalg.inv(matrix))
    assert (there_and_back - picture)[:, :, 20:-20, 20:-20].abs().max() < 0.5


def test_maps_stay_within_their_ranges() -> None:
    maps = np.stack([draw_map(np.random.default_rng(seed), (200, 100), **RANGES) for seed in range(300)])
    assert 8 < np.abs(maps[:, 0, 2]).max() <= 10
    assert 4 < np.abs(maps[:, 1, 2]).max() <= 5
    turned = np.degrees(np.arctan2(maps[:, 1, 0], maps[:, 0, 0]))  # of the x axis: rotation and the shear along y
    assert 7 < np.abs(turned).max() <= 10
    enlarged = np.sqrt(np.abs(np.linalg.det(maps[:, :2, :2])))
    assert 0.94 < enlarged.min() < 0.96
    assert 1.04 < enlarged.max() < 1.06


def test_a_window_is_that_part_of_the_mapped_picture(pictures: torch.Tensor) -> None:
    matrix, window = affine_map(degrees=4, shift=(1, -1)), Window(2, 3, (8, 6))
    part = warp(pictures, matrix)[:, :, 2:8, 3:11]
    assert torch.allclose(warp(pictures, matrix, window), part, atol=1e-5)


def test_windows_reach_every_edge_and_no_farther() -> None:
    windows = [draw_window(np.random.default_rng(seed), (10, 9), (8, 8)) for seed in range(60)]
    assert {window.left for window in windows} == {0, 1, 2}
    assert {window.top for window in windows} == {0, 1}


def test_both_pictures_of_a_pair_get_the_same_map() -> None:
    source = smooth()
    edited = 255 - source
    mapped, mapped_edit = transform(Triple(source, "invert", edited), 7, (64, 48), TrainConfig())
    assert mapped.shape == (3, 48, 64)
    assert (mapped.int() + mapped_edit.int() - 255).abs().max() <= 1


def test_without_equivariance_a_sample_is_a_plain_crop_at_the_same_place() -> None:
    triple = Triple(smooth(), "", smooth())
    plain = transform(triple, 7, (64, 48), TrainConfig(equivariant=False))[0]
    still = transform(triple, 7, (64, 48), TrainConfig(rotation=0, translation=0, zoom=0, shear=0))[0]
    assert torch.equal(plain, still)
