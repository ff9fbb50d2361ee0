"""One trajectory: F frames through the encoder, the denoising loop and the decoder, together.

A pure function of its arguments: whoever calls it decides about threads, batches and anchors. On a GPU it returns when
everything is queued, so that the next frames can follow at once.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from typing import Any

import numpy as np
import torch

from fairy.method.bank import AnchorBank, StepReader, StepWriter
from fairy.method.sampler import Known, denoise, own_noise, shared_noise
from fairy.models import Model
from fairy.pictures.size import pad_to_multiple
from fairy.pictures.tensors import Download, to_levels, to_tensor

AnchorsAt = Callable[[int], StepReader | StepWriter | None]
"""What a pass reads of the anchors, or leaves of them, in each step."""
Steps = Generator[None, None, Download]
"""A trajectory on its way, which stops after each denoising step."""


def edit_together(
    model: Model,
    frames: np.ndarray,
    bank: AnchorBank,
    anchors_at: AnchorsAt,
    *,
    given: Mapping[int, np.ndarray] | None = None,
    numbers: Sequence[int] | None = None,
) -> Download:
    """uint8 (F, H, W, 3) -> the same, edited. Of the `bank` only instruction and settings are read, not the steps.

    `given` are frames that are edited already, by place; `numbers` give each frame its own noise, for the lab.
    """
    steps = trajectory(model, frames, bank, anchors_at, given=given, numbers=numbers)
    while (download := advance(steps)) is None:
        pass
    return download


def advance(steps: Steps) -> Download | None:
    """One step further; what came out, after the last one."""
    try:
        next(steps)
    except StopIteration as end:
        return end.value
    return None


@torch.inference_mode()
def trajectory(
    model: Model,
    frames: np.ndarray,
    bank: AnchorBank,
    anchors_at: AnchorsAt,
    *,
    given: Mapping[int, np.ndarray] | None = None,
    numbers: Sequence[int] | None = None,
) -> Steps:
    """As `edit_together`, which goes through it; it stops after each denoising step."""
    family, settings = model.family, bank.settings
    padded = pad_to_multiple(frames, model.multiple)
    height, width = padded.shape[1:3]
    # Encode.
    seen = family.look(model, to_tensor(padded, model.device), bank.told)
    shape = family.latent_shape(model, height, width)
    seed = settings.seed
    drawn = shared_noise(seed, len(frames), shape) if numbers is None else own_noise(seed, numbers, shape)
    noise, generators = drawn
    # Tell the denoiser, once for all steps that compute the same guidance branches.
    told: dict[tuple[int, ...], Any] = {}

    def predict(latents: torch.Tensor, step: int, timestep: torch.Tensor) -> torch.Tensor:
        branches = family.branches(model, settings, step)
        if branches not in told:
            told[branches] = family.inputs(model, bank.told, seen, branches, settings)
        anchors = anchors_at(step)
        predicted = family.predict(model, latents, told[branches], timestep, anchors)
        if model.overwrites and isinstance(anchors, StepWriter):
            anchors.take_over()
        return family.guide(model, dict(zip(branches, predicted, strict=True)), settings)

    # Denoise.
    schedule = family.schedule(model, settings.num_steps, height, width)
    known = as_known(model, given) if given else None
    for latents in denoise(predict, schedule, noise.to(model.device), generators, known=known):  # noqa: B007  the last
        yield
    # Decode.
    levels = to_levels(family.decode(model, latents))[:, : frames.shape[1], : frames.shape[2]]
    return Download(levels, given or {})


def as_known(model: Model, given: Mapping[int, np.ndarray]) -> Known:
    """Edited frames as the sampler takes them."""
    pictures = pad_to_multiple(np.stack(list(given.values())), model.multiple)
    return Known(list(given), model.family.encode(model, to_tensor(pictures, model.device)))
