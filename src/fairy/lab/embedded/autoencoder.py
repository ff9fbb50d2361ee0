"""The embedded autoencoder: a linear encoder set to principal components, and a decoder trained to invert it.

An `AutoencoderTiny` without encoder blocks is a chain of convolutions, so its weights can be SET: each 8 x 8 patch of
pixels goes to its mean colour (3 channels) and the strongest components of what is left. The diffusion can start at
once on these latents, and the decoder can be improved later without touching it.
N patches, C latent channels; pixels are 0..1 in here, a patch is a vector of 192 (row, column, colour).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderKLFlux2, AutoencoderTiny
from einops import rearrange
from torch.nn import functional

from fairy.lab.embedded.recipe import Recipe
from fairy.lab.training.trainee import LinearEncoder
from fairy.pictures.tensors import to_tensor

PATCH = 8
ENCODER_WIDTH = 48  # the 4 x 4 pixels x 3 colours that the last stage but one holds


@dataclass(frozen=True)
class Components:
    """z = weight @ (patch - mean)."""

    weight: torch.Tensor
    """(C, 192) float32."""
    mean: torch.Tensor
    """(192,) float32."""

    def encode(self, pictures: np.ndarray) -> torch.Tensor:
        """uint8 (N, H, W, 3) -> latents (N, C, H/8, W/8): what the autoencoder gives, as one matrix product."""
        rows = pictures.shape[1] // PATCH
        latents = (torch.cat([_patches(picture) for picture in pictures]) - self.mean) @ self.weight.T
        return rearrange(latents, "(n r s) z -> n z r s", n=len(pictures), r=rows)


def fit_components(pictures: Sequence[np.ndarray], recipe: Recipe) -> Components:
    """Principal components of all 8 x 8 patches of uint8 (H, W, 3) pictures, partially whitened.

    The mean colour comes first, at spread 1 each; full whitening of the rest would spend the loss on texture.
    """
    patches = torch.cat([_patches(picture) for picture in pictures]).double()
    mean = patches.mean(0)
    centred = patches - mean
    flat = torch.eye(3, dtype=torch.float64).repeat(PATCH * PATCH, 1).T / PATCH  # (3, 192), orthonormal
    colour_axes, colour_spread = _principal(centred @ flat.T)
    colour = colour_axes @ flat
    axes, spread = _principal(centred - (centred @ flat.T) @ flat)
    kept = recipe.latent_channels - 3
    target = recipe.detail_spread * (spread[:kept] / spread[0]) ** recipe.detail_power
    weight = torch.cat([colour / colour_spread[:, None], axes[:kept] * (target / spread[:kept])[:, None]])
    return Components(weight.float(), mean.float())


def take_components(encoder: LinearEncoder) -> Components:
    """The components that an encoder was set to."""
    weight = rearrange(2 * encoder.weight, "z c r s -> z (r s c)")  # it sees -1..1, components 0..1
    offset = encoder.bias - weight.sum(1) / 2
    return Components(weight, -torch.linalg.lstsq(weight, offset).solution)


def build_autoencoder(components: Components, recipe: Recipe) -> AutoencoderTiny:
    """An AutoencoderTiny whose encoder is the components, frozen, and whose decoder is fresh."""
    stages = len(recipe.decoder_blocks)
    autoencoder = AutoencoderTiny(
        latent_channels=recipe.latent_channels,
        encoder_block_out_channels=(ENCODER_WIDTH,) * stages,
        decoder_block_out_channels=(recipe.decoder_width,) * stages,
        num_encoder_blocks=(0,) * stages,
        num_decoder_blocks=recipe.decoder_blocks,
        scaling_factor=1.0,
    )
    _set_encoder(autoencoder, components)
    autoencoder.encoder.requires_grad_(False)
    return autoencoder


def train_decoder(
    autoencoder: AutoencoderTiny | AutoencoderKLFlux2,
    components: Components,
    pictures: Sequence[np.ndarray],
    recipe: Recipe,
    folder: Path,
    *,
    num_steps: int,
    seed: int,
) -> None:
    """Train the decoder on uint8 arrays (N, H, W, 3), one a size; weights and log go to `folder` every 500 steps.

    The encoder need not run: what it gives are the components.
    """
    # Whichever is faster: the other class's convolutions take 1.4 times as long with channels last.
    layout = torch.channels_last if isinstance(autoencoder, AutoencoderTiny) else torch.contiguous_format
    decoder = autoencoder.decoder.to(memory_format=layout)
    optimizer = torch.optim.AdamW(decoder.parameters(), lr=recipe.decoder_learning_rate, betas=(0.9, 0.99))
    random = np.random.default_rng(seed)
    for step in range(num_steps):
        remaining = 1 - step / num_steps
        for group in optimizer.param_groups:
            group["lr"] = recipe.decoder_learning_rate * min(1.0, (step + 1) / 100, 2.5 * remaining)
        drawn = _draw(pictures, recipe, random)
        target = to_tensor(drawn)
        noise = torch.from_numpy(random.standard_normal((len(target), recipe.latent_channels, 1, 1), dtype=np.float32))
        latents = components.encode(drawn)
        latents = latents + 0.03 * noise.abs() * torch.randn(latents.shape, generator=_generator(seed, step))
        with torch.autocast("cpu", torch.bfloat16):
            output = decoder(latents.contiguous(memory_format=layout)).float()
        loss = decoder_loss(output, target)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(decoder.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        if (step + 1) % 500 == 0 or step + 1 == num_steps:
            autoencoder.save_pretrained(folder)
            with (folder / "losses.txt").open("a") as log:
                log.write(f"{step + 1} {loss.item():.4f} {psnr(output, target):.2f} dB\n")


def encode(autoencoder: AutoencoderTiny | AutoencoderKLFlux2, pictures: torch.Tensor) -> torch.Tensor:
    """Pictures (N, 3, H, W) in -1..1 -> what the decoder takes. AutoencoderTiny has no distribution."""
    encoded = autoencoder.encode(pictures)
    return encoded.latent_dist.mode() if "latent_dist" in encoded else encoded.latents


def decoder_loss(output: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """L1 + 0.7 MSE + 0.7 L1 of the gradients, for pictures (N, 3, H, W) in -1..1."""
    difference = output - target
    edges = difference.diff(dim=-1).abs().mean() + difference.diff(dim=-2).abs().mean()
    return difference.abs().mean() + 0.7 * functional.mse_loss(output, target) + 0.7 * edges


def psnr(output: torch.Tensor, target: torch.Tensor) -> float:
    """Decibels between pictures in -1..1."""
    return float(10 * torch.log10(4 / functional.mse_loss(output.clamp(-1, 1), target)))


def _draw(pictures: Sequence[np.ndarray], recipe: Recipe, random: np.random.Generator) -> np.ndarray:
    """A batch of crops of pictures of one size, flipped by chance."""
    sizes = np.array([len(array) for array in pictures], dtype=float)
    array = pictures[random.choice(len(pictures), p=sizes / sizes.sum())]
    drawn = array[random.integers(len(array), size=recipe.decoder_batch)]
    side = recipe.decoder_crop
    top, left = (random.integers(length - side + 1) for length in array.shape[1:3])
    crop = drawn[:, top : top + side, left : left + side]
    return np.ascontiguousarray(crop[:, :, ::-1] if random.random() < 0.5 else crop)


def _generator(seed: int, step: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed * 1_000_003 + step)


def _patches(picture: np.ndarray) -> torch.Tensor:
    rows, columns = (side // PATCH * PATCH for side in picture.shape[:2])
    pixels = torch.from_numpy(np.ascontiguousarray(picture[:rows, :columns])).float() / 255
    return rearrange(pixels, "(r p) (s q) c -> (r s) (p q c)", p=PATCH, q=PATCH)


def _principal(centred: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Axes (rows, strongest first, signs fixed) and standard deviations of (N, D) samples."""
    variance, axes = torch.linalg.eigh(centred.T @ centred / len(centred))
    axes = axes.T.flip(0)
    signs = axes.gather(1, axes.abs().argmax(1, keepdim=True)).sign()
    return axes * signs, variance.flip(0).clamp(min=1e-12).sqrt()


def _set_encoder(autoencoder: AutoencoderTiny, components: Components) -> None:
    """Three stages put 2 x 2 neighbours side by side as channels; the last of them is the components' matrix."""
    copy, double, quadruple, project, last = autoencoder.encoder.layers
    with torch.no_grad():
        for layer in autoencoder.encoder.layers:
            layer.weight.zero_()
        copy.bias.zero_()
        copy.weight[range(3), range(3), 1, 1] = 1.0
        for layer, inner in ((double, 3), (quadruple, 12)):
            for row in range(2):
                for column in range(2):
                    start = (2 * row + column) * inner
                    layer.weight[range(start, start + inner), range(inner), row + 1, column + 1] = 1.0
        # channels of the third stage's input: (row of 2, column of 2) at 2 pixels, then at 1 pixel, then colour
        order = rearrange(components.weight, "z (r i k s j l c) -> z r s (i j k l c)", r=2, i=2, k=2, s=2, j=2, l=2)
        channels = len(components.weight)
        for row in range(2):
            for column in range(2):
                project.weight[:channels, :, row + 1, column + 1] = order[:, row, column]
        last.weight[range(channels), range(channels), 1, 1] = 1.0
        last.bias.copy_(-components.weight @ components.mean)
