"""A trained model as a diffusers folder, which `fairy edit --model`, diffusers' stock pipeline and `fairy train` open.

What has not learned is copied, file by file; a LoRA is a single file. Folders appear whole or not at all.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from diffusers import UNet2DConditionModel
from safetensors import safe_open

from fairy.lab.training.settings import TrainConfig
from fairy.models import Model
from fairy.models.defaults import FILE_NAME
from fairy.models.folder import INDEX, ModelFolder, open_folder, select_weights
from fairy.models.quiet import quiet_libraries

SETTINGS = "training.json"
SAVE_DTYPES = {"float32": torch.float32, "float16": torch.float16, "bfloat16": torch.bfloat16}


def save_model(model: Model, config: TrainConfig, folder: Path) -> None:
    """Write what has learned to `folder`, in place of what is there: a whole model, or a LoRA."""
    with replacing(folder) as part:
        if config.lora_rank:
            from fairy.lab.training.adapters import save_adapters

            encoder = model.text_encoders[0] if config.train_text_encoder else None
            save_adapters(model.denoiser, encoder, config, part, is_xl=len(model.text_encoders) > 1)
        else:
            _save_parts(model, config, part)
        (part / SETTINGS).write_text(json.dumps(asdict(config), indent=2) + "\n")


@contextmanager
def replacing(folder: Path) -> Iterator[Path]:
    """An empty folder beside `folder`, which takes its place when all has gone well."""
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}.", dir=folder.parent) as temporary:
        part, former = Path(temporary) / "new", Path(temporary) / "former"
        part.mkdir()
        yield part
        if folder.exists():
            folder.rename(former)
        part.rename(folder)


def stock_unet(unet: Any, dtype: torch.dtype) -> UNet2DConditionModel:
    """The UNet of its own configuration: kernels that were shrunk to 1 x 1 are padded to 3 x 3 again."""
    config = {name: value for name, value in unet.config.items() if name != "_name_or_path"}
    with torch.device("meta"):
        stock = UNet2DConditionModel.from_config(config)
    state = {name: tensor.detach().cpu() for name, tensor in unet.state_dict().items()}
    widened = {name: tensor.to(dtype).contiguous() for name, tensor in widen(state, stock).items()}
    stock.load_state_dict(widened, assign=True)
    return stock


def _save_parts(model: Model, config: TrainConfig, part: Path) -> None:
    base = open_folder(model.folder.path, model.name)
    encoders = dict(zip(base.text_encoders, model.text_encoders, strict=True))
    modules = {"vae": model.vae, **encoders}
    with quiet_libraries():
        stock_unet(model.denoiser, SAVE_DTYPES[config.save_dtype]).save_pretrained(part / "unet")
        for component in base.weighted[1:]:
            if component == "text_encoder" and config.train_text_encoder:
                # Transformers opens a text encoder in the type it was saved in, diffusers the others in float32.
                encoders[component].save_pretrained(part / component)
            else:
                _copy_component(base, component, modules[component], part)
    for component in ("scheduler", *base.tokenizers):
        shutil.copytree(base.path / component, part / component, copy_function=shutil.copyfile)
    known = {"unet", "scheduler", *base.weighted, *base.tokenizers}
    # A safety checker is not loaded by Fairy, so it cannot be passed on.
    index = {
        name: [None, None] if isinstance(value, list) and name not in known else value
        for name, value in base.index.items()
        if name != "_name_or_path"
    }
    if "requires_safety_checker" in index:
        index["requires_safety_checker"] = False
    (part / INDEX).write_text(json.dumps(index, indent=2) + "\n")
    (part / FILE_NAME).write_text(json.dumps(asdict(model.defaults) | dict(base.traits), indent=2) + "\n")


def _copy_component(base: ModelFolder, component: str, module: Any, part: Path) -> None:
    """The files as they are. A text encoder that exists in 16 bits alone is written in float32: see above."""
    weights = select_weights(base, base.files(), component, half=False)
    if weights.variant and component != "vae":
        module.save_pretrained(part / component)
        return
    (part / component).mkdir()
    shutil.copyfile(base.path / component / "config.json", part / component / "config.json")
    for file in weights.files:
        name = file.replace(f".{weights.variant}", "")  # what is opened where nobody asks for a variant
        shutil.copyfile(base.path / file, part / name)
    if len(weights.files) > 1:
        _write_index(part / component, [Path(file.replace(f".{weights.variant}", "")).name for file in weights.files])


def _write_index(folder: Path, files: list[str]) -> None:
    """Which tensor is in which of several files."""
    places: dict[str, str] = {}
    size = 0
    for file in files:
        with safe_open(folder / file, "pt") as tensors:
            places |= dict.fromkeys(tensors.keys(), file)
        size += (folder / file).stat().st_size
    stem = files[0].split("-00001-of-")[0]
    index = {"metadata": {"total_size": size}, "weight_map": places}
    (folder / f"{stem}.safetensors.index.json").write_text(json.dumps(index, indent=2) + "\n")


def widen(state: dict[str, torch.Tensor], unet: UNet2DConditionModel) -> dict[str, torch.Tensor]:
    """The weights of a narrowed UNet as those of a stock one: 1 x 1 kernels in the centre of 3 x 3 zeros."""
    shapes = {name: tensor.shape for name, tensor in unet.state_dict().items()}
    widened = {}
    for name, tensor in state.items():
        grown = tensor.ndim == 4 and shapes[name][-1] == 3 and tensor.shape[-1] == 1
        widened[name] = torch.nn.functional.pad(tensor, (1, 1, 1, 1)) if grown else tensor
    return widened
