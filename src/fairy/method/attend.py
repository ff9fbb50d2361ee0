"""Attention that also reads the anchors (Fairy, arXiv 2312.13834, sec. 5.1), for UNets and for joint attention.

B guidance branches, F frames, K anchors, n = B * F or B * K sequences of S tokens, C = H * D channels in H heads.
Batches are branch-major, "(b f)". A UNet's sequence holds the N tokens of what is being denoised and nothing else. In
joint attention (FLUX.2, Qwen-Image-Edit) it also holds the text's and the source's, all under one softmax: `noisy` says
which N of the S are being denoised. Only those read anchors, and only those of the anchors are read:

    among anchors   softmax(Q_n [others, K_1 .. K_K]^T / sqrt(d) + bias): every noisy token weighs 1 / K
    to anchors      softmax(Q [others, own, K_1 .. K_K]^T / sqrt(d) + bias): the own noisy tokens weigh 1 / (1 + s K),
                    the anchors' s / (1 + s K), s being the strength; `others` are the frame's own that are not noisy

The weights (their logarithm is the bias) leave the group of own and anchors' tokens the share of attention that the own
ones had alone, so that text and source keep their say: a frame whose anchors are that frame itself is edited as if
alone. A UNet's softmax holds that group only; the common factor drops out, and what is left is the paper's formula.
docs/how/joint-attention.md derives it.
"""

from __future__ import annotations

import math

import torch
from einops import rearrange, repeat

from fairy.models.attention import KeysValues, attend


def attend_among(
    queries: torch.Tensor, own: KeysValues, heads: int, branches: int, noisy: slice | None
) -> torch.Tensor:
    """Each anchor reads itself and all other anchors: (b k) S C -> (b k) S C."""
    num_anchors = len(queries) // branches
    if noisy is not None:
        if num_anchors == 1:
            return attend(queries, *own, heads)
        anchors = KeysValues(*(_side_by_side(tensor[:, noisy], branches) for tensor in own))
        others = KeysValues(*(_without(tensor, noisy) for tensor in own))
        keys, values = join(others, anchors)
        bias = queries.new_zeros(1, keys.shape[1])
        bias[:, others.keys.shape[1] :] = -math.log(num_anchors)
        return _mixed(queries, own, keys, values, heads, bias, noisy)
    queries, keys, values = (_side_by_side(tensor, branches) for tensor in (queries, *own))
    return rearrange(attend(queries, keys, values, heads), "b (k l) c -> (b k) l c", k=num_anchors)


def attend_joined(
    queries: torch.Tensor,
    own: KeysValues,
    anchors: KeysValues,
    *,
    heads: int,
    strength: float,
    noisy: slice | None = None,
) -> torch.Tensor:
    """A frame reads itself and the anchors, in one product over [own, anchors]: (b f) S C -> (b f) S C."""
    keys, values = join(own, anchors)
    num_tokens = own.keys.shape[1]
    bias = None
    if noisy is not None:
        num_anchors = anchors.keys.shape[1] / (noisy.stop - noisy.start)
        bias = queries.new_zeros(1, keys.shape[1])
        bias[:, noisy] = -math.log1p(strength * num_anchors)
        bias[:, num_tokens:] = math.log(strength) - math.log1p(strength * num_anchors)
        return _mixed(queries, own, keys, values, heads, bias, noisy)
    if strength != 1.0:
        bias = queries.new_zeros(1, keys.shape[1])
        bias[:, num_tokens:] = math.log(strength)
    return attend(queries, keys, values, heads, bias)


def join(own: KeysValues, anchors: KeysValues) -> KeysValues:
    """[own, anchors], each (n, S + M, C), the anchors (B, M, C) copied for every frame of their branch."""
    num_frames = len(own.keys) // len(anchors.keys)
    copies = (repeat(tensor, "b m c -> (b f) m c", f=num_frames) for tensor in anchors)
    return KeysValues(*(torch.cat(pair, dim=1) for pair in zip(own, copies, strict=True)))


def _mixed(
    queries: torch.Tensor,
    own: KeysValues,
    keys: torch.Tensor,
    values: torch.Tensor,
    heads: int,
    bias: torch.Tensor,
    noisy: slice,
) -> torch.Tensor:
    """The noisy queries read `keys` and `values`, all others their own sequence."""
    reading = attend(queries[:, noisy], keys, values, heads, bias)
    rest = attend(_without(queries, noisy), *own, heads)
    return torch.cat([rest[:, : noisy.start], reading, rest[:, noisy.start :]], dim=1)


def _without(tokens: torch.Tensor, noisy: slice) -> torch.Tensor:
    """(n, S, C) -> (n, S - N, C): all but the noisy ones."""
    return torch.cat([tokens[:, : noisy.start], tokens[:, noisy.stop :]], dim=1)


def _side_by_side(tokens: torch.Tensor, branches: int) -> torch.Tensor:
    """The tokens of all anchors of a branch as one sequence."""
    return rearrange(tokens, "(b k) l c -> b (k l) c", b=branches)
