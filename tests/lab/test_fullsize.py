"""The measurement of full size: exact cases, and methods told apart."""

import pytest
import torch

from fairy.lab import fullsize
from fairy.lab.fullsize import SCALE, compare, make_case, similarity, warp_error, worsened
from fairy.pictures.upsample import shrink

SIZE = (48, 36)


@pytest.fixture(scope="module")
def case() -> fullsize.Case:
    return make_case(0, "night", SIZE)


def test_a_case_is_rendered_at_full_size_and_moves_as_its_flow_says(case) -> None:
    assert case.source.shape == case.exact.shape == (3, 3, SCALE * SIZE[1], SCALE * SIZE[0])
    assert warp_error(case.source, case.flows) < 0.5 * warp_error(case.source.flip(0).roll(9, -1), case.flows)


def test_carry_is_nearer_to_an_exact_night_than_bicubic(case) -> None:
    row = compare(case, "exact", shrink(case.source, SIZE[::-1]), shrink(case.exact, SIZE[::-1]))
    assert row.psnr["carry"] > row.psnr["bicubic"]
    assert row.ssim["carry"] > row.ssim["bicubic"]


def test_similarity_is_one_for_the_same_and_less_for_a_blurred(case) -> None:
    assert similarity(case.exact, case.exact) == pytest.approx(1)
    assert similarity(worsened(case.exact, 0), case.exact) < 0.95


def test_what_an_autoencoder_does_is_the_same_each_time(case) -> None:
    assert torch.equal(worsened(case.exact, 1), worsened(case.exact, 1))
