"""Noise, guidance and the denoising loop."""

from dataclasses import replace

import pytest
import torch
from diffusers import DDIMScheduler, EulerAncestralDiscreteScheduler, HeunDiscreteScheduler

from fairy.config import EditSettings
from fairy.method.sampler import Known, branches_at, denoise, guide, needed_branches, own_noise, shared_noise

PLAIN = EditSettings(num_steps=4, text_guidance=1.0, image_guidance=1.0, anchor_strength=1.0, seed=0)


def test_all_frames_share_one_noise_drawn_from_the_seed():
    noise, _ = shared_noise(7, 3, (4, 2, 2))
    expected = torch.randn(4, 2, 2, generator=torch.Generator().manual_seed(7))
    assert all(torch.equal(frame, expected) for frame in noise)


def test_the_generators_go_on_alike():
    _, generators = shared_noise(7, 3, (4, 2, 2))
    draws = [torch.randn(5, generator=generator) for generator in generators]
    assert torch.equal(draws[0], draws[1])
    assert torch.equal(draws[0], draws[2])


def test_own_noise_is_decided_by_the_seed_and_the_number_alone():
    (together, _), (alone, _), (other, _) = (
        own_noise(seed, n, (4, 2, 2)) for seed, n in ((7, [3, 5]), (7, [5]), (8, [5]))
    )
    assert torch.equal(together[1], alone[0])
    assert not torch.equal(together[0], together[1])
    assert not torch.equal(other, alone)


def test_guidance_of_one_is_the_full_prediction():
    full, image_only, neither = torch.randn(3, 1, 4, 2, 2)
    torch.testing.assert_close(guide(full, image_only, neither, 1.0, 1.0), full)


def test_guidance_weighs_both_differences():
    full, image_only, neither = torch.tensor([5.0]), torch.tensor([3.0]), torch.tensor([2.0])
    assert guide(full, image_only, neither, 7.5, 1.5).item() == 2 + 7.5 * 2 + 1.5 * 1


@pytest.mark.parametrize("kind", [EulerAncestralDiscreteScheduler, DDIMScheduler, HeunDiscreteScheduler])
def test_a_perfect_denoiser_lands_on_the_picture(kind):
    """A denoiser that knows the clean latents and answers with the noise in its input ends there exactly."""
    clean = torch.linspace(-1, 1, 16).view(1, 1, 4, 4)
    scheduler = kind(beta_schedule="scaled_linear", beta_start=0.00085, beta_end=0.012)
    scheduler.set_timesteps(5)
    alphas = scheduler.alphas_cumprod

    def predict(latents, _, timestep):
        kept = alphas[timestep.long()]
        return (latents - kept.sqrt() * clean) / (1 - kept).sqrt()

    noise, generators = shared_noise(0, 1, (1, 4, 4))
    *_, last = denoise(predict, scheduler, noise, generators, PLAIN)
    assert (last - clean).abs().max() < 0.12


def test_the_caller_sees_every_step():
    scheduler = EulerAncestralDiscreteScheduler()
    scheduler.set_timesteps(4)
    noise, generators = shared_noise(0, 2, (1, 4, 4))
    steps = list(denoise(lambda x, *_: x, scheduler, noise, generators, PLAIN))
    assert [step.shape for step in steps] == [noise.shape] * 4


@pytest.mark.parametrize("kind", [EulerAncestralDiscreteScheduler, DDIMScheduler])
def test_a_known_frame_is_its_result_noised_to_each_step(kind):
    scheduler, seen = kind(), []
    scheduler.set_timesteps(4)
    noise, generators = shared_noise(0, 2, (1, 4, 4))
    clean = torch.linspace(-1, 1, 16).view(1, 1, 4, 4)

    def predict(latents, _, timestep):
        seen.append((latents[1].clone(), timestep))
        return latents

    known = Known([1], clean)
    list(denoise(predict, scheduler, noise, generators, PLAIN, known=known))
    for latents, timestep in seen:
        kept = scheduler.alphas_cumprod[timestep.long()]
        expected = kept.sqrt() * clean[0] + (1 - kept).sqrt() * noise[1]
        torch.testing.assert_close(latents, expected, atol=2e-3, rtol=0)


@pytest.mark.parametrize(
    ("text", "image", "branches"),
    [(7.5, 1.5, [0, 1, 2]), (1.5, 1.0, [0, 1]), (1.5, 1.5, [0, 2]), (1.0, 1.0, [0]), (0.0, 1.0, [1]), (0.0, 0.0, [2])],
)
def test_a_branch_without_weight_is_not_computed_and_changes_nothing(text, image, branches):
    predicted = torch.randn(3, 1, 4, 2, 2, generator=torch.Generator().manual_seed(0))
    kept = torch.where(torch.tensor([b in branches for b in range(3)]).view(3, 1, 1, 1, 1), predicted, 0.0)
    assert needed_branches(text, image) == branches
    torch.testing.assert_close(guide(*kept, text, image), guide(*predicted, text, image))


def test_after_the_guided_share_of_the_steps_the_full_prediction_counts_alone():
    settings = replace(PLAIN, text_guidance=3.0, guided_share=0.5)
    assert [branches_at(step, settings) for step in range(4)] == [[0, 1], [0, 1], [0], [0]]
    scheduler = DDIMScheduler()
    scheduler.set_timesteps(4)
    noise, generators = shared_noise(0, 1, (1, 4, 4))
    steps = list(denoise(lambda x, *_: torch.cat([x[:1], 0 * x[1:]]), scheduler, noise, generators, settings))
    torch.testing.assert_close(steps[0], scheduler.step(3 * noise, scheduler.timesteps[0], noise).prev_sample)
    torch.testing.assert_close(steps[2], scheduler.step(steps[1], scheduler.timesteps[2], steps[1]).prev_sample)


def test_a_scheduler_of_second_order_is_guided_in_all_its_evaluations():
    assert branches_at(6, replace(PLAIN, text_guidance=3.0)) == [0, 1]
