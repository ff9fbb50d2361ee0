"""Which frames are anchors, and the bank: what the other frames read of them (Fairy, arXiv 2312.13834, sec. 5.1).

B guidance branches, K anchors, L tokens of a frame in a layer, C channels. The bank is an explicit argument of every
forward pass: nothing is stored on a module, so any number of passes can run at once, and nothing here assumes a UNet;
a layer is a name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from einops import rearrange

from fairy.config import EditSettings
from fairy.errors import UsageError
from fairy.method.attend import KeysValues

DEFAULT_NUM_ANCHORS = 3
"""K = 3 is best: K = 1 is too little context, beyond 7 fine detail fades (fig. 19)."""


def choose_anchors(num_frames: int, num_anchors: int | None = None) -> tuple[int, ...]:
    """Indices of K frames uniformly spaced over 0..num_frames - 1, first and last included; the middle one for K = 1.

    None takes 3, or every frame where there are fewer.
    """
    if num_anchors is None:
        num_anchors = min(DEFAULT_NUM_ANCHORS, num_frames)
    if num_anchors > num_frames:
        raise UsageError(
            f"--num-anchors {num_anchors}: the selected range has {num_frames} frame{'s' * (num_frames != 1)};"
            f" use --num-anchors {num_frames} or fewer"
        )
    if num_anchors == 1:
        return ((num_frames - 1) // 2,)
    # Integer arithmetic: the same indices on every platform.
    return tuple((2 * i * (num_frames - 1) + num_anchors - 1) // (2 * (num_anchors - 1)) for i in range(num_anchors))


@dataclass(frozen=True)
class StepWriter:
    """One step of the anchors' own pass: each layer attends among all anchors and leaves its keys and values here."""

    branches: int
    device: torch.device | None = None
    """Where the keys and values are kept; None keeps them where they were computed."""
    linked: Mapping[str, KeysValues] = field(default_factory=dict)
    """Of one anchor of the shot before, which the first anchor also reads, so that the style carries over the cut."""
    merge: int = 1
    """So many neighbouring tokens of an anchor are kept as their mean."""
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
        kept = rearrange(merge_tokens(tokens, self.merge), "(b k) l c -> b (k l) c", b=self.branches)
        return kept if self.device is None else kept.to(self.device)


@dataclass(frozen=True)
class StepReader:
    """One step of another frame's pass: what each layer may read of the anchors."""

    layers: Mapping[str, KeysValues]
    strength: float
    """1 reads the anchors as the paper does, towards 0 ever less, above 1 more: log(strength) is added to their
    attention logits. A mean of m tokens counts m times (as in ToMe, arXiv 2210.09461)."""

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
        return StepReader(self.steps[step], self.settings.anchor_strength * self.settings.anchor_merge)

    def of_anchor(self, index: int, step: int) -> Mapping[str, KeysValues]:
        """Keys and values of one anchor alone, each (B, L, C), in one denoising step."""
        return {
            layer: KeysValues(*(tensor.unflatten(1, (len(self.frames), -1))[:, index] for tensor in entry))
            for layer, entry in self.steps[step].items()
        }

    @property
    def num_bytes(self) -> int:
        """Memory of all keys and values."""
        return sum(t.nbytes for layers in self.steps for entry in layers.values() for t in entry)


def merge_tokens(tokens: torch.Tensor, count: int) -> torch.Tensor:
    """(n, L, C) -> (n, ceil(L / count), C): means of neighbours; the last one of what is left."""
    if count == 1:
        return tokens
    merged = F.avg_pool1d(rearrange(tokens, "n l c -> n c l"), count, ceil_mode=True, count_include_pad=False)
    return rearrange(merged, "n c l -> n l c")
