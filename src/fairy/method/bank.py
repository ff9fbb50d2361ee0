"""The bank: where the anchors' keys and values are written, and where the other frames read them (Fairy, sec. 5.1).

B guidance branches, K anchors, N tokens of a frame that are being denoised, C channels. The bank is an
explicit argument of every forward pass: nothing is stored on a module, so any number of passes can run at once; a layer
is a name.
`StepWriter` and `StepReader` are what an attention layer is handed as `anchors` (fairy.models.attention).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch
from einops import rearrange
from torch.utils._pytree import register_pytree_node

from fairy.config import EditSettings
from fairy.method.attend import attend_among, attend_joined
from fairy.models.attention import KeysValues


@dataclass(frozen=True)
class StepWriter:
    """One step of the anchors' own pass: each layer attends among all anchors and leaves its keys and values here."""

    branches: int
    """B, of one call of the denoiser."""
    device: torch.device | None = None
    """Where the keys and values are kept; None keeps them where they were computed."""
    layers: dict[str, KeysValues] = field(default_factory=dict)
    prefix: str = ""
    """Before the names of layers, where guidance branches are computed one after the other."""

    def attend(
        self,
        layer: str,
        queries: torch.Tensor,
        keys: torch.Tensor,
        values: torch.Tensor,
        heads: int,
        noisy: slice | None = None,
    ) -> torch.Tensor:
        """See `fairy.models.attention.Anchors`."""
        kept = KeysValues(keys, values) if noisy is None else KeysValues(keys[:, noisy], values[:, noisy])
        self.write(layer, kept)
        return attend_among(queries, KeysValues(keys, values), heads, self.branches, noisy)

    def write(self, layer: str, tokens: KeysValues) -> None:
        """Keep the (B * K, N, C) keys and values of one layer."""
        kept = (rearrange(tensor, "(b k) l c -> b (k l) c", b=self.branches) for tensor in tokens)
        self.layers[self.prefix + layer] = KeysValues(*(self._place(tensor) for tensor in kept))

    def of_branch(self, branch: int) -> StepWriter:
        """For the calls of one guidance branch alone."""
        return replace(self, branches=1, prefix=f"{branch}:")

    def take_over(self) -> None:
        """Copy what is kept out of memory that is not its own: the next replay of a CUDA graph would overwrite it."""
        for layer, entry in self.layers.items():
            self.layers[layer] = KeysValues(*(tensor.clone() for tensor in entry))

    def _place(self, tokens: torch.Tensor) -> torch.Tensor:
        """Where the others are to find them; a slice of a larger tensor would keep that alive."""
        tokens = tokens.contiguous()
        return tokens if self.device is None else tokens.to(self.device)


@dataclass(frozen=True)
class StepReader:
    """One step of another frame's pass: what each layer may read of the anchors."""

    layers: Mapping[str, KeysValues]
    strength: float
    """1 reads the anchors as the paper does, towards 0 ever less, above 1 more: so often an anchor's token counts."""
    prefix: str = ""
    """As the writer's."""

    def attend(
        self,
        layer: str,
        queries: torch.Tensor,
        keys: torch.Tensor,
        values: torch.Tensor,
        heads: int,
        noisy: slice | None = None,
    ) -> torch.Tensor:
        """See `fairy.models.attention.Anchors`."""
        own, kept = KeysValues(keys, values), self.read(layer, keys.device)
        return attend_joined(queries, own, kept, heads=heads, strength=self.strength, noisy=noisy)

    def read(self, layer: str, device: torch.device) -> KeysValues:
        """The keys and values of one layer, each (B, K * N, C), on `device`."""
        keys, values = self.layers[self.prefix + layer]
        return KeysValues(keys.to(device, non_blocking=True), values.to(device, non_blocking=True))

    def of_branch(self, branch: int) -> StepReader:
        """For the calls of one guidance branch alone."""
        return replace(self, prefix=f"{branch}:")


# Who computes a pass elsewhere (fairy.method.openvino) finds the tensors in it.
register_pytree_node(
    StepReader,
    lambda reader: ([dict(reader.layers)], (reader.strength, reader.prefix)),
    lambda children, about: StepReader(next(iter(children)), *about),
)


@dataclass(frozen=True)
class Again:
    """What the anchors' own pass was made of, to make it once more."""

    sources: np.ndarray
    """uint8 (K, H, W, 3)"""
    given: Mapping[int, np.ndarray]
    """Anchors that were edited already, by place."""


@dataclass(frozen=True)
class AnchorBank:
    """The anchors' own pass, kept: all that another frame needs besides itself. A value: two can be in use at once."""

    instruction: str
    settings: EditSettings
    told: Any
    """The instruction as the model's family has read it."""
    size: tuple[int, int]
    """Rows and columns of the frames."""
    frames: np.ndarray
    """The edited anchors: uint8 (K, H, W, 3) in 0..255."""
    steps: tuple[Mapping[str, KeysValues], ...]
    """Keys and values of every layer that reads anchors, for each denoising step. Empty where nothing is to be read,
    or where the anchors are edited again beside the others (fairy.method.lockstep)."""
    again: Again | None = None
    """Of what: the anchors' own pass, where its steps are not kept."""

    def at(self, step: int) -> StepReader | None:
        """What the other frames read in one denoising step; None where every frame is edited alone."""
        if not self.steps or self.settings.anchor_strength == 0.0:
            return None
        return StepReader(self.steps[step], self.settings.anchor_strength)

    @property
    def num_bytes(self) -> int:
        """Memory of all keys and values."""
        return sum(t.nbytes for layers in self.steps for entry in layers.values() for t in entry)
