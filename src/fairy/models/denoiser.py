"""One call of the denoiser: the only place that knows how a UNet of diffusers is called.

B = 3 guidance branches, F frames, latents (C, h, w), T tokens, D channels of text.
"""

from typing import Any

import torch
from einops import repeat

from fairy.models.bundle import Model
from fairy.models.text import Conditioning


def predict_noise(
    model: Model,
    latents: torch.Tensor,
    source: torch.Tensor,
    timestep: torch.Tensor,
    conditioning: Conditioning,
    attention_kwargs: dict[str, Any] | None = None,
) -> torch.Tensor:
    """The denoiser's prediction for a branch-major batch, float32 (B * F, C, h, w).

    `latents` (B * F, C, h, w) have gone through the scheduler's `scale_model_input`; `source` (B * F, C, h, w) is
    zero in the last branch; `attention_kwargs` reach the attention processors.
    """
    branches = len(conditioning.embeds)
    frames = len(latents) // branches
    added = {name: repeat(values, "b d -> (b f) d", f=frames) for name, values in conditioning.added.items()}
    prediction = model.unet(
        torch.cat([latents, source], dim=1).to(model.device, model.dtype),
        timestep.to(model.device, torch.float32),  # MPS has no float64, which some schedulers use
        encoder_hidden_states=repeat(conditioning.embeds, "b t d -> (b f) t d", f=frames),
        added_cond_kwargs=added,
        cross_attention_kwargs=attention_kwargs,
        return_dict=False,
    )[0]
    return prediction.clone().float() if model.overwrites else prediction.float()
