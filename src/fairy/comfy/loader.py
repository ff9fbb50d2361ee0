"""The node that loads a model."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import folder_paths
from comfy_api.latest import io
from huggingface_hub import constants

from fairy.comfy import device
from fairy.comfy.bank import FairyModel
from fairy.comfy.settings import others
from fairy.comfy.settings import read as read_settings
from fairy.comfy.widgets import inputs
from fairy.comfy.words import in_one_line
from fairy.config import EMBEDDED, ModelConfig
from fairy.errors import ModelError
from fairy.models import list_models
from fairy.models.folder import check_complete, open_folder

NO_LORA = "none"
OWN_WIDGETS = ("model", "lora", "device", "dtype", "compile", "micro_batch")
"""Fields that this node asks for in another way, or not at all: compiled kernels stay where they were made."""


class LoadModel(io.ComfyNode):
    """Load Fairy Model."""

    @classmethod
    def define_schema(cls) -> Any:
        """What the node asks for."""
        return io.Schema(
            node_id="FairyLoadModel",
            display_name="Load Fairy Model",
            category="fairy",
            description="A model that edits by an instruction. It takes the device only while a Fairy node works.",
            inputs=[
                io.Combo.Input(
                    "model",
                    options=list(known_models()),
                    default=EMBEDDED,
                    tooltip="The embedded model, folders in models/diffusers, and what is in the Hugging Face cache.",
                ),
                io.String.Input(
                    "other_model",
                    default="",
                    tooltip="A folder in diffusers' format, or a hub id such as timbrooks/instruct-pix2pix, in place of"
                    " the list. What is not on this machine is downloaded.",
                ),
                io.Combo.Input(
                    "precision",
                    options=["auto", "float32", "bfloat16", "float16"],
                    default="auto",
                    tooltip="How exactly to compute. auto: float32 on the CPU, 16 bits on a GPU.",
                ),
                io.Combo.Input(
                    "lora",
                    options=[NO_LORA, *folder_paths.get_filename_list("loras")],
                    default=NO_LORA,
                    tooltip="A LoRA of models/loras to put on the model.",
                ),
                *inputs(ModelConfig, *others(ModelConfig, *OWN_WIDGETS)),
            ],
            outputs=[FairyModel.Output(display_name="model")],
        )

    @classmethod
    def execute(cls, model: str, other_model: str, precision: str, lora: str, **values: Any) -> Any:
        """The loaded model."""
        name = other_model.strip() or known_models().get(model, model)
        file = None if lora == NO_LORA else folder_paths.get_full_path_or_raise("loras", lora)
        chosen = {"model": name, "lora": file, "dtype": precision, "device": device.device_name()}
        with in_one_line():
            return io.NodeOutput(device.load(read_settings(ModelConfig, values | chosen)))


def known_models() -> dict[str, str]:
    """What is on this machine, by the name that the list shows."""
    folders = [Path(folder) for folder in folder_paths.get_folder_paths("diffusers")]
    cache = Path(constants.HF_HUB_CACHE)
    places = tuple((path, path.stat().st_mtime_ns if path.is_dir() else 0) for path in (cache, *folders))
    return _known_models(places)


@lru_cache(1)
def _known_models(places: tuple[tuple[Path, int], ...]) -> dict[str, str]:
    """The same, looked for again when one of the folders has changed: ComfyUI asks at every turn."""
    found = {entry.name: entry.name for entry in list_models()}
    for folder, _ in places[1:]:
        for path in sorted(folder.iterdir()) if folder.is_dir() else ():
            if is_model(path):
                found[f"{folder.name}/{path.name}"] = str(path)
    return found


def is_model(path: Path) -> bool:
    """Whether a folder is one that Fairy can edit with."""
    try:
        check_complete(open_folder(path, str(path)), half=True)
    except ModelError:
        return False
    return True
