"""The products of attention.

B guidance branches, F frames, n = B * F, L tokens of a frame, M = K * L tokens of the anchors, C = H * D channels in H
heads. Batches are branch-major, "(b f)". The anchors of a branch are read by all its frames.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
import torch.nn.functional as F
from einops import rearrange, repeat


class KeysValues(NamedTuple):
    """What a layer reads: of the frames themselves, of the anchors in one step, or of the instruction in all steps."""

    keys: torch.Tensor
    """(n, L, C); of the anchors (B, M, C), of an instruction of T tokens (B, T, C)"""
    values: torch.Tensor
    """as the keys"""


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
    """One product over [own, anchors], the formula as it stands in the paper (sec. 5.1): (n, L, C) -> (n, L, C).

    log(strength) is added to the anchors' logits.
    """
    keys, values = join(own, anchors)
    bias = None
    if strength != 1.0:
        bias = queries.new_zeros(1, keys.shape[1])
        bias[:, own.keys.shape[1] :] = math.log(strength)
    return attend(queries, keys, values, heads, bias)
