"""Frames to latents and back. F frames, H x W pixels; latents have C channels and h x w places."""

import torch

from fairy.models.bundle import Model


def latent_shape(model: Model, height: int, width: int) -> tuple[int, int, int]:
    """(C, h, w) for frames of `height` x `width` pixels, both multiples of `model.multiple`."""
    return model.vae.config.latent_channels, height // model.multiple, width // model.multiple


def encode_frames(model: Model, frames: torch.Tensor) -> torch.Tensor:
    """float (F, 3, H, W) in -1..1 -> the source's latents, float32 (F, C, h, w), as the denoiser is to be given them.

    They are the mode of the encoder's distribution and not scaled, except in CosXL edit.
    """
    encoded = model.vae.encode(frames.to(model.device, model.vae.dtype))
    # AutoencoderTiny has no distribution.
    latents = encoded.latent_dist.mode() if "latent_dist" in encoded else encoded.latents
    return (latents * model.vae.config.scaling_factor if model.is_cosxl_edit else latents).float()


def decode_latents(model: Model, latents: torch.Tensor) -> torch.Tensor:
    """Denoised latents (F, C, h, w) -> float32 (F, 3, H, W) in -1..1."""
    config = model.vae.config
    unscaled = latents / config.scaling_factor
    if config.get("latents_mean") is not None and config.get("latents_std") is not None:  # some SDXL autoencoders
        mean, std = (
            latents.new_tensor(values).view(1, -1, 1, 1) for values in (config.latents_mean, config.latents_std)
        )
        unscaled = latents * std / config.scaling_factor + mean
    frames = model.vae.decode(unscaled.to(model.device, model.vae.dtype)).sample
    return frames.float().clamp(-1, 1)
