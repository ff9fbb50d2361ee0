"""A small random Qwen-Image-Edit in diffusers' folder format, made from a seed in a second or two."""

import json
from pathlib import Path
from typing import Any

import torch
from diffusers import AutoencoderKLQwenImage, FlowMatchEulerDiscreteScheduler, QwenImageTransformer2DModel
from tokenizers import pre_tokenizers
from transformers import Qwen2_5_VLConfig, Qwen2_5_VLForConditionalGeneration, Qwen2TokenizerFast
from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil

from fairy.models.quiet import quiet_libraries

WIDTH = 16
"""Channels of the text encoder."""
MARKS = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|vision_start|>", "<|vision_end|>", "<|image_pad|>"]


def build_qwen_folder(folder: Path, *, seed: int = 0, **transformer: Any) -> Path:
    """`transformer` changes entries of the transformer's configuration."""
    with torch.random.fork_rng(), quiet_libraries():
        torch.manual_seed(seed)
        denoiser = QwenImageTransformer2DModel(**_transformer_config() | transformer)
        for name, weight in denoiser.named_parameters():  # attention that is not even, so that it tells keys apart
            if weight.ndim == 2 or "norm" in name:
                weight.data.mul_(2)
        tokenizer = byte_tokenizer()
        parts = {
            "transformer": denoiser,
            "vae": AutoencoderKLQwenImage(
                base_dim=4,
                z_dim=4,
                dim_mult=[1, 2],
                num_res_blocks=1,
                temperal_downsample=[False],
                latents_mean=[0.1, -0.2, 0.3, 0.0],
                latents_std=[1.5, 2.0, 0.7, 1.0],
            ),
            "text_encoder": Qwen2_5_VLForConditionalGeneration(_text_config(tokenizer)),
            "tokenizer": tokenizer,
            "scheduler": FlowMatchEulerDiscreteScheduler(use_dynamic_shifting=True, shift=1.0),
            "processor": Qwen2VLImageProcessorPil(),
        }
        index: dict[str, Any] = {"_class_name": "QwenImageEditPlusPipeline", "_diffusers_version": "0.36.0"}
        for name, part in parts.items():
            part.save_pretrained(folder / name)
            library = "diffusers" if name in ("transformer", "vae", "scheduler") else "transformers"
            index[name] = [library, type(part).__name__]
        index["processor"] = ["transformers", "Qwen2VLProcessor"]
    (folder / "model_index.json").write_text(json.dumps(index))
    (folder / "fairy.json").write_text(json.dumps({"long_side": 32}))
    return folder


def byte_tokenizer() -> Qwen2TokenizerFast:
    """A token a byte."""
    symbols = [*MARKS, *sorted(pre_tokenizers.ByteLevel.alphabet())]
    vocabulary = {symbol: number for number, symbol in enumerate(symbols)}
    return Qwen2TokenizerFast(vocab=vocabulary, merges=[], additional_special_tokens=MARKS[1:])


def _transformer_config() -> dict[str, Any]:
    return {
        "in_channels": 16,
        "out_channels": 4,
        "num_layers": 2,
        "attention_head_dim": 16,
        "num_attention_heads": 2,
        "joint_attention_dim": WIDTH,
        "axes_dims_rope": (4, 6, 6),
    }


def _text_config(tokenizer: Qwen2TokenizerFast) -> Qwen2_5_VLConfig:
    ids = {
        f"{name}_token_id": tokenizer.convert_tokens_to_ids(f"<|{name}|>") for name in ("vision_start", "vision_end")
    }
    return Qwen2_5_VLConfig(
        text_config={
            "vocab_size": len(tokenizer),
            "hidden_size": WIDTH,
            "intermediate_size": 32,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "num_key_value_heads": 1,
            "max_position_embeddings": 1024,
            "rope_scaling": {"type": "mrope", "mrope_section": [2, 1, 1]},
        },
        vision_config={
            "depth": 1,
            "hidden_size": 16,
            "intermediate_size": 32,
            "num_heads": 2,
            "out_hidden_size": WIDTH,
            "fullatt_block_indexes": [0],
        },
        image_token_id=tokenizer.convert_tokens_to_ids("<|image_pad|>"),
        **ids,
    )
