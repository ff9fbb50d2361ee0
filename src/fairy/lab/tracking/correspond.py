"""Correspondences by attention (Fairy, arXiv 2312.13834, sec. 4): softmax(Q_t K_t'^T / sqrt(d)), averaged over heads.

The arg max of a query's row over the tokens of another frame is where the query's point is there. n queries of one
frame, L tokens of the other, C = H * D channels in H heads. A large layer's whole matrix is never made: rows come in
blocks, and only as many are asked for as are needed.

Positions are (x, y), x right and y down, in pixels from the corner of the first pixel, whose centre is (0.5, 0.5), as
in TAP-Vid. A token stands for a square of pixels; a layer's tokens lie in rows, L = rows * columns of them.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from einops import rearrange

BLOCK_VALUES = 2**23
"""Attention values held at once, over all heads: 32 MiB of float32."""


@dataclass(frozen=True)
class TokenGrid:
    """The tokens of one self-attention layer over a frame."""

    rows: int
    columns: int
    pitch: int
    """Pixels of a token's side."""

    @property
    def centres(self) -> np.ndarray:
        """float64 (L, 2): the middle of each token."""
        rows, columns = np.divmod(np.arange(self.rows * self.columns), self.columns)
        return (np.stack([columns, rows], axis=-1) + 0.5) * self.pitch

    def tokens_at(self, positions: np.ndarray) -> np.ndarray:
        """(n, 2) -> int64 (n,): the token in which each position lies, or the nearest one to a position outside."""
        columns, rows = np.floor(positions / self.pitch).astype(np.int64).T
        return np.clip(rows, 0, self.rows - 1) * self.columns + np.clip(columns, 0, self.columns - 1)


def grid_of(num_tokens: int, latent_size: tuple[int, int], latent_pitch: int) -> TokenGrid:
    """The grid of a layer with so many tokens, for latents of (rows, columns) that are `latent_pitch` pixels each.

    A UNet halves its sides a few times, rounding up. ValueError where no number of halvings gives the number of tokens.
    """
    (rows, columns), pitch = latent_size, latent_pitch
    while rows * columns > num_tokens:
        rows, columns, pitch = -(-rows // 2), -(-columns // 2), 2 * pitch
    if rows * columns != num_tokens:
        raise ValueError(f"{num_tokens} tokens are no halving of {latent_size[0]} x {latent_size[1]} latents")
    return TokenGrid(rows, columns, pitch)


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
