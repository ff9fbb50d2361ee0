"""One call of the denoiser: the only place that knows how a UNet of diffusers is called.

B = 1 to 3 guidance branches, F frames, latents (F, C, h, w), T tokens, D channels of text. Batches are branch-major.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from einops import repeat

from fairy.models.attention import Anchors
from fairy.models.families.instruct_pix2pix.text import Conditioning

if TYPE_CHECKING:
    from fairy.models.bundle import Model


@dataclass(frozen=True)
class StepInputs:
    """What the denoiser takes in all steps that compute the same guidance branches."""

    source: torch.Tensor
    """(B * F, C, h, w)"""
    conditioning: Conditioning
    """Of these branches."""

    @property
    def num_branches(self) -> int:
        """B"""
        return len(self.conditioning.embeds)


def step_inputs(
    model: Model,  # noqa: ARG001
    conditioning: Conditioning,
    source: torch.Tensor,
    branches: Sequence[int],
) -> StepInputs:
    """For some of the branches text and image, image only, none; the last one does not see the source."""
    seen = torch.cat([(source, source, torch.zeros_like(source))[branch] for branch in branches])
    return StepInputs(seen, conditioning.branches(branches))


def predict_noise(
    model: Model, latents: torch.Tensor, inputs: StepInputs, timestep: torch.Tensor, anchors: Anchors | None = None
) -> Sequence[torch.Tensor]:
    """The denoiser's prediction for each branch, float32 (F, C, h, w).

    `latents` (F, C, h, w) have gone through the scheduler's `scale_model_input`.
    """
    frames, told = len(latents), inputs.conditioning
    added = {name: repeat(values, "b d -> (b f) d", f=frames) for name, values in told.added.items()}
    batch = torch.cat([latents.repeat(inputs.num_branches, 1, 1, 1), inputs.source], dim=1)
    prediction = model.denoiser(
        batch.to(model.device, model.dtype),
        timestep.to(model.device, torch.float32),  # MPS has no float64, which some schedulers use
        encoder_hidden_states=repeat(told.embeds, "b t d -> (b f) t d", f=frames),
        added_cond_kwargs=added,
        cross_attention_kwargs={"anchors": anchors, "text": told.text},
        return_dict=False,
    )[0]
    prediction = prediction.clone().float() if model.overwrites else prediction.float()
    return prediction.chunk(inputs.num_branches)


def settle(model: Model) -> None:
    """On a GPU, channels last, which its convolutions are quickest in."""
    if model.device.type == "cuda":
        model.denoiser.to(memory_format=torch.channels_last)
        model.vae.to(memory_format=torch.channels_last)


def stock_pipeline(model: Model) -> Any:
    """diffusers' pipeline round the model's parts: its loaders know the LoRA formats and which layer is which."""
    # Importing pipelines is slow, and only needed here.
    from diffusers import StableDiffusionInstructPix2PixPipeline, StableDiffusionXLInstructPix2PixPipeline

    parts = {"unet": model.denoiser, "vae": model.vae, "scheduler": model.scheduler}
    names = zip(("", "_2"), model.text_encoders, model.tokenizers, strict=False)
    for suffix, encoder, tokenizer in names:
        parts |= {f"text_encoder{suffix}": encoder, f"tokenizer{suffix}": tokenizer}
    if len(model.text_encoders) == 2:
        return StableDiffusionXLInstructPix2PixPipeline(**parts, add_watermarker=False)
    return StableDiffusionInstructPix2PixPipeline(
        **parts, safety_checker=None, feature_extractor=None, requires_safety_checker=False
    )
