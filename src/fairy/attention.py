"""Self-attention that also reads the anchors (Fairy, arXiv 2312.13834, sec. 5.1), as diffusers attention processors.

B guidance branches, F frames, L tokens of a frame, C = H * D channels in H heads, K anchors. Batches are branch-major,
"(b f)". Zero-shot: no weight is changed. A processor knows its layer's name and nothing else; what a pass needs of the
anchors comes as the argument `anchors`:

    None         softmax(Q K^T / sqrt(d)) V, each frame alone
    StepWriter   softmax(Q_n [K_1..K_K]^T / sqrt(d)) [V_1..V_K] among the anchors themselves, whose K and V are kept
    StepReader   softmax(Q [K, K_anc]^T / sqrt(d)) [V, V_anc]

Whoever wants to see what a pass computes hands it a `recorder`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Protocol

import torch
import torch.nn.functional as F
from einops import rearrange, repeat

from fairy.anchors import StepReader, StepWriter

Anchors = StepWriter | StepReader | None


class HasProcessors(Protocol):
    """A denoiser of diffusers whose attention can be exchanged."""

    @property
    def attn_processors(self) -> dict[str, Any]:
        """The processors by name."""

    def set_attn_processor(self, processor: dict[str, Any]) -> None:
        """Exchange all of them."""


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
        """Every anchor sees all anchors, the first one also a linked one; their keys and values are kept."""
        num_anchors = len(queries) // writer.branches
        queries, keys, values = (
            rearrange(x, "(b k) l c -> b (k l) c", b=writer.branches) for x in (queries, keys, values)
        )
        writer.write(self.layer, keys, values)
        if not writer.linked:
            return rearrange(attend(queries, keys, values, heads), "b (k l) c -> (b k) l c", k=num_anchors)
        first, others = queries.split([keys.shape[1] // num_anchors, keys.shape[1] - keys.shape[1] // num_anchors], 1)
        linked_keys, linked_values = (tensor.to(keys.device) for tensor in writer.linked[self.layer])
        more_keys, more_values = torch.cat([keys, linked_keys], 1), torch.cat([values, linked_values], 1)
        mixed = [attend(first, more_keys, more_values, heads), attend(others, keys, values, heads)]
        return rearrange(torch.cat(mixed, 1), "b (k l) c -> (b k) l c", k=num_anchors)

    def attend_to_anchors(
        self, queries: torch.Tensor, keys: torch.Tensor, values: torch.Tensor, heads: int, reader: StepReader
    ) -> torch.Tensor:
        """A frame sees itself and the anchors."""
        own = keys.shape[1]
        anchor_keys, anchor_values = reader.read(self.layer, keys.device)
        num_frames = len(keys) // len(anchor_keys)
        keys = torch.cat([keys, repeat(anchor_keys, "b kl c -> (b f) kl c", f=num_frames)], dim=1)
        values = torch.cat([values, repeat(anchor_values, "b kl c -> (b f) kl c", f=num_frames)], dim=1)
        bias = None
        if reader.strength < 1.0:
            bias = queries.new_zeros(1, keys.shape[1])
            bias[:, own:] = math.log(reader.strength)
        return attend(queries, keys, values, heads, bias)


class TextAttention:
    """Cross-attention to the instruction: diffusers' own, which ignores what is meant for the other one."""

    def __init__(self, wrapped: Callable[..., torch.Tensor]) -> None:
        self.wrapped = wrapped

    def __call__(
        self,
        attn: Any,
        hidden_states: torch.Tensor,
        encoder_hidden_states: torch.Tensor | None = None,
        attention_mask: torch.Tensor | None = None,
        anchors: Anchors = None,  # noqa: ARG002  the text is the same for all frames
        recorder: Recorder | None = None,  # noqa: ARG002  nothing is recorded here
    ) -> torch.Tensor:
        """((b f), L, C) and ((b f), T, E) -> ((b f), L, C)."""
        return self.wrapped(attn, hidden_states, encoder_hidden_states, attention_mask)


def attend(
    queries: torch.Tensor, keys: torch.Tensor, values: torch.Tensor, heads: int, bias: torch.Tensor | None = None
) -> torch.Tensor:
    """softmax(Q K^T / sqrt(d) + bias) V; (n, L, C), (n, M, C), (n, M, C) and (1, M) -> (n, L, C)."""
    queries, keys, values = (rearrange(x, "n l (h d) -> n h l d", h=heads) for x in (queries, keys, values))
    return rearrange(F.scaled_dot_product_attention(queries, keys, values, attn_mask=bias), "n h l d -> n l (h d)")


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
    return SelfAttention(layer) if layer.endswith("attn1") else TextAttention(processor)
