"""A small random FLUX.1 Kontext in diffusers' folder format, made from a seed in a second."""

import json
from pathlib import Path
from typing import Any

import torch
from diffusers import AutoencoderKL, FlowMatchEulerDiscreteScheduler, FluxKontextPipeline, FluxTransformer2DModel
from transformers import CLIPTextModel, T5Config, T5EncoderModel, T5Tokenizer

from fairy.models.quiet import quiet_libraries
from tiny import WIDTH, clip_config, clip_tokenizer

TEXT_LENGTH = 24


def build_kontext_folder(folder: Path, *, seed: int = 0, **transformer: Any) -> Path:
    """`transformer` changes entries of the transformer's configuration."""
    with torch.random.fork_rng(), quiet_libraries():
        torch.manual_seed(seed)
        denoiser = FluxTransformer2DModel(**_transformer_config() | transformer)
        for name, weight in denoiser.named_parameters():  # attention that is not even, so that it tells keys apart
            if weight.ndim == 2 or "norm" in name:
                weight.data.mul_(2)
        tokenizer = t5_tokenizer()
        FluxKontextPipeline(
            transformer=denoiser,
            vae=AutoencoderKL(
                block_out_channels=(4, 8),  # one halving: a token is 4 x 4 pixels
                down_block_types=("DownEncoderBlock2D",) * 2,
                up_block_types=("UpDecoderBlock2D",) * 2,
                latent_channels=4,
                norm_num_groups=2,
                scaling_factor=0.36,
                shift_factor=0.12,
            ),
            text_encoder=CLIPTextModel(clip_config()),
            tokenizer=clip_tokenizer(),
            text_encoder_2=T5EncoderModel(
                T5Config(vocab_size=len(tokenizer), d_model=16, d_kv=8, d_ff=32, num_layers=2, num_heads=2)
            ),
            tokenizer_2=tokenizer,
            scheduler=FlowMatchEulerDiscreteScheduler(use_dynamic_shifting=True, shift=3.0),
        ).save_pretrained(folder)
    (folder / "fairy.json").write_text(json.dumps({"text_length": TEXT_LENGTH, "long_side": 32}))
    return folder


def t5_tokenizer() -> T5Tokenizer:
    """A token a letter."""
    marks = ["<pad>", "</s>", "<unk>"]
    letters = [*"\u2581abcdefghijklmnopqrstuvwxyz"]
    pieces = [*((mark, 0.0) for mark in marks), *((letter, -2.0) for letter in letters)]
    return T5Tokenizer(vocab=pieces, extra_ids=0)


def _transformer_config() -> dict[str, Any]:
    return {
        "in_channels": 16,
        "num_layers": 1,
        "num_single_layers": 1,
        "attention_head_dim": 16,
        "num_attention_heads": 2,
        "joint_attention_dim": 16,
        "pooled_projection_dim": WIDTH,
        "guidance_embeds": True,
        "axes_dims_rope": (4, 6, 6),
    }
