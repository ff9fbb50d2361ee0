"""A LoRA (arXiv 2106.09685), found by path or hub id and added to a model's weights."""

from collections.abc import Iterable
from pathlib import Path

from safetensors import SafetensorError, safe_open

from fairy.errors import ModelError, UsageError
from fairy.models import hub
from fairy.models.bundle import Model
from fairy.models.folder import PICKLES

USUAL_NAME = "pytorch_lora_weights.safetensors"


def fuse_lora(model: Model, file: Path, scale: float) -> None:
    """Add `scale` times the LoRA in `file` to the weights of the denoiser and, where it has any, of the text encoders.

    Once added, the layers and the attention processors are plain again. Formats: diffusers, peft and kohya.
    """
    lora = model.config.lora or file.name
    _check_keys(file, lora)
    pipeline = model.family.pipeline(model)
    try:
        pipeline.load_lora_weights(file.parent, weight_name=file.name, use_safetensors=True)
        if not pipeline.get_list_adapters():
            raise ValueError("none of its layers is in this model")
        pipeline.fuse_lora(lora_scale=scale)
        pipeline.unload_lora_weights()
    except (ValueError, RuntimeError, KeyError, IndexError) as error:
        # torch puts a heading first, and then a line a tensor.
        lines = [line.strip().rstrip(".") for line in str(error).splitlines() if not line.endswith(":")]
        raise ModelError(
            f"The LoRA {lora} does not fit {model.name}: {lines[0]}. It must be made for the same base."
        ) from error


def find_lora(lora: str) -> Path:
    """The safetensors file that `lora` means: a file, a folder, owner/name or owner/name/file on the hub."""
    path = Path(lora).expanduser()
    if path.is_file():
        return path.parent / _pick([path.name], lora)
    if path.is_dir():
        return path / _pick((file.name for file in path.iterdir() if file.is_file()), lora)
    repo_id, file = "/".join(lora.split("/")[:2]), "/".join(lora.split("/")[2:])
    if not hub.is_hub_id(repo_id):
        raise ModelError(f"The LoRA {lora} is neither a file nor a folder nor a hub id (owner/name).")
    # A whole model has its weights in folders; a LoRA lies on top.
    return hub.fetch_file(
        repo_id, lambda files: _pick([file] if file else [name for name in files if "/" not in name], lora)
    )


def _pick(files: Iterable[str], lora: str) -> str:
    """The one file to read."""
    names = sorted(files)
    usable = [name for name in names if name.endswith(".safetensors")]
    if USUAL_NAME in usable:
        return USUAL_NAME
    if len(usable) > 1:
        raise UsageError(f"--lora {lora} holds several files: {', '.join(usable)}. Add the name of one to the path.")
    if not usable:
        found = "a pickle, which can run code" if any(name.endswith(PICKLES) for name in names) else "no LoRA"
        raise ModelError(f"{lora} is {found}; Fairy loads LoRAs from safetensors files alone.")
    return usable[0]


def _check_keys(file: Path, lora: str) -> None:
    try:
        with safe_open(file, "pt") as tensors:
            keys = list(tensors.keys())
    except SafetensorError as error:
        raise ModelError(f"{lora} is damaged or no safetensors file: {error}.") from error
    if not any("lora" in key.lower() for key in keys):
        raise ModelError(f"{lora} is no LoRA: none of its {len(keys)} tensors is named like one.")
