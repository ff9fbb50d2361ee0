"""Self-attention that also reads the anchors (Fairy, arXiv 2312.13834, sec. 5.1), as diffusers attention processors.

B guidance branches, F frames, L tokens of a frame, C = H * D channels in H heads, K anchors. Batches are branch-major,
"(b f)". Zero-shot: no weight is changed. A processor knows its layer's name and nothing else; what a pass needs of the
anchors comes as the argument `anchors`:

    None         softmax(Q K^T / sqrt(d)) V, each frame alone
    StepWriter   softmax(Q_n [K_1..K_K]^T / sqrt(d)) [V_1..V_K] among the anchors themselves, whose K and V are kept
    StepReader   softmax(Q [K, K_anc]^T / sqrt(d)) [V, V_anc]

Cross-attention reads the same instruction in every frame and step: `text` holds its keys and values, computed once.
Whoever wants to see what a pass computes hands it a `recorder`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

import torch
from diffusers.models.attention_processor import AttnProcessor, AttnProcessor2_0
from einops import rearrange

from fairy.method.attend import KeysValues, attend, attend_joined
from fairy.method.bank import StepReader, StepWriter

Anchors = StepWriter | StepReader | None


class HasProcessors(Protocol):
    """A denoiser of diffusers whose attention can be exchanged."""

    @property
    def attn_processors(self) -> dict[str, Any]:
        """The processors by name."""

    def set_attn_processor(self, processor: dict[str, Any]) -> None:
        """Exchange all of them."""

    def get_submodule(self, target: str) -> Any:
        """The layer of that name."""


class Recorder(Protocol):
    """Is told what each self-attention layer computes."""

    def write(self, layer: str, queries: torch.Tensor, keys: torch.Tensor, heads: int) -> None:
        """((b f), L, C) queries and keys, the frames' own."""


class SelfAttention:
    """Self-attention among a frame's own tokens and those of the anchors."""

    def __init__(self, layer: str) -> None:
        self.layer = layer

    def __call__(
        self,
        attn: Any,
        hidden_states: torch.Tensor,
        encoder_hidden_states: torch.Tensor | None = None,  # noqa: ARG002  diffusers passes it; here it is always None
        attention_mask: torch.Tensor | None = None,  # noqa: ARG002  UNets use no mask in self-attention
        anchors: Anchors = None,
        text: Mapping[str, KeysValues] | None = None,  # noqa: ARG002  is the other processor's
        recorder: Recorder | None = None,
    ) -> torch.Tensor:
        """((b f), L, C) -> ((b f), L, C)."""
        queries, keys, values = attn.to_q(hidden_states), attn.to_k(hidden_states), attn.to_v(hidden_states)
        if recorder is not None:
            recorder.write(self.layer, queries, keys, attn.heads)
        match anchors:
            case None:
                mixed = attend(queries, keys, values, attn.heads)
            case StepWriter():
                mixed = self.attend_among_anchors(queries, keys, values, attn.heads, anchors)
            case StepReader():
                mixed = self.attend_to_anchors(queries, keys, values, attn.heads, anchors)
        return attn.to_out[1](attn.to_out[0](mixed))

    def attend_among_anchors(
        self, queries: torch.Tensor, keys: torch.Tensor, values: torch.Tensor, heads: int, writer: StepWriter
    ) -> torch.Tensor:
        """Every anchor sees all anchors; their keys and values are kept."""
        num_anchors = len(queries) // writer.branches
        writer.write(self.layer, keys, values)
        queries, keys, values = (
            rearrange(x, "(b k) l c -> b (k l) c", b=writer.branches) for x in (queries, keys, values)
        )
        return rearrange(attend(queries, keys, values, heads), "b (k l) c -> (b k) l c", k=num_anchors)

    def attend_to_anchors(
        self, queries: torch.Tensor, keys: torch.Tensor, values: torch.Tensor, heads: int, reader: StepReader
    ) -> torch.Tensor:
        """A frame sees itself and the anchors."""
        kept = reader.read(self.layer, keys.device)
        return attend_joined(queries, KeysValues(keys, values), kept, heads=heads, strength=reader.strength)


class TextAttention:
    """Cross-attention to the instruction: diffusers' own, or the same from keys and values that are there already."""

    def __init__(self, layer: str, wrapped: Callable[..., torch.Tensor]) -> None:
        self.layer = layer
        self.wrapped = wrapped

    def __call__(
        self,
        attn: Any,
        hidden_states: torch.Tensor,
        encoder_hidden_states: torch.Tensor | None = None,
        attention_mask: torch.Tensor | None = None,
        anchors: Anchors = None,  # noqa: ARG002  the text is the same for all frames
        text: Mapping[str, KeysValues] | None = None,
        recorder: Recorder | None = None,  # noqa: ARG002  nothing is recorded here
    ) -> torch.Tensor:
        """((b f), L, C) and ((b f), T, E) -> ((b f), L, C)."""
        if text is None or self.layer not in text:
            return self.wrapped(attn, hidden_states, encoder_hidden_states, attention_mask)
        keys, values = text[self.layer]
        queries = rearrange(attn.to_q(hidden_states), "(b f) l c -> b (f l) c", b=len(keys))
        mixed = rearrange(attend(queries, keys, values, attn.heads), "b (f l) c -> (b f) l c", l=hidden_states.shape[1])
        return attn.to_out[1](attn.to_out[0](mixed)) / attn.rescale_output_factor


def read_text(denoiser: HasProcessors, embeds: torch.Tensor) -> dict[str, KeysValues]:
    """Keys and values (B, T, C) of an instruction (B, T, E) for every cross-attention layer that is a plain one.

    The others compute theirs in every pass, by diffusers' own processors.
    """
    found = {}
    for name, processor in denoiser.attn_processors.items():
        layer = denoiser.get_submodule(name.removesuffix(".processor"))
        if isinstance(processor, TextAttention) and _is_plain(layer, processor.wrapped):
            found[processor.layer] = KeysValues(layer.to_k(embeds), layer.to_v(embeds))
    return found


def _is_plain(layer: Any, processor: Callable[..., torch.Tensor]) -> bool:
    """Whether it does nothing but project, attend and project."""
    extras = (layer.spatial_norm, layer.group_norm, layer.norm_cross, layer.norm_q, layer.norm_k)
    stock = isinstance(processor, AttnProcessor | AttnProcessor2_0)
    return stock and not any(extras) and not layer.residual_connection


def install(denoiser: HasProcessors) -> dict[str, Any]:
    """Exchange the processors of every attention layer; returns the former ones for `uninstall`.

    Installing twice changes nothing the second time. Uninstall in the opposite order.
    """
    former = denoiser.attn_processors
    if not any(isinstance(processor, SelfAttention) for processor in former.values()):
        denoiser.set_attn_processor({name: _replacement(name, processor) for name, processor in former.items()})
    return former


def uninstall(denoiser: HasProcessors, former: dict[str, Any]) -> None:
    """Put the former processors back."""
    denoiser.set_attn_processor(dict(former))


def _replacement(name: str, processor: Any) -> SelfAttention | TextAttention:
    layer = name.removesuffix(".processor")
    return SelfAttention(layer) if layer.endswith("attn1") else TextAttention(layer, processor)
