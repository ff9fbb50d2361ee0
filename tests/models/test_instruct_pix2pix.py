"""InstructPix2Pix's guidance: three branches, of which those without weight are left out."""

from dataclasses import replace

import pytest
import torch

from fairy.config import EditSettings
from fairy.models import Model
from fairy.models.families import instruct_pix2pix as family

PLAIN = EditSettings(num_steps=4, text_guidance=1.0, image_guidance=1.0, anchor_strength=1.0, seed=0)


def scales(text: float, image: float) -> EditSettings:
    return replace(PLAIN, text_guidance=text, image_guidance=image)


def test_guidance_of_one_is_the_full_prediction(sd_model: Model) -> None:
    predicted = dict(enumerate(torch.randn(3, 1, 4, 2, 2)))
    torch.testing.assert_close(family.guide(sd_model, predicted, PLAIN), predicted[0])


def test_guidance_weighs_both_differences(sd_model: Model) -> None:
    predicted = {0: torch.tensor([5.0]), 1: torch.tensor([3.0]), 2: torch.tensor([2.0])}
    assert family.guide(sd_model, predicted, scales(7.5, 1.5)).item() == 2 + 7.5 * 2 + 1.5 * 1


@pytest.mark.parametrize(
    ("text", "image", "branches"),
    [
        (7.5, 1.5, (0, 1, 2)),
        (1.5, 1.0, (0, 1)),
        (1.5, 1.5, (0, 2)),
        (1.0, 1.0, (0,)),
        (0.0, 1.0, (1,)),
        (0.0, 0.0, (2,)),
    ],
)
def test_a_branch_without_weight_is_not_computed_and_changes_nothing(
    sd_model: Model, text: float, image: float, branches: tuple[int, ...]
) -> None:
    settings = scales(text, image)
    predicted = dict(enumerate(torch.randn(3, 1, 4, 2, 2, generator=torch.Generator().manual_seed(0))))
    kept = {branch: predicted[branch] for branch in branches}
    assert family.branches(sd_model, settings, 0) == branches
    torch.testing.assert_close(
        family.guide(sd_model, kept, settings), family.guide(sd_model, predicted, settings), atol=1e-5, rtol=1e-5
    )


def test_after_the_guided_share_of_the_steps_the_full_prediction_counts_alone(sd_model: Model) -> None:
    settings = replace(PLAIN, text_guidance=3.0, guided_share=0.5)
    assert [family.branches(sd_model, settings, step) for step in range(4)] == [(0, 1), (0, 1), (0,), (0,)]
    prediction = torch.randn(1, 4, 2, 2)
    assert torch.equal(family.guide(sd_model, {0: prediction}, settings), prediction)


def test_a_scheduler_of_second_order_is_guided_in_all_its_evaluations(sd_model: Model) -> None:
    assert family.branches(sd_model, replace(PLAIN, text_guidance=3.0), 6) == (0, 1)
