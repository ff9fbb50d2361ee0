"""Queries and keys of self-attention layers, recorded while a frame is denoised as the editor does it.

A frame is denoised by itself, with the noise that all frames share (unless told otherwise), by an instruction and with
guidance, just as `Editor.edit_frames` does without anchors. What a layer computes goes into a recorder, which stands in
the place of anchors in the forward pass: the processors hold no state of a call. B guidance branches, L tokens of a
layer, C channels in H heads.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

from fairy.config import EditConfig, EditSettings
from fairy.errors import UsageError
from fairy.lab.tracking.correspond import TokenGrid, grid_of
from fairy.method.sampler import denoise, own_noise, shared_noise
from fairy.models import Model
from fairy.models.attention import HasProcessors, attend, uninstall
from fairy.pictures.size import pad_to_multiple, padded_size
from fairy.pictures.tensors import to_tensor

BLOCKS_IN_ORDER = ("down_blocks", "mid_block", "up_blocks")


@dataclass(frozen=True)
class LayerFeatures:
    """What one layer computed of one frame in one step, in the branch of text and image."""

    queries: torch.Tensor
    """(L, C)"""
    keys: torch.Tensor
    """(L, C)"""
    heads: int
    grid: TokenGrid


@dataclass(frozen=True)
class AttentionRecorder:
    """One forward pass: the layers that are wanted leave their queries and keys here."""

    wanted: Collection[str]
    latent_size: tuple[int, int]
    """Rows and columns of the frame's latents."""
    latent_pitch: int
    """Pixels of a latent's side."""
    layers: dict[str, LayerFeatures] = field(default_factory=dict)

    def attend(
        self,
        layer: str,
        queries: torch.Tensor,
        keys: torch.Tensor,
        values: torch.Tensor,
        heads: int,
        noisy: slice | None = None,  # noqa: ARG002  UNets have no other tokens
    ) -> torch.Tensor:
        """Each frame alone; keep the (B, L, C) queries and keys of the first branch, if they are wanted."""
        if layer in self.wanted:
            grid = grid_of(keys.shape[1], self.latent_size, self.latent_pitch)
            self.layers[layer] = LayerFeatures(queries[0], keys[0], heads, grid)
        return attend(queries, keys, values, heads)

    def of_branch(self, branch: int) -> AttentionRecorder:  # noqa: ARG002
        """The same: all branches are computed together."""
        return self


def self_attention_layers(denoiser: HasProcessors) -> list[str]:
    """The names of all self-attention layers, in the order in which a forward pass meets them."""
    names = [name.removesuffix(".processor") for name in denoiser.attn_processors]
    layers = [name for name in names if name.endswith("attn1")]
    return sorted(layers, key=lambda name: BLOCKS_IN_ORDER.index(name.split(".")[0]))


def choose_layers(layers: Sequence[str], wanted: str | None) -> list[str]:
    """Those that `wanted` means: a number from 0 (negative from the end), or a part of their names; None: all.

    UsageError where none is meant.
    """
    if wanted is None:
        return list(layers)
    if wanted.removeprefix("-").isdecimal():
        if -len(layers) <= int(wanted) < len(layers):
            return [layers[int(wanted)]]
        raise UsageError(f"--layer {wanted}: the model has self-attention layers 0 to {len(layers) - 1}")
    if found := [layer for layer in layers if wanted in layer]:
        return found
    raise UsageError(f"--layer {wanted}: no self-attention layer has that in its name; see fairy lab track layers")


def default_layer(layers: Sequence[str]) -> str:
    """The first layer of the last block: on the finest tokens, and one of those that track best (sec. 4)."""
    last = layers[-1].split(".attentions.")[0]
    return next(layer for layer in layers if layer.startswith(last))


def choose_steps(num_steps: int, wanted: Sequence[int] | None) -> list[int]:
    """The steps to record, from 0, the noisiest; negative ones count from the end; None: all. UsageError if outside."""
    chosen = range(num_steps) if wanted is None else wanted
    for step in chosen:
        if not -num_steps <= step < num_steps:
            raise UsageError(f"--step {step}: there are steps 0 to {num_steps - 1}")
    return sorted({step % num_steps for step in chosen})


@dataclass(frozen=True)
class Observer:
    """Denoises frames one by one, and shows what chosen layers compute at chosen steps. Made by `observe`."""

    model: Model
    told: Any
    """An instruction as the model's family has read it."""
    settings: EditSettings
    layers: Sequence[str]
    steps: Sequence[int]
    """Rising, from 0."""
    own_noise: bool = False
    """Give each frame noise of its own, instead of the same for all as in an edit: where noise is shared, attention can
    find a place by its noise, whatever is in the picture there."""

    @torch.inference_mode()
    def watch(self, frame: np.ndarray, index: int = 0) -> Iterator[tuple[int, Mapping[str, LayerFeatures]]]:
        """uint8 (H, W, 3) -> (step, what each layer computed in it), for the chosen steps; it stops after the last.

        `index` is the frame's in its clip; it counts only where frames have noise of their own.
        """
        model, settings, family = self.model, self.settings, self.model.family
        padded = pad_to_multiple(frame[None], model.multiple)
        height, width = padded.shape[1:3]
        branches = family.branches(model, settings, 0)
        seen = family.look(model, to_tensor(padded).to(model.device), self.told)
        inputs = family.inputs(model, self.told, seen, branches, settings)
        shape = family.latent_shape(model, height, width)
        drawn = own_noise(settings.seed, [index], shape) if self.own_noise else shared_noise(settings.seed, 1, shape)
        noise, generators = drawn
        recorders = {step: AttentionRecorder(self.layers, shape[1:], model.multiple) for step in self.steps}

        def predict(latents: torch.Tensor, step: int, timestep: torch.Tensor) -> torch.Tensor:
            predicted = family.predict(model, latents, inputs, timestep, recorders.get(step))
            return family.guide(model, dict(zip(branches, predicted, strict=True)), settings)

        schedule = family.schedule(model, settings.num_steps, height, width)
        steps = denoise(predict, schedule, noise.to(model.device), generators)
        for step, _ in enumerate(steps):
            if step in recorders:
                yield step, recorders.pop(step).layers
            if not recorders:
                return


@contextmanager
def observe(
    model: Model,
    instruction: str,
    config: EditConfig | None = None,
    *,
    size: tuple[int, int] | None = None,
    layers: Sequence[str] | None = None,
    steps: Sequence[int] | None = None,
    own_noise: bool = False,
) -> Iterator[Observer]:
    """An observer of an edit by `instruction`; layers by name and steps from 0, None for all.

    `size` is the frames' (width, height), which SDXL is told; None is a square of the model's own default. The model's
    attention processors are exchanged while it lasts; they hold no state.
    """
    settings = (config or EditConfig()).resolved(model.defaults)
    width, height = size or (model.defaults.long_side,) * 2
    told = model.family.read(model, instruction, *padded_size(height, width, model.multiple))
    names = self_attention_layers(model.denoiser) if layers is None else layers
    chosen = choose_steps(settings.num_steps, steps)
    former = model.family.install(model.denoiser)
    try:
        yield Observer(model, told, settings, names, chosen, own_noise)
    finally:
        uninstall(model.denoiser, former)
