"""What families of joint attention share: text, noisy and source tokens stand in one sequence, under one softmax.

n sequences of S tokens, C = H * D channels in H heads; F frames, latents (F, C, h, w), L = h * w tokens of a picture.
Keys reach `anchors` after norm and rotary positions, and `noisy` says which tokens are being denoised: what reads what,
and with what weights, is the same in all families (fairy.method.attend).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from diffusers.models.embeddings import apply_rotary_emb
from diffusers.models.transformers.transformer_qwenimage import apply_rotary_emb_qwen
from einops import rearrange
from torch import nn

from fairy.models.attention import Anchors, HasProcessors, attend

if TYPE_CHECKING:
    from fairy.models.bundle import Model

ALIGNMENT = 64
"""Bytes: where torch itself lets tensors begin."""
_visits = threading.Lock()


def turn_real(tokens: torch.Tensor, places: Any) -> torch.Tensor:
    """Rotary positions of Flux: (n, S, H, D), and cosines and sines (S, D) of all tokens."""
    return apply_rotary_emb(tokens, places, sequence_dim=1)


def turn_complex(tokens: torch.Tensor, places: Any) -> torch.Tensor:
    """Rotary positions of Qwen: complex numbers (., D / 2), those of the pictures before those of the text."""
    pictures, text = places
    return apply_rotary_emb_qwen(tokens, torch.cat([text, pictures]), use_real=False)


class JointAttention:
    """Attention of blocks with a stream for text and one for pictures, and of Flux 1's blocks with one for both."""

    def __init__(self, layer: str, turn: Callable[[torch.Tensor, Any], torch.Tensor] = turn_real) -> None:
        self.layer, self.turn = layer, turn

    def __call__(
        self,
        attn: Any,
        hidden_states: torch.Tensor,
        encoder_hidden_states: torch.Tensor | None = None,
        attention_mask: torch.Tensor | None = None,  # noqa: ARG002  diffusers passes it; these models use none
        image_rotary_emb: Any = None,
        anchors: Anchors | None = None,
        noisy: slice | None = None,
        encoder_hidden_states_mask: torch.Tensor | None = None,  # noqa: ARG002  no text is padded
    ) -> torch.Tensor | tuple[torch.Tensor, torch.Tensor]:
        """(n, L, C) of pictures, with (n, T, C) of text or with the text before them -> the same, in that order."""
        queries, keys, values = (_heads(project(hidden_states), attn) for project in (attn.to_q, attn.to_k, attn.to_v))
        queries, keys = attn.norm_q(queries), attn.norm_k(keys)
        if encoder_hidden_states is None:
            mixed = mix(self.layer, queries, keys, values, self.turn, image_rotary_emb, anchors, noisy)
            return mixed if attn.pre_only else attn.to_out[1](attn.to_out[0](mixed))
        added = (attn.add_q_proj, attn.add_k_proj, attn.add_v_proj)
        text = [_heads(project(encoder_hidden_states), attn) for project in added]
        queries = torch.cat([attn.norm_added_q(text[0]), queries], dim=1)
        keys = torch.cat([attn.norm_added_k(text[1]), keys], dim=1)
        values = torch.cat([text[2], values], dim=1)
        mixed = mix(self.layer, queries, keys, values, self.turn, image_rotary_emb, anchors, noisy)
        told, pictures = mixed.split([text[0].shape[1], hidden_states.shape[1]], dim=1)
        return attn.to_out[1](attn.to_out[0](pictures)), attn.to_add_out(told)


class ParallelAttention:
    """Attention of Flux 2's blocks with one stream, which compute it and their MLP from one projection."""

    def __init__(self, layer: str) -> None:
        self.layer = layer

    def __call__(
        self,
        attn: Any,
        hidden_states: torch.Tensor,
        attention_mask: torch.Tensor | None = None,  # noqa: ARG002  as above
        image_rotary_emb: Any = None,
        anchors: Anchors | None = None,
        noisy: slice | None = None,
    ) -> torch.Tensor:
        """(n, S, C), the text before the pictures -> (n, S, C)."""
        projected = attn.to_qkv_mlp_proj(hidden_states)
        tokens, mlp = projected.split([3 * attn.inner_dim, attn.mlp_hidden_dim * attn.mlp_mult_factor], dim=-1)
        queries, keys, values = (_heads(part, attn) for part in tokens.chunk(3, dim=-1))
        mixed = mix(
            self.layer, attn.norm_q(queries), attn.norm_k(keys), values, turn_real, image_rotary_emb, anchors, noisy
        )
        return attn.to_out(torch.cat([mixed, attn.mlp_act_fn(mlp)], dim=-1))


