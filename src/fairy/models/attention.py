"""What attention layers of all families share: the product, and how a layer is told of anchors.

n sequences of S tokens, C = H * D channels in H heads. A processor knows its layer's name, projects, and leaves the
mixing to `anchors` where there are any (fairy.method.bank); it holds no state.
"""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol

import torch
import torch.nn.functional as F
from einops import rearrange


class KeysValues(NamedTuple):
    """What a layer reads: of the frames themselves, of the anchors in one step, or of the instruction in all steps."""

    keys: torch.Tensor
    """(n, S, C); of B branches' anchors (B, M, C), of an instruction of T tokens (B, T, C)"""
    values: torch.Tensor
    """as the keys"""


class Anchors(Protocol):
    """How a layer attends where anchors take part, or where somebody looks on."""

    def attend(
        self,
        layer: str,
        queries: torch.Tensor,
        keys: torch.Tensor,
        values: torch.Tensor,
        heads: int,
        noisy: slice | None = None,
    ) -> torch.Tensor:
        """(n, S, C) three times, the frames' own -> (n, S, C).

        `noisy` are the tokens of what is being denoised where a sequence holds others, too; None: all are.
        """

    def of_branch(self, branch: int) -> Anchors:
        """The same for the passes of one guidance branch alone, where branches are computed one after the other."""


class HasProcessors(Protocol):
    """A denoiser of diffusers whose attention can be exchanged."""

    @property
    def attn_processors(self) -> dict[str, Any]:
        """The processors by name."""

    def set_attn_processor(self, processor: dict[str, Any]) -> None:
        """Exchange all of them."""

    def get_submodule(self, target: str) -> Any:
        """The layer of that name."""


def attend(
    queries: torch.Tensor, keys: torch.Tensor, values: torch.Tensor, heads: int, bias: torch.Tensor | None = None
) -> torch.Tensor:
    """softmax(Q K^T / sqrt(d) + bias) V; (n, L, C), (n, M, C), (n, M, C) and (1, M) -> (n, L, C)."""
    queries, keys, values = (rearrange(x, "n l (h d) -> n h l d", h=heads) for x in (queries, keys, values))
    return rearrange(F.scaled_dot_product_attention(queries, keys, values, attn_mask=bias), "n h l d -> n l (h d)")


def uninstall(denoiser: HasProcessors, former: dict[str, Any]) -> None:
    """Put the processors back that `Family.install` has returned."""
    denoiser.set_attn_processor(dict(former))
