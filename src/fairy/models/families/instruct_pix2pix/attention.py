"""A UNet's attention layers, as diffusers attention processors: self-attention that hands over to `anchors`, and text.

B guidance branches, F frames, L tokens of a frame, C = H * D channels in H heads. Batches are branch-major, "(b f)".
Zero-shot: no weight is changed. Cross-attention reads the same instruction in every frame and step: `text` holds its
keys and values, computed once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from diffusers.models.attention_processor import AttnProcessor, AttnProcessor2_0
from einops import rearrange

from fairy.models.attention import Anchors, HasProcessors, KeysValues, attend


class SelfAttention:
    """Self-attention of a frame, which anchors may take part in."""

    def __init__(self, layer: str) -> None:
        self.layer = layer

    def __call__(
        self,
        attn: Any,
        hidden_states: torch.Tensor,
        encoder_hidden_states: torch.Tensor | None = None,  # noqa: ARG002  diffusers passes it; here it is always None
        attention_mask: torch.Tensor | None = None,  # noqa: ARG002  UNets use no mask in self-attention
        anchors: Anchors | None = None,
        text: Mapping[str, KeysValues] | None = None,  # noqa: ARG002  is the other processor's
    ) -> torch.Tensor:
        """((b f), L, C) -> ((b f), L, C)."""
        queries, keys, values = attn.to_q(hidden_states), attn.to_k(hidden_states), attn.to_v(hidden_states)
        if anchors is None:
            mixed = attend(queries, keys, values, attn.heads)
        else:
            mixed = anchors.attend(self.layer, queries, keys, values, attn.heads)
        return attn.to_out[1](attn.to_out[0](mixed))


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
        anchors: Anchors | None = None,  # noqa: ARG002  the text is the same for all frames
        text: Mapping[str, KeysValues] | None = None,
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

    The others compute theirs in every pass, by diffusers' own processors; so do all where `install` was not called.
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


def _replacement(name: str, processor: Any) -> SelfAttention | TextAttention:
    layer = name.removesuffix(".processor")
    return SelfAttention(layer) if layer.endswith("attn1") else TextAttention(layer, processor)
