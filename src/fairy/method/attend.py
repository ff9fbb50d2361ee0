"""The products of attention, and two forms of reading anchors besides oneself that differ in rounding and in speed.

B guidance branches, F frames, n = B * F, L tokens of a frame, M = K * L tokens of the anchors, C = H * D channels in H
heads. Batches are branch-major, "(b f)". The anchors of a branch are read by all its frames:

    joined   softmax(Q [K, K_anc]^T / sqrt(d)) [V, V_anc], the anchors copied for every frame
    merged   softmax over the own tokens and softmax over the anchors', each with the logarithm of its denominator, by
             which they are weighed; the queries of all frames of a branch meet its anchors in one product, uncopied
"""

from __future__ import annotations

import math
from typing import NamedTuple, Protocol

import torch
import torch.nn.functional as F
from einops import rearrange, repeat


class KeysValues(NamedTuple):
    """What a layer reads: of the frames themselves, of the anchors in one step, or of the instruction in all steps."""

    keys: torch.Tensor
    """(n, L, C); of the anchors (B, M, C), of an instruction of T tokens (B, T, C)"""
    values: torch.Tensor
    """as the keys"""


class Form(Protocol):
    """A way for frames to read themselves and the anchors."""

    def __call__(
        self, queries: torch.Tensor, own: KeysValues, anchors: KeysValues, *, heads: int, strength: float
    ) -> torch.Tensor:
        """(n, L, C) -> (n, L, C); log(strength) is added to the anchors' logits."""


def attend(
    queries: torch.Tensor, keys: torch.Tensor, values: torch.Tensor, heads: int, bias: torch.Tensor | None = None
) -> torch.Tensor:
    """softmax(Q K^T / sqrt(d) + bias) V; (n, L, C), (n, M, C), (n, M, C) and (1, M) -> (n, L, C)."""
    queries, keys, values = (rearrange(x, "n l (h d) -> n h l d", h=heads) for x in (queries, keys, values))
    return rearrange(F.scaled_dot_product_attention(queries, keys, values, attn_mask=bias), "n h l d -> n l (h d)")


def join(own: KeysValues, anchors: KeysValues) -> KeysValues:
    """[own, anchors], each (n, L + M, C), the anchors copied for every frame of their branch."""
    num_frames = len(own.keys) // len(anchors.keys)
    copies = (repeat(tensor, "b m c -> (b f) m c", f=num_frames) for tensor in anchors)
    return KeysValues(*(torch.cat(pair, dim=1) for pair in zip(own, copies, strict=True)))


def attend_joined(
    queries: torch.Tensor, own: KeysValues, anchors: KeysValues, *, heads: int, strength: float
) -> torch.Tensor:
    """One product over [own, anchors]: the formula as it stands in the paper (sec. 5.1). See `Form`."""
    keys, values = join(own, anchors)
    bias = None
    if strength != 1.0:
        bias = queries.new_zeros(1, keys.shape[1])
        bias[:, own.keys.shape[1] :] = math.log(strength)
    return attend(queries, keys, values, heads, bias)


def attend_merged(
    queries: torch.Tensor, own: KeysValues, anchors: KeysValues, *, heads: int, strength: float
) -> torch.Tensor:
    """Two products, weighed by their denominators. See `Form`."""
    num_frames = len(own.keys) // len(anchors.keys)
    split, joint = "n l (h d) -> n h l d", "(b f) l (h d) -> b h (f l) d"
    of_own, own_log = _attend_with_log(*(rearrange(x, split, h=heads) for x in (queries, *own)))
    of_anchors, anchors_log = _attend_with_log(
        rearrange(queries, joint, h=heads, f=num_frames),
        *(rearrange(x, split, h=heads) for x in anchors),
    )
    of_anchors = rearrange(of_anchors, "b h (f l) d -> (b f) h l d", f=num_frames)
    anchors_log = rearrange(anchors_log, "b h (f l) -> (b f) h l", f=num_frames) + math.log(strength)
    share = torch.sigmoid(anchors_log - own_log)[..., None].to(of_own.dtype)
    return rearrange(torch.lerp(of_own, of_anchors, share), "n h l d -> n l (h d)")


FORMS: dict[str, Form] = {"joined": attend_joined, "merged": attend_merged}
QUICKEST = {"cpu": "joined", "mps": "joined", "cuda": "joined"}
"""By kind of device, as far as it is measured: docs/performance.md."""


def _attend_with_log(
    queries: torch.Tensor, keys: torch.Tensor, values: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """(n, H, L, D), (n, H, M, D) twice -> (n, H, L, D) and float32 (n, H, L), the log of the softmax's denominators.

    These are the kernels behind `scaled_dot_product_attention`, which keeps the second result to itself.
    """
    kernels = torch.ops.aten
    if queries.device.type == "cpu":
        return kernels._scaled_dot_product_flash_attention_for_cpu(queries, keys, values)
    if queries.device.type == "cuda":
        if queries.dtype in (torch.float16, torch.bfloat16) and queries.shape[-1] % 8 == 0:
            return kernels._scaled_dot_product_flash_attention(queries, keys, values)[:2]
        # Its logarithms are padded to a multiple of 32.
        mixed, logs = kernels._scaled_dot_product_efficient_attention(queries, keys, values, None, True)[:2]
        return mixed, logs[..., : queries.shape[2]]
    logits = (queries @ keys.mT).float() / math.sqrt(queries.shape[-1])
    return torch.softmax(logits, -1).to(values.dtype) @ values, torch.logsumexp(logits, -1)
