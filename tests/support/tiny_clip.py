"""A small random CLIP in transformers' folder format, with the embedded model's tokenizer."""

from pathlib import Path

import torch
from transformers import CLIPConfig, CLIPModel, CLIPTokenizer
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

import fairy
from fairy.models.quiet import quiet_libraries

SIZE = 32
TOKENIZER = Path(fairy.__file__).parent / "models" / "embedded" / "tokenizer"
TOWER = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4}


def build_clip_folder(folder: Path, *, seed: int = 0) -> Path:
    """A CLIP of two layers for pictures of 32x32, made from a seed."""
    tokenizer = CLIPTokenizer.from_pretrained(TOKENIZER)
    text = TOWER | {
        "vocab_size": len(tokenizer),
        "max_position_embeddings": 16,
        "bos_token_id": tokenizer.bos_token_id,
        "eos_token_id": tokenizer.eos_token_id,
        "pad_token_id": tokenizer.pad_token_id,
    }
    vision = TOWER | {"image_size": SIZE, "patch_size": 8}
    with torch.random.fork_rng(), quiet_libraries():
        torch.manual_seed(seed)
        model = CLIPModel(CLIPConfig(text_config=text, vision_config=vision, projection_dim=16))
        model.save_pretrained(folder)
        tokenizer.save_pretrained(folder)
        processor().save_pretrained(folder)
    return folder


def processor() -> CLIPImageProcessorPil:
    """transformers' own way to prepare pictures, on Pillow."""
    return CLIPImageProcessorPil(size={"shortest_edge": SIZE}, crop_size={"height": SIZE, "width": SIZE})
