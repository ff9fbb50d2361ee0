"""One trajectory: F frames through the encoder, the denoising loop and the decoder, together.

A pure function of its arguments: whoever calls it decides about threads, batches and anchors. On a GPU it returns when
everything is queued, so that the next frames can follow at once.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from fairy.method.attend import KeysValues
from fairy.method.bank import AnchorBank, StepReader, StepWriter
from fairy.method.sampler import Known, branches_at, denoise, own_noise, shared_noise
from fairy.models import (
    Conditioning,
    Model,
    decode_latents,
    encode_edited,
    encode_frames,
    latent_shape,
    make_scheduler,
    predict_noise,
)
from fairy.pictures.size import pad_to_multiple
from fairy.pictures.tensors import Download, to_levels, to_tensor

AnchorsAt = Callable[[int], StepWriter | StepReader | None]
"""What the self-attention layers may write or read in one denoising step."""


@torch.inference_mode()
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
    padded = pad_to_multiple(frames, model.multiple)
    source = encode_frames(model, to_tensor(padded, model.device))
    told: dict[int, Told] = {}

    def predict(latents: torch.Tensor, step: int, timestep: torch.Tensor) -> torch.Tensor:
        branches = branches_at(step, bank.settings)
        if len(branches) not in told:
            told[len(branches)] = tell(bank, source, branches)
        now = told[len(branches)]
        anchors = anchors_at(step)
        extra = {"anchors": anchors, "text": now.text}
        prediction = predict_noise(model, latents, now.source, timestep, now.conditioning, extra)
        if model.overwrites and isinstance(anchors, StepWriter):
            anchors.take_over()
        return prediction

    shape = latent_shape(model, *padded.shape[1:3])
    seed = bank.settings.seed
    drawn = shared_noise(seed, len(frames), shape) if numbers is None else own_noise(seed, numbers, shape)
    noise, generators = drawn
    scheduler = make_scheduler(model, bank.settings.num_steps)
    known = as_known(model, given) if given else None
    steps = denoise(predict, scheduler, noise.to(model.device), generators, bank.settings, known=known)
    (latents,) = deque(steps, maxlen=1)
    levels = to_levels(decode_latents(model, latents))[:, : frames.shape[1], : frames.shape[2]]
    return Download(levels, given or {})


@dataclass(frozen=True)
class Told:
    """What the denoiser is told in all steps that compute the same guidance branches."""

    source: torch.Tensor
    """(B * F, C, h, w)"""
    conditioning: Conditioning
    text: Mapping[str, KeysValues]


def tell(bank: AnchorBank, source: torch.Tensor, branches: list[int]) -> Told:
    """Some of the branches [text and image, image only, none]; the last one does not see the source."""
    seen = torch.cat([(source, source, torch.zeros_like(source))[branch] for branch in branches])
    text = {layer: KeysValues(keys[branches], values[branches]) for layer, (keys, values) in bank.text.items()}
    return Told(seen, bank.conditioning.branches(branches), text)


def as_known(model: Model, given: Mapping[int, np.ndarray]) -> Known:
    """Edited frames as the sampler takes them."""
    pictures = pad_to_multiple(np.stack(list(given.values())), model.multiple)
    return Known(list(given), encode_edited(model, to_tensor(pictures, model.device)))
