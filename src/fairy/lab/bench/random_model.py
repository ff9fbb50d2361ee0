"""An InstructPix2Pix model of SD-1.5's shapes with random weights, as a folder in diffusers' format, 2.1 GB.

Speed does not depend on the weights' values. The shapes are those of timbrooks/instruct-pix2pix: the denoiser of Stable
Diffusion 1.5 with 8 input channels, its autoencoder, and the text encoder of CLIP ViT-L/14.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from diffusers import AutoencoderKL, EulerAncestralDiscreteScheduler, UNet2DConditionModel
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

from fairy.models.quiet import quiet_libraries

UNET: dict[str, Any] = {
    "sample_size": 64,
    "in_channels": 8,
    "out_channels": 4,
    "block_out_channels": (320, 640, 1280, 1280),
    "layers_per_block": 2,
    "down_block_types": (*["CrossAttnDownBlock2D"] * 3, "DownBlock2D"),
    "up_block_types": ("UpBlock2D", *["CrossAttnUpBlock2D"] * 3),
    "attention_head_dim": 8,  # which diffusers takes for the number of heads, as the published model does
    "cross_attention_dim": 768,
}
VAE: dict[str, Any] = {
    "block_out_channels": (128, 256, 512, 512),
    "down_block_types": ("DownEncoderBlock2D",) * 4,
    "up_block_types": ("UpDecoderBlock2D",) * 4,
    "layers_per_block": 2,
    "latent_channels": 4,
    "sample_size": 512,
}
NUM_TOKENS = 77
TEXT: dict[str, Any] = {
    "vocab_size": 49408,
    "hidden_size": 768,
    "intermediate_size": 3072,
    "projection_dim": 768,
    "num_hidden_layers": 12,
    "num_attention_heads": 12,
    "max_position_embeddings": NUM_TOKENS,
}
NOISE: dict[str, Any] = {
    "beta_start": 0.00085,
    "beta_end": 0.012,
    "beta_schedule": "scaled_linear",
    "steps_offset": 1,
}
STORED = torch.bfloat16
"""Half the bytes of float32; whoever wants that gets it from these."""
DIFFUSERS = ("unet", "vae", "scheduler")


def build_sd15(
    folder: Path,
    device: torch.device,
    *,
    unet: Mapping[str, Any] = UNET,
    vae: Mapping[str, Any] = VAE,
    text: Mapping[str, Any] = TEXT,
) -> Path:
    """Write the model into `folder`, its weights drawn on `device`; other configurations make another size.

    One part is in memory at a time.
    """
    vocabulary = tiny_vocabulary()
    makers = {
        "unet": lambda: UNet2DConditionModel(**unet).to(STORED),
        "vae": lambda: AutoencoderKL(**vae).to(STORED),
        "text_encoder": lambda: CLIPTextModel(text_config(vocabulary, text)).to(STORED),
        "tokenizer": lambda: CLIPTokenizer(vocab=vocabulary, merges=[], model_max_length=NUM_TOKENS),
        "scheduler": lambda: EulerAncestralDiscreteScheduler(**NOISE),
    }
    index: dict[str, Any] = {"_class_name": "StableDiffusionInstructPix2PixPipeline", "_diffusers_version": "0.36.0"}
    index |= {"safety_checker": [None, None], "feature_extractor": [None, None], "requires_safety_checker": False}
    with torch.random.fork_rng([] if device.type != "cuda" else [device]), quiet_libraries():
        torch.manual_seed(0)
        for name, make in makers.items():
            on = device if name not in ("tokenizer", "scheduler") else torch.device("cpu")
            with torch.device(on):
                part = make()
            part.save_pretrained(folder / name)
            index[name] = ["diffusers" if name in DIFFUSERS else "transformers", type(part).__name__]
    (folder / "model_index.json").write_text(json.dumps(index, indent=2))
    return folder


def tiny_vocabulary() -> dict[str, int]:
    """Letters: enough for any instruction, of which always 77 tokens are made."""
    letters = [*"abcdefghijklmnopqrstuvwxyz0123456789,.!?'-"]
    words = [*letters, *(f"{letter}</w>" for letter in letters), "<|startoftext|>", "<|endoftext|>"]
    return {word: number for number, word in enumerate(words)}


def text_config(vocabulary: dict[str, int], text: Mapping[str, Any] = TEXT) -> CLIPTextConfig:
    """Of CLIP ViT-L/14, whose sequences begin and end as the vocabulary says."""
    ends = {"bos_token_id": vocabulary["<|startoftext|>"], "eos_token_id": vocabulary["<|endoftext|>"]}
    return CLIPTextConfig(**text, **ends)
