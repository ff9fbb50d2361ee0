"""From noise to latents: shared noise (Fairy, sec. 5.1), three-way guidance and the denoising loop.

F frames, B = 1 to 3 guidance branches, latents (F, C, h, w) float32. The numerics are pure functions; the loop is a
generator, so that the caller owns progress, preview and cancelling.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch

from fairy.config import EditSettings

BRANCHES = 3
"""Text and image, image only, none: the order of diffusers' InstructPix2Pix pipelines."""


def needed_branches(text_guidance: float, image_guidance: float) -> list[int]:
    """Which of the guidance branches count: one whose weight in `guide` is zero need not be computed."""
    weights = (text_guidance, image_guidance - text_guidance, 1 - image_guidance)
    return [branch for branch, weight in enumerate(weights) if weight != 0]


def branches_at(step: int, settings: EditSettings) -> list[int]:
    """The guidance branches that are computed in one step: after the guided steps the full one alone.

    Guidance matters most while the noise is high (arXiv 2404.07724).
    """
    if not settings.is_guided(step):
        return [0]
    return needed_branches(settings.text_guidance, settings.image_guidance)


@dataclass(frozen=True)
class Known:
    """Frames of a batch whose result is given: at each step they are that result, noised as far as the step is."""

    indices: list[int]
    latents: torch.Tensor
    """(number of indices, C, h, w), as denoising would have made them."""


class Predict(Protocol):
    """The denoiser with all that stays the same over the steps bound to it."""

    def __call__(self, latents: torch.Tensor, step: int, timestep: torch.Tensor) -> torch.Tensor:
        """Scaled latents (B * F, C, h, w), branch-major, of the step's branches -> the prediction for each, float32."""


def shared_noise(seed: int, count: int, shape: tuple[int, ...]) -> tuple[torch.Tensor, list[torch.Generator]]:
    """The same initial noise for `count` frames, float32 (count, *shape), and generators that go on alike for all.

    Drawn on the CPU, so that every device starts from the same numbers. One generator a frame, because a scheduler
    that draws noise draws it for the whole batch: equally seeded ones give each frame the same noise in any batch.
    """
    return _draw([seed] * count, shape)


def own_noise(seed: int, numbers: Sequence[int], shape: tuple[int, ...]) -> tuple[torch.Tensor, list[torch.Generator]]:
    """As `shared_noise`, but for each frame its own: decided by the seed and the frame's number, by nothing else."""
    mixed = [np.random.SeedSequence([seed, number]).generate_state(1, np.uint64) for number in numbers]
    return _draw([int(state[0]) for state in mixed], shape)


def _draw(seeds: Sequence[int], shape: tuple[int, ...]) -> tuple[torch.Tensor, list[torch.Generator]]:
    """The initial noise of a frame for each seed, and the generators it came from."""
    generators = [torch.Generator().manual_seed(seed) for seed in seeds]
    return torch.stack([torch.randn(shape, generator=generator) for generator in generators]), generators


def guide(
    full: torch.Tensor, image_only: torch.Tensor, neither: torch.Tensor, text_scale: float, image_scale: float
) -> torch.Tensor:
    """Classifier-free guidance on two conditions (InstructPix2Pix, arXiv 2211.09800, eq. 3)."""
    return neither + text_scale * (full - image_only) + image_scale * (image_only - neither)


def denoise(
    predict: Predict,
    scheduler: Any,
    noise: torch.Tensor,
    generators: list[torch.Generator],
    settings: EditSettings,
    *,
    known: Known | None = None,
) -> Iterator[torch.Tensor]:
    """Yield the latents (F, C, h, w) after each step; the last ones are the result.

    `scheduler` belongs to this trajectory alone: diffusers' schedulers count their steps. Of `settings` only what is
    said of guidance counts.
    """
    draws = {"generator": generators} if "generator" in inspect.signature(scheduler.step).parameters else {}
    latents = noise * scheduler.init_noise_sigma
    for step, timestep in enumerate(scheduler.timesteps):
        if known:
            noised = scheduler.add_noise(known.latents, noise[known.indices], timestep.expand(len(known.indices)))
            latents = latents.index_copy(0, torch.tensor(known.indices, device=latents.device), noised)
        branches = branches_at(step, settings)
        inputs = scheduler.scale_model_input(latents, timestep).repeat(len(branches), 1, 1, 1)
        predicted = dict(zip(branches, predict(inputs, step, timestep).chunk(len(branches)), strict=True))
        if settings.is_guided(step):
            # A branch that was not computed has no weight: whatever stands for it drops out.
            full, image_only, neither = (predicted.get(branch, torch.zeros(())) for branch in range(BRANCHES))
            prediction = guide(full, image_only, neither, settings.text_guidance, settings.image_guidance)
        else:
            (prediction,) = predicted.values()
        latents = scheduler.step(prediction, timestep, latents, **draws).prev_sample
        yield latents