def mix(
    layer: str,
    queries: torch.Tensor,
    keys: torch.Tensor,
    values: torch.Tensor,
    turn: Callable[[torch.Tensor, Any], torch.Tensor],
    places: Any,
    anchors: Anchors | None,
    noisy: slice | None,
) -> torch.Tensor:
    """(n, S, H, D) three times, normed -> (n, S, C); `turn` gives tokens their `places`."""
    heads, dtype = queries.shape[2], queries.dtype
    queries, keys = turn(queries, places), turn(keys, places)
    queries, keys, values = (tokens.flatten(2) for tokens in (queries, keys, values))
    if anchors is None:
        return attend(queries, keys, values, heads).to(dtype)
    return anchors.attend(layer, queries, keys, values, heads, noisy).to(dtype)


def install(denoiser: HasProcessors, make: Callable[[str, Any], Any]) -> dict[str, Any]:
    """Exchange each processor for what `make` gives for its layer and itself; returns the former ones.

    Installing twice changes nothing the second time.
    """
    former = denoiser.attn_processors
    if not any(hasattr(processor, "layer") for processor in former.values()):
        layers = {name: name.removesuffix(".processor") for name in former}
        denoiser.set_attn_processor({name: make(layers[name], processor) for name, processor in former.items()})
    return former


def align(module: nn.Module) -> None:
    """Let all weights begin where torch lets tensors begin.

    In a file they begin anywhere, and some kernels of the CPU go by it: the same weights would give other last bits
    according to how they came into memory.
    """
    for tensor in (*module.parameters(), *module.buffers()):
        if tensor.data_ptr() % ALIGNMENT:
            tensor.data = tensor.data.clone()


@dataclass(frozen=True)
class Inputs:
    """What the denoiser takes in all steps that compute the same guidance branches."""

    texts: Mapping[int, torch.Tensor]
    """(1 or F, T, D) by branch"""
    source: torch.Tensor
    """(F, R, C), the source's tokens"""
    arguments: Mapping[str, torch.Tensor | Any]
    """What else the denoiser is called with."""


def predict(
    model: Model,
    latents: torch.Tensor,
    inputs: Inputs,
    timestep: torch.Tensor,
    anchors: Anchors | None,
    *,
    side: int = 1,
    channel: str = "joint_attention_kwargs",
) -> list[torch.Tensor]:
    """A call of the denoiser for each branch, as diffusers has it; see `Family`.

    A token is made of `side` x `side` places of the latents. `channel` is the argument that leads to the processors.
    """
    tokens = pack(latents, side)
    batch = torch.cat([tokens, inputs.source], dim=1).to(model.device, model.dtype)
    predicted = []
    for branch, text in inputs.texts.items():
        noisy = slice(text.shape[1], text.shape[1] + tokens.shape[1])
        told = {"anchors": anchors.of_branch(branch) if anchors else None, "noisy": noisy}
        output = model.denoiser(
            hidden_states=batch,
            timestep=timestep.to(model.device, torch.float32).expand(len(batch)) / 1000,
            encoder_hidden_states=text.expand(len(batch), -1, -1),
            return_dict=False,
            **{channel: told},
            **inputs.arguments,
        )[0][:, : tokens.shape[1]]
        predicted.append(unpack(output.clone() if model.overwrites else output, latents, side).float())
    return predicted


@contextmanager
def visiting(module: Any, device: torch.device) -> Iterator[Any]:
    """A text encoder on the device for as long as it reads: it is as large as the denoiser, and idle from then on."""
    if device.type == "meta":
        yield module
        return
    with _visits:
        yield module.to(device)
        module.to("cpu")


def fold(latents: torch.Tensor) -> torch.Tensor:
    """An autoencoder's latents, 2 x 2 of them a place: (F, c, 2 h, 2 w) -> (F, 4 c, h, w)."""
    return rearrange(latents, "f c (h y) (w x) -> f (c y x) h w", y=2, x=2)


def unfold(latents: torch.Tensor) -> torch.Tensor:
    """`fold` undone."""
    return rearrange(latents, "f (c y x) h w -> f c (h y) (w x)", y=2, x=2)


def grid(time: int, height: int, width: int) -> torch.Tensor:
    """Where the tokens of a picture stand: (time, row, column), (h * w, 3)."""
    return torch.cartesian_prod(torch.tensor([time]), torch.arange(height), torch.arange(width))


def pack(latents: torch.Tensor, side: int = 1) -> torch.Tensor:
    """(F, C, h, w) -> (F, L, side^2 C), row by row, each token made of `side` x `side` places."""
    return rearrange(latents, "f c (h y) (w x) -> f (h w) (c y x)", y=side, x=side)


def unpack(tokens: torch.Tensor, like: torch.Tensor, side: int = 1) -> torch.Tensor:
    """`pack` undone: (F, C, h, w), the shape of `like`."""
    return rearrange(tokens, "f (h w) (c y x) -> f c (h y) (w x)", h=like.shape[2] // side, y=side, x=side)


def _heads(tokens: torch.Tensor, attn: Any) -> torch.Tensor:
    return tokens.unflatten(-1, (attn.heads, -1))
