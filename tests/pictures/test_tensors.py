"""Frames: sizes, padding, and the way between arrays and tensors."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairy.pictures.size import fit_size, pad_to_multiple
from fairy.pictures.tensors import to_tensor, to_uint8


@pytest.mark.parametrize(
    ("source", "long_side", "fitted"),
    [((1920, 1080), 512, (512, 288)), ((1080, 1920), 512, (288, 512)), ((640, 480), 192, (192, 144))],
)
def test_the_longer_side_is_as_asked_and_the_ratio_kept(source, long_side, fitted):
    assert fit_size(*source, long_side) == fitted


@given(st.integers(1, 5000), st.integers(1, 5000), st.integers(32, 1024))
def test_fitted_sizes_are_even_and_off_by_a_pixel_at_most(width, height, long_side):
    fitted = fit_size(width, height, long_side)
    exact = [side * long_side / max(width, height) for side in (width, height)]
    assert all(side % 2 == 0 and (abs(side - want) <= 1 or side == 2) for side, want in zip(fitted, exact, strict=True))


@given(st.integers(1, 40), st.integers(1, 40), st.sampled_from([2, 8, 64]))
def test_padding_reaches_the_multiple_and_keeps_every_pixel(height, width, multiple):
    frames = np.random.default_rng(0).integers(0, 256, (2, height, width, 3), np.uint8)
    padded = pad_to_multiple(frames, multiple)
    assert padded.shape[1] % multiple == padded.shape[2] % multiple == 0
    assert np.array_equal(padded[:, :height, :width], frames)


def test_every_level_survives_the_way_to_a_tensor_and_back():
    levels = np.arange(256, dtype=np.uint8).reshape(1, 16, 16, 1).repeat(3, axis=3)
    assert np.array_equal(to_uint8(to_tensor(levels)), levels)


def test_tensors_run_from_minus_one_to_one_with_channels_first():
    tensor = to_tensor(np.array([[[[0, 255, 51]]]], np.uint8))
    assert tensor.shape == (1, 3, 1, 1)
    assert tensor.flatten().tolist() == pytest.approx([-1.0, 1.0, -0.6])


def test_values_outside_the_range_are_clipped():
    assert to_uint8(to_tensor(np.zeros((1, 1, 1, 3), np.uint8)) * 3).max() == 0
