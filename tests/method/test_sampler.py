"""Noise and the denoising loop."""

import pytest
import torch
from diffusers import DDIMScheduler, EulerAncestralDiscreteScheduler, HeunDiscreteScheduler

from fairy.method.sampler import Known, denoise, own_noise, shared_noise
from fairy.models.schedules import Diffusion


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
    *_, last = denoise(predict, Diffusion(scheduler), noise, generators)
    assert (last - clean).abs().max() < 0.12


def test_the_caller_sees_every_step():
    scheduler = EulerAncestralDiscreteScheduler()
    scheduler.set_timesteps(4)
    noise, generators = shared_noise(0, 2, (1, 4, 4))
    steps = list(denoise(lambda x, *_: x, Diffusion(scheduler), noise, generators))
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
    list(denoise(predict, Diffusion(scheduler), noise, generators, known=known))
    for latents, timestep in seen:
        kept = scheduler.alphas_cumprod[timestep.long()]
        expected = kept.sqrt() * clean[0] + (1 - kept).sqrt() * noise[1]
        torch.testing.assert_close(latents, expected, atol=2e-3, rtol=0)
