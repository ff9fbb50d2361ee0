"""From noise to latents: shared noise (Fairy, sec. 5.1) and the denoising loop.

F frames, latents (F, C, h, w) float32. The loop is a generator, so that the caller owns progress, preview and
cancelling.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch

from fairy.models.schedules import Schedule


@dataclass(frozen=True)
class Known:
    """Frames of a batch whose result is given: at each step they are that result, noised as far as the step is."""

    indices: list[int]
    latents: torch.Tensor
    """(number of indices, C, h, w), as denoising would have made them."""


class Predict(Protocol):
    """The denoiser with its guidance and all that stays the same over the steps bound to it."""

    def __call__(self, latents: torch.Tensor, step: int, timestep: torch.Tensor) -> torch.Tensor:
        """Scaled latents (F, C, h, w) -> the prediction that counts, float32 (F, C, h, w)."""


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


def denoise(
    predict: Predict,
    schedule: Schedule,
    noise: torch.Tensor,
    generators: list[torch.Generator],
    *,
    known: Known | None = None,
) -> Iterator[torch.Tensor]:
    """Yield the latents (F, C, h, w) after each step; the last ones are the result."""
    latents = schedule.start(noise)
    for step, timestep in enumerate(schedule.timesteps):
        if known:
            noised = schedule.noised(known.latents, noise[known.indices], timestep)
            latents = latents.index_copy(0, torch.tensor(known.indices, device=latents.device), noised)
        prediction = predict(schedule.scale(latents, timestep), step, timestep)
        latents = schedule.step(prediction, timestep, latents, generators)
        yield latents
