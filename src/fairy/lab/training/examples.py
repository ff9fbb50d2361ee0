"""From a triple to what one forward pass needs: everything random in a sample is drawn here.

It comes from the seed and the sample's number, each kind of draw from a stream of its own: switching one off leaves the
others as they are.
B samples, H x W pixels, C latent channels, h x w latents.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
import torch
from torch.nn import functional

from fairy.lab.training.affine import draw_map, draw_window, warp
from fairy.lab.training.settings import Size, TrainConfig
from fairy.lab.training.sources import Triple

WINDOW, MAP, NOISE, DROP, SIZE = range(5)
"""The streams of random numbers."""
CHANGED = 2.0
"""Levels of 255: a place counts as changed where its pixels differ by more, on the mean."""


@dataclass(frozen=True)
class Latent:
    """What the autoencoder makes of a picture: so many channels, one place for multiple x multiple pixels."""

    channels: int
    multiple: int


@dataclass(frozen=True)
class Example:
    """One sample."""

    source: torch.Tensor
    """uint8 (3, H, W), as is `edited`."""
    edited: torch.Tensor
    instruction: str
    """Empty where it is dropped."""
    noise: torch.Tensor
    """float32 (C, h, w), of spread 1."""
    timestep: int
    keeps_image: bool
    weight: torch.Tensor
    """Of each place in the loss: float32 (1, h, w), with mean 1."""


@dataclass(frozen=True)
class Batch:
    """The same for B samples: tensors gain a first axis; timesteps int64 (B,), keeps_image float32 (B, 1, 1, 1)."""

    source: torch.Tensor
    edited: torch.Tensor
    instructions: list[str]
    noise: torch.Tensor
    timesteps: torch.Tensor
    keeps_image: torch.Tensor
    weight: torch.Tensor

    def to(self, device: torch.device) -> Batch:
        """The tensors on `device`."""
        names = [field.name for field in fields(self) if field.name != "instructions"]
        return replace(self, **{name: getattr(self, name).to(device) for name in names})


def make_example(triple: Triple, number: int, size: Size, config: TrainConfig, latent: Latent) -> Example:
    """Sample `number`: crop and map the pictures, draw noise and what is dropped."""
    source, edited = transform(triple, number, size, config)
    shape = (latent.channels, size[1] // latent.multiple, size[0] // latent.multiple)
    random = stream(config, number, NOISE)
    noise = torch.from_numpy(random.standard_normal(shape, dtype=np.float32))
    timestep = draw_timestep(random.random(), config.noise_bias)
    keeps_text, keeps_image = draw_conditions(stream(config, number, DROP).random(), config)
    return Example(
        source=source,
        edited=edited,
        instruction=triple.instruction if keeps_text else "",
        noise=noise,
        timestep=timestep,
        keeps_image=keeps_image,
        weight=weigh(source, edited, latent.multiple, config.changed_weight),
    )


def transform(triple: Triple, number: int, size: Size, config: TrainConfig) -> tuple[torch.Tensor, torch.Tensor]:
    """The same map and the same crop of both pictures: uint8 (3, H, W) of `size` (width, height), twice."""
    height, width = triple.source.shape[:2]
    window = draw_window(stream(config, number, WINDOW), (width, height), size)
    if not config.equivariant:
        source, edited = (np.ascontiguousarray(window.of(picture)) for picture in (triple.source, triple.edited))
        return torch.from_numpy(source).permute(2, 0, 1), torch.from_numpy(edited).permute(2, 0, 1)
    matrix = draw_map(
        stream(config, number, MAP),
        (width, height),
        rotation=config.rotation,
        translation=config.translation,
        zoom=config.zoom,
        shear=config.shear,
    )
    both = torch.from_numpy(np.stack([triple.source, triple.edited])).permute(0, 3, 1, 2).float()
    source, edited = warp(both, matrix, window).round().to(torch.uint8)
    return source, edited


def draw_timestep(uniform: float, bias: float, total: int = 1000) -> int:
    """total - 1 - floor(total * u^bias) for an even u in 0..1: each of 0..total-1 alike at bias 1, high ones above."""
    return total - 1 - int(total * uniform**bias)


def draw_conditions(chance: float, config: TrainConfig) -> tuple[bool, bool]:
    """Whether the sample keeps its instruction and its source (InstructPix2Pix, sec. 3.2.1)."""
    both, text = config.drop_both, config.drop_both + config.drop_text
    return chance >= text, not (chance < both or text <= chance < text + config.drop_image)


def weigh(source: torch.Tensor, edited: torch.Tensor, multiple: int, changed_weight: float) -> torch.Tensor:
    """uint8 (3, H, W) twice -> float32 (1, h, w), mean 1: `changed_weight` to 1 for places that the edit changes."""
    difference = (edited.float() - source.float()).abs().mean(0, keepdim=True)
    changed = functional.avg_pool2d(difference, multiple) > CHANGED
    weight = 1 + (changed_weight - 1) * changed.float()
    return weight / weight.mean().clamp(min=1e-6)


def stream(config: TrainConfig, number: int, kind: int) -> np.random.Generator:
    """The random numbers of one kind for one sample."""
    return np.random.default_rng([config.seed, number, kind])


def size_of_step(config: TrainConfig, step: int) -> Size:
    """All processes train on one size in a step, so that none waits for another."""
    return config.sizes[int(stream(config, step, SIZE).integers(len(config.sizes)))]


def collate(examples: Sequence[Example]) -> Batch:
    """One batch of them."""
    return Batch(
        source=torch.stack([example.source for example in examples]),
        edited=torch.stack([example.edited for example in examples]),
        instructions=[example.instruction for example in examples],
        noise=torch.stack([example.noise for example in examples]),
        timesteps=torch.tensor([example.timestep for example in examples]),
        keeps_image=torch.tensor([float(example.keeps_image) for example in examples]).view(-1, 1, 1, 1),
        weight=torch.stack([example.weight for example in examples]),
    )
