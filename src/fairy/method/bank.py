"""The bank: what the other frames read of the anchors (Fairy, arXiv 2312.13834, sec. 5.1).

B guidance branches, K anchors, L tokens of a frame in a layer, C channels. The bank is an explicit argument of every
forward pass: nothing is stored on a module, so any number of passes can run at once; a layer is a name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from einops import rearrange

from fairy.config import EditSettings
from fairy.method.attend import KeysValues


@dataclass(frozen=True)
class StepWriter:
    """One step of the anchors' own pass: each layer attends among all anchors and leaves its keys and values here."""

    branches: int
    device: torch.device | None = None
    """Where the keys and values are kept; None keeps them where they were computed."""
    layers: dict[str, KeysValues] = field(default_factory=dict)

    def write(self, layer: str, keys: torch.Tensor, values: torch.Tensor) -> None:
        """Keep the (B * K, L, C) keys and values of one layer."""
        self.layers[layer] = KeysValues(self._kept(keys), self._kept(values))

    def take_over(self) -> None:
        """Copy what is kept out of memory that is not its own: the next replay of a CUDA graph would overwrite it."""
        for layer, entry in self.layers.items():
            self.layers[layer] = KeysValues(*(tensor.clone() for tensor in entry))

    def _kept(self, tokens: torch.Tensor) -> torch.Tensor:
        """As the others are to read them, and where."""
        kept = rearrange(tokens, "(b k) l c -> b (k l) c", b=self.branches)
        return kept if self.device is None else kept.to(self.device)


@dataclass(frozen=True)
class StepReader:
    """One step of another frame's pass: what each layer may read of the anchors."""

    layers: Mapping[str, KeysValues]
    strength: float
    """1 reads the anchors as the paper does, towards 0 ever less, above 1 more: log(strength) is added to their
    attention logits."""

    def read(self, layer: str, device: torch.device) -> KeysValues:
        """The keys and values of one layer, each (B, K * L, C), on `device`."""
        keys, values = self.layers[layer]
        return KeysValues(keys.to(device, non_blocking=True), values.to(device, non_blocking=True))


@dataclass(frozen=True)
class AnchorBank:
    """The anchors' own pass, kept: all that another frame needs besides itself."""

    instruction: str
    settings: EditSettings
    conditioning: Any
    """The encoded instruction for all guidance branches, as the model's own code understands it."""
    text: Mapping[str, KeysValues]
    """Its keys and values for the layers that take them from here."""
    size: tuple[int, int]
    """Rows and columns of the frames."""
    frames: np.ndarray
    """The edited anchors: uint8 (K, H, W, 3) in 0..255."""
    steps: tuple[Mapping[str, KeysValues], ...]
    """Keys and values of every self-attention layer, for each denoising step. Empty where nothing is to be read."""

    def at(self, step: int) -> StepReader | None:
        """What the other frames read in one denoising step; None where every frame is edited alone."""
        if not self.steps or self.settings.anchor_strength == 0.0:
            return None
        return StepReader(self.steps[step], self.settings.anchor_strength)

    @property
    def num_bytes(self) -> int:
        """Memory of all keys and values."""
        return sum(t.nbytes for layers in self.steps for entry in layers.values() for t in entry)
