"""Frames to latents and back. F frames, H x W pixels; latents have C channels and h x w places."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

if TYPE_CHECKING:
    from fairy.models.bundle import Model


def encode_frames(model: Model, frames: torch.Tensor) -> torch.Tensor:
    """float (F, 3, H, W) in -1..1 -> the source's latents, float32 (F, C, h, w), as the denoiser is to be given them.

    They are the mode of the encoder's distribution and not scaled, except in CosXL edit.
    """
    encoded = model.vae.encode(frames.to(model.device, model.vae.dtype))
    # AutoencoderTiny has no distribution.
    latents = encoded.latent_dist.mode() if "latent_dist" in encoded else encoded.latents
    latents = latents.clone() if model.overwrites else latents
    return (latents * model.vae.config.scaling_factor if model.folder.index.get("is_cosxl_edit") else latents).float()


def encode_edited(model: Model, frames: torch.Tensor) -> torch.Tensor:
    """float (F, 3, H, W) in -1..1 -> float32 (F, C, h, w), as if denoised: `decode_latents` undone."""
    encoded = model.vae.encode(frames.to(model.device, model.vae.dtype))
    latents = (encoded.latent_dist.mode() if "latent_dist" in encoded else encoded.latents).float()
    mean, spread = _normalization(model.vae, latents)
    return (latents - mean) * model.vae.config.scaling_factor / spread


def decode_latents(model: Model, latents: torch.Tensor) -> torch.Tensor:
    """Denoised latents (F, C, h, w) -> float32 (F, 3, H, W) in -1..1."""
    vae = model.decoder or model.vae
    mean, spread = _normalization(vae, latents)
    unscaled = latents * spread / vae.config.scaling_factor + mean
    frames = vae.decode(unscaled.to(model.device, vae.dtype)).sample
    return frames.float().clamp(-1, 1)


def _normalization(vae: Any, like: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Mean and spread of the autoencoder's latents, (1 or C, 1, 1), by which the denoiser's are normalized."""
    config = vae.config
    mean, spread = config.get("latents_mean"), config.get("latents_std")
    if mean is None or spread is None:  # all but some SDXL autoencoders
        mean, spread = [0.0], [1.0]
    mean, spread = (like.new_tensor(values).view(-1, 1, 1) for values in (mean, spread))
    return mean, spread
