"""Small random InstructPix2Pix models in diffusers' folder format, made from a seed in a fraction of a second."""

import json
from pathlib import Path
from typing import Any

import torch
from diffusers import AutoencoderKL, AutoencoderTiny, EulerAncestralDiscreteScheduler, UNet2DConditionModel
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection, CLIPTokenizer

from fairy.models.quiet import quiet_libraries

TOKENS = 12  # positions of the text encoders
WIDTH = 32  # channels of each text encoder
MERGES = ["s n", "sn o", "sno w</w>", "n i", "g h", "gh t</w>", "ni ght</w>", "m a", "k e</w>", "ma ke</w>", "i t</w>"]

DIFFUSERS = ("unet", "vae", "scheduler")


def build_sd_folder(folder: Path, *, seed: int = 0, tiny_vae: bool = False, **unet: Any) -> Path:
    """A Stable Diffusion InstructPix2Pix model; `unet` changes entries of the UNet's configuration."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        parts = {
            "unet": UNet2DConditionModel(**_unet_config() | unet),
            "vae": _tiny_vae() if tiny_vae else _vae(),
            "text_encoder": CLIPTextModel(clip_config()),
            "tokenizer": clip_tokenizer(),
            "scheduler": EulerAncestralDiscreteScheduler(**_noise_config()),
        }
    return _save(folder, "StableDiffusionInstructPix2PixPipeline", parts)


def build_sdxl_folder(folder: Path, *, seed: int = 0, **index: Any) -> Path:
    """An SDXL InstructPix2Pix model; `index` adds entries to model_index.json, such as is_cosxl_edit."""
    unet = {
        "cross_attention_dim": 2 * WIDTH,
        "transformer_layers_per_block": (1, 2),
        "use_linear_projection": True,
        "addition_embed_type": "text_time",
        "addition_time_embed_dim": 8,
        "projection_class_embeddings_input_dim": 6 * 8 + WIDTH,
    }
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        parts = {
            "unet": UNet2DConditionModel(**_unet_config() | unet),
            "vae": _vae(force_upcast=True),
            "text_encoder": CLIPTextModel(clip_config()),
            "text_encoder_2": CLIPTextModelWithProjection(clip_config()),
            "tokenizer": clip_tokenizer(),
            "tokenizer_2": clip_tokenizer(),
            "scheduler": EulerAncestralDiscreteScheduler(**_noise_config()),
        }
    return _save(folder, "StableDiffusionXLInstructPix2PixPipeline", parts, index)


def _save(folder: Path, pipeline: str, parts: dict[str, Any], extra: dict[str, Any] | None = None) -> Path:
    index: dict[str, Any] = {"_class_name": pipeline, "_diffusers_version": "0.36.0"}
    for name, part in parts.items():
        with quiet_libraries():
            part.save_pretrained(folder / name)
        index[name] = ["diffusers" if name in DIFFUSERS else "transformers", type(part).__name__]
    if "text_encoder_2" not in parts:
        index |= {"safety_checker": [None, None], "feature_extractor": [None, None], "requires_safety_checker": False}
    (folder / "model_index.json").write_text(json.dumps(index | (extra or {}), indent=2))
    return folder


def _unet_config() -> dict[str, Any]:
    return {
        "sample_size": 8,
        "in_channels": 8,
        "out_channels": 4,
        "block_out_channels": (32, 64),
        "layers_per_block": 1,
        "down_block_types": ("CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
        "up_block_types": ("CrossAttnUpBlock2D", "CrossAttnUpBlock2D"),
        "attention_head_dim": (2, 4),
        "cross_attention_dim": WIDTH,
    }


def _vae(**config: Any) -> AutoencoderKL:
    return AutoencoderKL(
        block_out_channels=(8, 8, 16, 16),  # three halvings: 8 pixels a latent, as in Stable Diffusion
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        latent_channels=4,
        norm_num_groups=4,
        **config,
    )


def _tiny_vae() -> AutoencoderTiny:
    return AutoencoderTiny(
        encoder_block_out_channels=(8, 8, 8),  # two halvings: 4 pixels a latent
        decoder_block_out_channels=(8, 8, 8),
        num_encoder_blocks=(1, 1, 1),
        num_decoder_blocks=(1, 1, 1),
        latent_channels=4,
    )


def clip_config() -> CLIPTextConfig:
    return CLIPTextConfig(
        vocab_size=len(_vocabulary()),
        hidden_size=WIDTH,
        intermediate_size=WIDTH,
        projection_dim=WIDTH,
        num_hidden_layers=3,
        num_attention_heads=4,
        max_position_embeddings=TOKENS,
        bos_token_id=len(_vocabulary()) - 2,
        eos_token_id=len(_vocabulary()) - 1,
    )


def clip_tokenizer() -> CLIPTokenizer:
    return CLIPTokenizer(vocab=_vocabulary(), merges=MERGES_AS_PAIRS, model_max_length=TOKENS)


def _vocabulary() -> dict[str, int]:
    letters = [*"abcdefghijklmnopqrstuvwxyz0123456789,.!?'-"]
    words = [*letters, *(letter + "</w>" for letter in letters), *(merge.replace(" ", "") for merge in MERGES)]
    return {word: number for number, word in enumerate([*words, "<|startoftext|>", "<|endoftext|>"])}


def _noise_config() -> dict[str, Any]:
    return {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear", "steps_offset": 1}


MERGES_AS_PAIRS = [tuple(merge.split()) for merge in MERGES]
