"""One model, ready to edit with: everything that was loaded, in one frozen bundle."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import torch

from fairy.config import ModelConfig
from fairy.models.compiling import settle_length
from fairy.models.defaults import Defaults
from fairy.models.family import Family
from fairy.models.folder import ModelFolder
from fairy.models.identity import Identity, identify


@dataclass(frozen=True)
class Model:
    """A model of diffusers, its parts by name. Made by `load`."""

    config: ModelConfig
    """What was loaded; only `compile` may be open: see `for_video`."""
    folder: ModelFolder
    """Where it was read from."""
    denoiser: Any
    """UNet2DConditionModel, or a transformer."""
    vae: Any
    """Autoencoder; float32 where half precision would overflow."""
    text_encoders: tuple[Any, ...]
    tokenizers: tuple[Any, ...]
    """One an encoder."""
    scheduler: Any
    """A template only: `Family.schedule` gives each trajectory its own."""
    device: torch.device
    dtype: torch.dtype
    """Of the denoiser and the text encoders."""
    decoder: Any = None
    """AutoencoderTiny: makes the pictures in place of the VAE."""
    added: tuple[Path, ...] = ()
    """Files that were read besides the folder: the LoRA, the decoder's weights."""

    @property
    def name(self) -> str:
        """What `load` was asked for."""
        return self.config.model

    @property
    def family(self) -> Family:
        """The kind of editor that it is."""
        return self.folder.family

    @property
    def defaults(self) -> Defaults:
        """What an edit uses where the user says nothing."""
        return self.folder.defaults

    @property
    def multiple(self) -> int:
        """Width and height of the frames must be multiples of this."""
        return self.family.multiple(self)

    @property
    def micro_batch(self) -> int:
        """Frames of one forward pass: like the dtype it decides the last bit."""
        assert self.config.micro_batch is not None
        return self.config.micro_batch

    @property
    def overwrites(self) -> bool:
        """Whether what a pass computes lies in memory of a CUDA graph, where the next pass writes, too."""
        return self.config.compile in ("reduce-overhead", "max-autotune")

    def for_video(self, num_frames: int) -> Model:
        """The same, with what `compile` leaves open decided for a source of so many frames."""
        return self.compiled(settle_length(self.config.compile, self.folder.denoiser, self.denoiser, num_frames))

    def compiled(self, mode: str) -> Model:
        """The same, where `compile` is open with this mode in its place: that of a job that goes on."""
        return replace(self, config=replace(self.config, compile=mode)) if self.config.compile == "auto" else self

    @property
    def parts(self) -> tuple[Any, ...]:
        """All modules with weights."""
        return tuple(part for part in (self.denoiser, self.vae, *self.text_encoders, self.decoder) if part is not None)

    @cached_property
    def identity(self) -> Identity:
        """By which the same model is known again: digests of all files that it was loaded from, and versions."""
        return identify(self.folder, self.added, half=self.dtype is not torch.float32, compile=self.config.compile)
