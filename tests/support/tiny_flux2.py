"""Small random FLUX.2 klein models in diffusers' folder format, made from a seed in a second."""

import json
from pathlib import Path
from typing import Any

import torch
from diffusers import AutoencoderKLFlux2, FlowMatchEulerDiscreteScheduler, Flux2KleinPipeline, Flux2Transformer2DModel
from tokenizers import pre_tokenizers
from transformers import Qwen2TokenizerFast, Qwen3Config, Qwen3ForCausalLM

from fairy.models.quiet import quiet_libraries

CHAT = (
    "{%- for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n{%- endfor %}"
    "{%- if add_generation_prompt %}<|im_start|>assistant\n{%- endif %}"
)
TEXT = {"text_layers": [1, 2, 3], "text_length": 48}
WIDTH = 16
"""Channels of the text encoder."""


def build_klein_folder(
    folder: Path, *, seed: int = 0, distilled: bool = True, says: Any = None, **transformer: Any
) -> Path:
    """A klein model; `says` goes into its fairy.json, `transformer` into its transformer's configuration."""
    with torch.random.fork_rng(), quiet_libraries():
        torch.manual_seed(seed)
        denoiser = Flux2Transformer2DModel(**_transformer_config() | transformer)
        vae = AutoencoderKLFlux2(
            block_out_channels=(4, 8),  # one halving: a token is 4 x 4 pixels
            down_block_types=("DownEncoderBlock2D",) * 2,
            up_block_types=("UpDecoderBlock2D",) * 2,
            layers_per_block=1,
            latent_channels=4,
            norm_num_groups=2,
        )
        vae.bn.running_mean.normal_()
        vae.bn.running_var.uniform_(0.5, 2)
        for name, weight in denoiser.named_parameters():  # attention that is not even, so that it tells keys apart
            if weight.ndim == 2 or "norm" in name:
                weight.data.mul_(2)
        tokenizer = byte_tokenizer()
        Flux2KleinPipeline(
            transformer=denoiser,
            vae=vae,
            text_encoder=Qwen3ForCausalLM(_text_config(len(tokenizer))),
            tokenizer=tokenizer,
            scheduler=FlowMatchEulerDiscreteScheduler(use_dynamic_shifting=True, shift=3.0),
            is_distilled=distilled,
        ).save_pretrained(folder)
    (folder / "fairy.json").write_text(json.dumps(TEXT | {"long_side": 32} | (says or {})))
    return folder


def byte_tokenizer() -> Qwen2TokenizerFast:
    """A token a byte."""
    marks = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    symbols = [*marks, *sorted(pre_tokenizers.ByteLevel.alphabet())]
    vocabulary = {symbol: number for number, symbol in enumerate(symbols)}
    tokenizer = Qwen2TokenizerFast(vocab=vocabulary, merges=[], additional_special_tokens=marks[1:])
    tokenizer.chat_template = CHAT
    return tokenizer


def _transformer_config() -> dict[str, Any]:
    return {
        "in_channels": 16,
        "num_layers": 1,
        "num_single_layers": 2,
        "attention_head_dim": 16,
        "num_attention_heads": 2,
        "joint_attention_dim": 3 * WIDTH,
        "timestep_guidance_channels": 16,
        "axes_dims_rope": (4, 4, 4, 4),
        "guidance_embeds": False,
    }


def _text_config(vocabulary: int) -> Qwen3Config:
    return Qwen3Config(
        vocab_size=vocabulary,
        hidden_size=WIDTH,
        intermediate_size=32,
        num_hidden_layers=4,
        num_attention_heads=2,
        num_key_value_heads=1,
        head_dim=8,
        max_position_embeddings=128,
    )
