"""A LoRA (arXiv 2106.09685) on the parts that learn, through peft; on disk as diffusers and `fairy edit` read it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from diffusers import StableDiffusionInstructPix2PixPipeline, StableDiffusionXLInstructPix2PixPipeline
from diffusers.training_utils import cast_training_params
from diffusers.utils import convert_state_dict_to_diffusers
from peft import LoraConfig
from peft.utils import get_peft_model_state_dict
from torch import nn

from fairy.errors import UsageError
from fairy.lab.training.settings import TrainConfig


def add_adapters(parts: Sequence[Any], config: TrainConfig) -> None:
    """Put fresh LoRA layers, float32, on every named layer of each part; they alone learn. The seed decides them."""
    for part in parts:
        adapter = LoraConfig(
            r=config.lora_rank,
            lora_alpha=config.alpha,
            init_lora_weights="gaussian",
            target_modules=_find_targets(part, config.lora_targets),
        )
        with torch.random.fork_rng():
            torch.manual_seed(config.seed)
            part.add_adapter(adapter)
        cast_training_params(part, dtype=torch.float32)


def save_adapters(unet: Any, text_encoder: Any | None, config: TrainConfig, folder: Path, *, is_xl: bool) -> None:
    """Write `folder`/pytorch_lora_weights.safetensors, with alpha / rank multiplied into the weights."""
    pipeline = StableDiffusionXLInstructPix2PixPipeline if is_xl else StableDiffusionInstructPix2PixPipeline
    text = {} if text_encoder is None else {"text_encoder_lora_layers": _state(text_encoder, config)}
    pipeline.save_lora_weights(folder, unet_lora_layers=_state(unet, config), safe_serialization=True, **text)


def _find_targets(part: nn.Module, targets: str) -> list[str]:
    """Full names of the layers whose names end so."""
    ends = tuple(f".{end.strip()}" for end in targets.split(","))
    found = {name: module for name, module in part.named_modules() if f".{name}".endswith(ends)}
    if not found:
        raise UsageError(f"--lora-targets {targets}: no layer of the {type(part).__name__} has such a name.")
    if odd := [name for name, module in found.items() if not isinstance(module, nn.Linear)]:
        raise UsageError(f"--lora-targets {targets}: {odd[0]} is no linear layer; only those take a LoRA here.")
    return list(found)


def _state(part: Any, config: TrainConfig) -> dict[str, torch.Tensor]:
    """In diffusers' names. A reader that is told no alpha takes the rank for it, which is right for these weights."""
    state = get_peft_model_state_dict(part, save_embedding_layers=False)
    factor = config.alpha / config.lora_rank
    scaled = {name: tensor * factor if "lora_B" in name else tensor for name, tensor in state.items()}
    return convert_state_dict_to_diffusers({name: tensor.contiguous() for name, tensor in scaled.items()})
