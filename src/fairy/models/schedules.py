"""Noise schedules: what the denoising loop asks of a scheduler of diffusers, for diffusion and for flow matching.

F frames, latents (F, C, h, w) float32, t a time step. Schedulers count their steps: one schedule a trajectory. Their
tables and time steps stay on the CPU wherever the model is: they are single numbers, which may be multiplied with
tensors of any device, and looking one up there never has to wait for the device.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, Protocol

import torch

from fairy.errors import UsageError


class Schedule(Protocol):
    """From noise to a result, step by step."""

    @property
    def timesteps(self) -> torch.Tensor:
        """One number a call of the denoiser, as the denoiser takes it."""

    def start(self, noise: torch.Tensor) -> torch.Tensor:
        """The latents that the first step begins with."""

    def scale(self, latents: torch.Tensor, timestep: torch.Tensor) -> torch.Tensor:
        """As the denoiser is to see them."""

    def noised(self, clean: torch.Tensor, noise: torch.Tensor, timestep: torch.Tensor) -> torch.Tensor:
        """What `clean` would be at the beginning of this step."""

    def step(
        self, prediction: torch.Tensor, timestep: torch.Tensor, latents: torch.Tensor, generators: list[torch.Generator]
    ) -> torch.Tensor:
        """The latents after this step."""


class Diffusion:
    """Any scheduler for noise, v or sample prediction."""

    def __init__(self, scheduler: Any) -> None:
        """`scheduler` has its time steps already, and belongs to this schedule alone."""
        self.scheduler = scheduler
        self._draws = "generator" in inspect.signature(scheduler.step).parameters

    @property
    def timesteps(self) -> torch.Tensor:
        """See `Schedule`."""
        return self.scheduler.timesteps

    def start(self, noise: torch.Tensor) -> torch.Tensor:
        """See `Schedule`."""
        return noise * self.scheduler.init_noise_sigma

    def scale(self, latents: torch.Tensor, timestep: torch.Tensor) -> torch.Tensor:
        """See `Schedule`."""
        return self.scheduler.scale_model_input(latents, timestep)

    def noised(self, clean: torch.Tensor, noise: torch.Tensor, timestep: torch.Tensor) -> torch.Tensor:
        """See `Schedule`."""
        return self.scheduler.add_noise(clean, noise, timestep.expand(len(clean)))

    def step(
        self, prediction: torch.Tensor, timestep: torch.Tensor, latents: torch.Tensor, generators: list[torch.Generator]
    ) -> torch.Tensor:
        """See `Schedule`."""
        draws = {"generator": generators} if self._draws else {}
        return self.scheduler.step(prediction, timestep, latents, **draws).prev_sample


class Flow:
    """A scheduler for flow matching: x_t = (1 - t) x_0 + t noise, a straight line (arXiv 2210.02747)."""

    def __init__(self, scheduler: Any) -> None:
        """As for `Diffusion`."""
        self.scheduler = scheduler

    @property
    def timesteps(self) -> torch.Tensor:
        """See `Schedule`; 0..1000."""
        return self.scheduler.timesteps

    def start(self, noise: torch.Tensor) -> torch.Tensor:
        """The noise as it is."""
        return noise

    def scale(self, latents: torch.Tensor, timestep: torch.Tensor) -> torch.Tensor:  # noqa: ARG002
        """The latents as they are."""
        return latents

    def noised(self, clean: torch.Tensor, noise: torch.Tensor, timestep: torch.Tensor) -> torch.Tensor:
        """See `Schedule`."""
        return self.scheduler.scale_noise(clean, timestep.expand(len(clean)), noise)

    def step(
        self,
        prediction: torch.Tensor,
        timestep: torch.Tensor,
        latents: torch.Tensor,
        generators: list[torch.Generator],  # noqa: ARG002  nothing is drawn on the way
    ) -> torch.Tensor:
        """See `Schedule`."""
        return self.scheduler.step(prediction, timestep, latents).prev_sample


def fresh(template: Any, num_steps: int, set_timesteps: Callable[[Any], None]) -> Any:
    """A scheduler like the template, with time steps of its own. UsageError where it does not take that number."""
    scheduler = type(template).from_config(template.config)
    try:
        set_timesteps(scheduler)
    except ValueError as error:  # PNDM needs four steps at least, LCM takes fifty at most
        reason = str(error).splitlines()[0].rstrip(".")
        raise UsageError(f"--num-steps {num_steps} does not go with {type(scheduler).__name__}: {reason}.") from error
    return scheduler
