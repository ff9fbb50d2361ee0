"""A small autoencoder that makes the pictures in place of the model's own decoder: quicker, and a little coarser."""

import json
from pathlib import Path

import torch
from diffusers import AutoencoderTiny
from huggingface_hub import try_to_load_from_cache
from safetensors import SafetensorError

from fairy.errors import ModelError
from fairy.models import hub

CONFIG, WEIGHTS = "config.json", "diffusion_pytorch_model.safetensors"


def load_decoder(name: str, folder: Path, channels: int, device: torch.device, dtype: torch.dtype) -> AutoencoderTiny:
    """The AutoencoderTiny in `folder`, which is called `name`, for latents of so many channels."""
    try:
        config = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
        if config.get("_class_name") != AutoencoderTiny.__name__:
            raise ModelError(f"--decoder {name}: is a {config.get('_class_name')}; only an AutoencoderTiny will do")
        if config.get("latent_channels", 4) != channels:
            raise ModelError(
                f"--decoder {name}: is for latents of {config.get('latent_channels', 4)} channels; the model's have"
                f" {channels}"
            )
        decoder = AutoencoderTiny.from_pretrained(
            folder, torch_dtype=dtype, use_safetensors=True, local_files_only=True
        )
    except (OSError, ValueError, RuntimeError, SafetensorError) as error:
        raise ModelError(f"--decoder {name}: cannot be loaded: {str(error).splitlines()[0].rstrip('.:')}") from error
    return decoder.to(device).requires_grad_(False).eval()


def find_decoder(name: str) -> Path:
    """The folder with its configuration and weights, downloaded if need be."""
    folder = Path(name).expanduser()
    if folder.is_dir():
        if missing := [file for file in (CONFIG, WEIGHTS) if not (folder / file).is_file()]:
            raise ModelError(f"--decoder {name}: {missing[0]} is not in this folder")
        return folder
    if not hub.is_hub_id(name):
        raise ModelError(f"--decoder {name}: is neither a folder nor a hub id (owner/name)")
    cached = [try_to_load_from_cache(name, file) for file in (CONFIG, WEIGHTS)]
    if all(isinstance(path, str) for path in cached):
        return Path(str(cached[0])).parent
    return hub.download(name, [CONFIG, WEIGHTS])
