"""Correspondences by attention (Fairy, arXiv 2312.13834, sec. 4): softmax(Q_t K_t'^T / sqrt(d)), averaged over heads.

The arg max of a query's row over the tokens of another frame is where the query's point is there. n queries of one
frame, L tokens of the other, C = H * D channels in H heads. A large layer's whole matrix is never made: rows come in
blocks, and only as many are asked for as are needed.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import torch
from einops import rearrange

BLOCK_VALUES = 2**23
"""Attention values held at once, over all heads: 32 MiB of float32."""


def attention_rows(
    queries: torch.Tensor, keys: torch.Tensor, heads: int, *, block: int | None = None
) -> Iterator[torch.Tensor]:
    """(n, C) and (L, C) -> float32 (up to `block`, L) again and again, n rows in all; each row sums to 1.

    None takes as many rows as BLOCK_VALUES allows.
    """
    rows = block or max(1, BLOCK_VALUES // (heads * len(keys)))
    by_head = rearrange(keys.float(), "l (h d) -> h d l", h=heads) / math.sqrt(keys.shape[1] / heads)
    for part in queries.split(rows):
        logits = rearrange(part.float(), "n (h d) -> h n d", h=heads) @ by_head
        yield logits.softmax(dim=-1).mean(dim=0)


def correspond(queries: torch.Tensor, keys: torch.Tensor, heads: int, *, block: int | None = None) -> torch.Tensor:
    """(n, C) and (L, C) -> int64 (n,): the token of the other frame that each query attends to most."""
    found = [rows.argmax(dim=-1) for rows in attention_rows(queries, keys, heads, block=block)]
    return torch.cat(found) if found else torch.zeros(0, dtype=torch.int64, device=queries.device)


def attention_map(query: torch.Tensor, keys: torch.Tensor, heads: int) -> torch.Tensor:
    """(C,) and (L, C) -> float32 (L,): how one query's attention is spread over the other frame."""
    (row,) = attention_rows(query[None], keys, heads)
    return row[0]
