"""An instruction as the denoiser's conditioning, number for number as diffusers' InstructPix2Pix pipelines compute it.

3 guidance branches [text and image, image only, none], T tokens, C channels.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import torch

from fairy.models.attention import KeysValues
from fairy.models.families.instruct_pix2pix.attention import read_text

if TYPE_CHECKING:
    from fairy.models.bundle import Model


@dataclass(frozen=True)
class Conditioning:
    """What the denoiser is told, for the three guidance branches."""

    embeds: torch.Tensor
    """(3, T, C)"""
    added: Mapping[str, torch.Tensor] = field(default_factory=dict)
    """SDXL: text_embeds (3, C), time_ids (3, 6)"""
    text: Mapping[str, KeysValues] = field(default_factory=dict)
    """Keys and values (3, T, C) for the cross-attention layers that take them from here."""

    def branches(self, chosen: Sequence[int]) -> Conditioning:
        """The same for some of the branches only."""
        rows = list(chosen)
        return Conditioning(
            self.embeds[rows],
            {name: values[rows] for name, values in self.added.items()},
            {layer: KeysValues(keys[rows], values[rows]) for layer, (keys, values) in self.text.items()},
        )


def encode_instruction(model: Model, instruction: str, *, height: int, width: int) -> Conditioning:
    """Embed `instruction` for frames of `height` x `width` pixels. The two other branches get the empty prompt."""
    embeds, added = _encode(model, instruction, height, width)
    return Conditioning(embeds, added, read_text(model.denoiser, embeds))


def _encode(model: Model, instruction: str, height: int, width: int) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
    if len(model.text_encoders) == 1:
        return _branches(_embed(model, instruction), _embed(model, "")), {}
    embeds, pooled = _embed_xl(model, instruction)
    if model.folder.index.get("force_zeros_for_empty_prompt", True):
        no_embeds, no_pooled = torch.zeros_like(embeds), torch.zeros_like(pooled)
    else:
        no_embeds, no_pooled = _embed_xl(model, "")
    # SDXL, sec. 2.2: original size, top left corner of the crop, target size.
    sizes = torch.tensor([[height, width, 0, 0, height, width]], dtype=embeds.dtype, device=model.device)
    added = {"text_embeds": _branches(pooled, no_pooled), "time_ids": _branches(sizes, sizes)}
    return _branches(embeds, no_embeds), added


def dropped_text(model: Model, instruction: str) -> str:
    """The end of an instruction that is longer than the text encoder reads; empty where all of it is read."""
    return max((_dropped_text(tokenizer, instruction) for tokenizer in model.tokenizers), key=len)


def _branches(full: torch.Tensor, empty: torch.Tensor) -> torch.Tensor:
    return torch.cat([full, empty, empty])


def _embed(model: Model, text: str) -> torch.Tensor:
    """Stable Diffusion: the last hidden states of the one text encoder, (1, T, C)."""
    tokens = _tokens(model.tokenizers[0], text)
    encoder = model.text_encoders[0]
    masked = getattr(encoder.config, "use_attention_mask", False)
    mask = tokens.attention_mask.to(model.device) if masked else None
    return encoder(tokens.input_ids.to(model.device), attention_mask=mask).last_hidden_state


def _embed_xl(model: Model, text: str) -> tuple[torch.Tensor, torch.Tensor]:
    """SDXL: the last hidden states but one of both encoders, joined (1, T, C), and a pooled vector (1, P)."""
    outputs = [
        encoder(_tokens(tokenizer, text).input_ids.to(model.device), output_hidden_states=True)
        for tokenizer, encoder in zip(model.tokenizers, model.text_encoders, strict=True)
    ]
    return torch.cat([output.hidden_states[-2] for output in outputs], dim=-1), outputs[-1].text_embeds


def _tokens(tokenizer: Any, text: str) -> Any:
    length = tokenizer.model_max_length
    return tokenizer(text, padding="max_length", max_length=length, truncation=True, return_tensors="pt")


def _dropped_text(tokenizer: Any, text: str) -> str:
    """The words that do not fit: all but the first tokens and the end mark."""
    tokens = tokenizer(text, verbose=False).input_ids
    beyond = tokens[tokenizer.model_max_length - 1 : -1]
    return str(tokenizer.decode(beyond)).strip()
