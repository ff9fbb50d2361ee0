"""From pixels to a layer's tokens and back.

Positions here are (x, y), x right and y down, in pixels from the corner of the first pixel, whose centre is (0.5, 0.5),
as in TAP-Vid. A token stands for a square of pixels; a layer's tokens lie in rows, L = rows * columns of them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


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
