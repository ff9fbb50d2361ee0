"""What a page offers: clips that are built in, instructions to click, models and LoRAs that are on disk. No torch."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from huggingface_hub import constants

from fairy.config import EMBEDDED
from fairy.errors import ModelError, UsageError
from fairy.models import Defaults, list_models
from fairy.models.folder import check_complete, open_folder
from fairy.models.lora import USUAL_NAME
from fairy.web.settings import WebConfig, Wish


@dataclass(frozen=True)
class Example:
    """A clip that is built in, and what it is first tried with."""

    title: str
    instruction: str


EXAMPLES = {
    "cat.mp4": Example("Cat", "make it snow"),
    "coffee.mp4": Example("Coffee", "make it night"),
    "demo.mp4": Example("Cube, with sound", "turn it into a cartoon"),
    "hills.mp4": Example("Hills", "make it sunset"),
    "sea.mp4": Example("Sea, upright", "make it a mosaic"),
}
INSTRUCTIONS = (
    "make it night",
    "make it snow",
    "make it sunset",
    "turn it into a pencil sketch",
    "make it an oil painting",
    "turn it into a cartoon",
    "make it a watercolor",
    "turn it into neon lights",
    "make it a mosaic",
)
"""All of them known to the embedded model."""


NOTHING_USUAL = Defaults(long_side=0, num_steps=0, text_guidance=-1, image_guidance=-1, scheduler="")


@dataclass(frozen=True)
class Choices:
    """Models and LoRAs by the names that a page shows; the values are what `fairy edit` takes."""

    models: dict[str, str]
    defaults: dict[str, Defaults]
    """By the values of `models`."""
    loras: dict[str, str]

    def usual(self, model: str) -> Defaults:
        """What a model does by itself; of one that is not here any more nothing is known."""
        return self.defaults.get(model, NOTHING_USUAL)

    def check(self, wish: Wish) -> None:
        """Refuse what is not offered: over the API any text could come, and a path must not."""
        if wish.model not in self.defaults:
            raise UsageError(f"the model {wish.model} is not offered here; choose one of {', '.join(self.defaults)}")
        if wish.lora and wish.lora not in self.loras.values():
            raise UsageError(f"the LoRA {wish.lora} is not offered here; choose one of {_listed(self.loras)}")


def find_choices(config: WebConfig) -> Choices:
    """What is on disk now."""
    models, defaults = {}, {}
    for entry in list_models():
        models[EMBEDDED if entry.name == EMBEDDED else entry.name] = entry.name
        defaults[entry.name] = entry.defaults
    for path in _subfolders(config.models):
        try:
            folder = open_folder(path, str(path))
            check_complete(folder, half=True)
        except ModelError:  # a folder of another kind
            continue
        models[path.name] = str(path)
        defaults[str(path)] = folder.defaults
    return Choices(models, defaults, find_loras(config))


def find_loras(config: WebConfig) -> dict[str, str]:
    """LoRAs in the folder that was named, and those in the hub's cache."""
    loras = {}
    if config.loras is not None:
        if not config.loras.is_dir():
            raise UsageError(f"--loras {config.loras}: that is no folder; give one that holds .safetensors files")
        loras = {path.stem: str(path) for path in sorted(config.loras.glob("*.safetensors"))}
    for file in sorted(Path(constants.HF_HUB_CACHE).glob(f"models--*/snapshots/*/{USUAL_NAME}")):
        name = file.parts[-4].removeprefix("models--").replace("--", "/")
        loras[name] = name
    return loras


def example(name: str) -> Path:
    """A clip that is built in. UsageError where there is none of that name."""
    if name not in EXAMPLES:
        raise UsageError(f"there is no example {name!r}; there are {', '.join(EXAMPLES)}")
    return Path(str(files("fairy").joinpath("video", "clips", name)))


def _subfolders(folder: Path | None) -> list[Path]:
    if folder is None:
        return []
    if not folder.is_dir():
        raise UsageError(f"--models {folder}: that is no folder; give one that holds models in diffusers' format")
    return sorted(path for path in folder.iterdir() if path.is_dir())


def _listed(names: dict[str, str]) -> str:
    return ", ".join(names.values()) or "none: there is no LoRA here"
