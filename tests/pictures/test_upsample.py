"""The edit carried to the source's size, against what is known exactly: affine edits, whole scenes, a naive fit."""

import math

import numpy as np
import pytest
import torch

from fairy import carry
from fairy.lab.synthetic import edit_clip, render_clip
from fairy.pictures.upsample import EPSILON, RADIUS, enlarge, shrink

SMALL = (36, 48)


def scene(seed: int = 0, size: tuple[int, int] = (144, 192)) -> torch.Tensor:
    """(1, 3, H, W) in 0..1: smooth shapes under fine grain."""
    generator = torch.Generator().manual_seed(seed)
    coarse = enlarge(torch.rand((1, 3, 9, 12), generator=generator), size)
    return (coarse + 0.1 * torch.rand((1, 3, *size), generator=generator)).clamp(0, 1)


def psnr(one: torch.Tensor, other: torch.Tensor) -> float:
    return -10 * math.log10(float((one.clamp(0, 1) - other).square().mean()))


def test_an_affine_edit_of_colours_comes_out_exactly() -> None:
    full = scene()
    low, mixing = shrink(full, SMALL), torch.tensor([[0.5, 0.2, 0.1], [0.0, 0.6, 0.1], [0.2, 0.0, 0.4]])
    edit, truth = (torch.einsum("ij,fjhw->fihw", mixing, each) + 0.1 for each in (low, full))
    assert psnr(carry(full, low, edit), truth) > 50 > psnr(enlarge(edit, full.shape[2:]), truth) + 10


def test_strokes_that_the_source_does_not_have_survive() -> None:
    full = scene()
    low = shrink(full, SMALL)
    edit = low.clone()
    edit[..., ::9] = 0.0
    assert psnr(shrink(carry(full, low, edit), SMALL), edit) > 20


def test_noise_that_explains_nothing_is_left_out() -> None:
    full = scene()
    low = shrink(full, SMALL)
    grainy = low + 0.01 * torch.randn(low.shape, generator=torch.Generator().manual_seed(1))
    assert psnr(grainy, low) < 41
    assert psnr(carry(full, low, grainy), full) > 50


def test_the_fit_is_ridge_regression_in_each_window() -> None:
    full = scene(size=SMALL).double()
    edit = full.square().flip(1)
    y, x, r = 17, 20, 2 * RADIUS
    coefficients = []
    for row in range(y - RADIUS, y + RADIUS + 1):
        for column in range(x - RADIUS, x + RADIUS + 1):
            window = np.s_[0, :, row - RADIUS : row + RADIUS + 1, column - RADIUS : column + RADIUS + 1]
            source, wanted = (each[window].flatten(1).T.numpy() for each in (full, edit))
            mean_source, mean_wanted = source.mean(0), wanted.mean(0)
            spread = (source - mean_source).T @ (source - mean_source) / len(source) + EPSILON * np.eye(3)
            slope = np.linalg.solve(spread, (source - mean_source).T @ (wanted - mean_wanted) / len(source))
            coefficients.append(np.vstack([slope, mean_wanted - mean_source @ slope]))
    fitted = full[0, :, y, x].numpy() @ np.mean(coefficients, 0)[:3] + np.mean(coefficients, 0)[3]
    assert r < y < SMALL[0] - r  # far from the border
    quiet = carry(full.float(), full.float(), edit.float())[0, :, y, x].numpy()
    assert np.abs(quiet - fitted).max() < 0.02  # the residual adds what stands out of noise, which here is little


@pytest.mark.parametrize("look", ["night", "sepia", "snow"])
def test_an_exact_edit_at_full_size_is_nearer_than_by_bicubic(look: str) -> None:
    full, truth = (
        torch.from_numpy(np.ascontiguousarray(next(clip))).permute(2, 0, 1)[None].float() / 255
        for clip in (render_clip(3, 1), edit_clip(3, look, 1))
    )
    low, edit = shrink(full, (54, 72)), shrink(truth, (54, 72))
    assert psnr(carry(full, low, edit), truth) > psnr(enlarge(edit, full.shape[2:]), truth) + 1


def test_no_bit_depends_on_the_batch_or_on_threads() -> None:
    full = torch.cat([scene(seed) for seed in range(3)])
    low = shrink(full, SMALL)
    together = carry(full, low, low.square())
    threads = torch.get_num_threads()
    try:
        torch.set_num_threads(1 if threads > 1 else 2)
        alone = [carry(full[i : i + 1], low[i : i + 1], low[i : i + 1].square()) for i in range(3)]
    finally:
        torch.set_num_threads(threads)
    assert torch.equal(torch.cat(alone), together)
