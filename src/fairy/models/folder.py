"""A model on disk in diffusers' format: what it is, whether Fairy can edit with it, which files to read. No torch."""

import hashlib
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from fairy.errors import ModelError
from fairy.models.defaults import COSXL, SDXL, Defaults, read_defaults

INDEX = "model_index.json"
SCHEDULER = "scheduler/scheduler_config.json"

# The pipelines of diffusers that Fairy edits with: their text encoders with the tokenizers.
PIPELINES = {
    "StableDiffusionInstructPix2PixPipeline": {"text_encoder": "tokenizer"},
    "StableDiffusionXLInstructPix2PixPipeline": {"text_encoder": "tokenizer", "text_encoder_2": "tokenizer_2"},
}
# What a folder may name as a component. Everything else would be code that comes with the weights.
CLASSES = {
    "unet": ("UNet2DConditionModel",),
    "vae": ("AutoencoderKL", "AutoencoderTiny"),
    "text_encoder": ("CLIPTextModel",),
    "text_encoder_2": ("CLIPTextModelWithProjection",),
    "tokenizer": ("CLIPTokenizer", "CLIPTokenizerFast"),
    "tokenizer_2": ("CLIPTokenizer", "CLIPTokenizerFast"),
}
PICKLES = (".bin", ".ckpt", ".pt", ".pth")


class IncompleteModelError(ModelError):
    """Files of a model are missing, as after an interrupted download."""


@dataclass(frozen=True)
class ModelFolder:
    """A diffusers folder whose configuration has been read and found fit; its weights may not be there yet."""

    name: str  # as a user would give it to `load`
    path: Path
    index: dict[str, Any]  # model_index.json

    @cached_property
    def text_components(self) -> dict[str, str]:
        """Text encoders with their tokenizers, in the order in which their embeddings are joined."""
        return PIPELINES[self.index["_class_name"]]

    @property
    def weighted_components(self) -> tuple[str, ...]:
        """The components that have weights."""
        return "unet", "vae", *self.text_components

    @property
    def is_cosxl_edit(self) -> bool:
        """CosXL edit scales the source's latents; diffusers takes it from the same entry of model_index.json."""
        return bool(self.index.get("is_cosxl_edit"))

    @property
    def zeroes_empty_prompt(self) -> bool:
        """Whether the empty prompt is embedded as zeros (SDXL) instead of by the text encoders."""
        return len(self.text_components) == 2 and bool(self.index.get("force_zeros_for_empty_prompt", True))

    @property
    def defaults(self) -> Defaults:
        family = Defaults() if len(self.text_components) == 1 else COSXL if self.is_cosxl_edit else SDXL
        return read_defaults(self.path, family)

    def files(self) -> list[str]:
        """The paths of all files, relative to the folder, with forward slashes."""
        return sorted(path.relative_to(self.path).as_posix() for path in self.path.rglob("*") if path.is_file())


@dataclass(frozen=True)
class Weights:
    """The safetensors files of one component."""

    files: tuple[str, ...]
    variant: str | None  # diffusers' and transformers' word for the middle part of a file's name


def open_folder(path: Path, name: str | None = None) -> ModelFolder:
    """Read the configuration of the diffusers folder `path`; ModelError where Fairy cannot edit with it."""
    shown = name or str(path)
    if not (path / INDEX).is_file():
        raise ModelError(f"{shown} is no diffusers folder: {INDEX} is missing. See `fairy models`.")
    folder = ModelFolder(shown, path, read_json(path / INDEX))
    _check_pipeline(folder)
    _check_components(folder)
    _check_channels(folder)
    return folder


def select_weights(folder: ModelFolder, files: Iterable[str], component: str, *, half: bool) -> Weights:
    """Which of `files` to read for `component`: those of the precision asked for, else the others; never a pickle."""
    stem = "model" if component.startswith("text_encoder") else "diffusion_pytorch_model"
    own = [file for file in files if file.startswith(f"{component}/")]
    shard = r"(?:-\d{5}-of-(\d{5}))?"
    patterns = {
        None: rf"{component}/{stem}{shard}\.safetensors",
        "fp16": rf"{component}/{stem}(?:\.fp16{shard}|{shard}\.fp16)\.safetensors",
    }
    for variant in ("fp16", None) if half else (None, "fp16"):
        matches = [match for file in own if (match := re.fullmatch(patterns[variant], file))]
        totals = [int(total) for match in matches for total in match.groups() if total]
        if matches and len(matches) >= max(totals, default=1):
            return Weights(tuple(match.string for match in matches), variant)
    if any(file.endswith(PICKLES) for file in own):
        raise IncompleteModelError(
            f"{folder.name} has its {component} only as a pickle, which can run code; Fairy loads safetensors alone. "
            f"If you trust it, convert it once in Python: diffusers.DiffusionPipeline.from_pretrained({folder.name!r}, "
            "use_safetensors=False).save_pretrained(NEW_FOLDER)"
        )
    raise IncompleteModelError(
        f"{folder.name} is incomplete: {component}/{stem}.safetensors or a part of it is missing."
    )


def check_complete(folder: ModelFolder, *, half: bool) -> None:
    """IncompleteModelError unless everything that will be read is there (a download may have been interrupted)."""
    files = folder.files()
    for component in folder.weighted_components:
        read_json(folder.path / component / "config.json")
        select_weights(folder, files, component, half=half)
    for tokenizer in folder.text_components.values():
        # transformers would make a tokenizer with an empty vocabulary.
        if f"{tokenizer}/tokenizer.json" not in files and f"{tokenizer}/vocab.json" not in files:
            raise IncompleteModelError(f"{folder.name} is incomplete: {tokenizer}/tokenizer.json is missing.")
    read_json(folder.path / SCHEDULER)


def fingerprint(path: Path) -> str:
    """SHA-256 over the names and contents of a model folder's configuration, vocabulary and safetensors files."""
    folder = open_folder(path)
    used = {*folder.weighted_components, *folder.text_components.values(), "scheduler"}
    digest = hashlib.sha256()
    for file in folder.files():
        head = file.split("/")[0]
        if (head in used or head == file) and file.endswith((".json", ".txt", ".safetensors")):
            digest.update(f"{file}\0{(path / file).stat().st_size}\0".encode())
            with (path / file).open("rb") as stream:
                while block := stream.read(1 << 20):
                    digest.update(block)
    return digest.hexdigest()


def read_json(path: Path) -> dict[str, Any]:
    """One JSON object from a model's folder."""
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise IncompleteModelError(f"{path} is missing: the model folder is incomplete.") from error
    except ValueError as error:
        raise ModelError(f"{path} is not JSON: {error}.") from error
    if not isinstance(values, dict):
        raise ModelError(f"{path} must hold one JSON object.")
    return values


def _check_pipeline(folder: ModelFolder) -> None:
    given = folder.index.get("_class_name")
    if given not in PIPELINES:
        raise ModelError(
            f"{folder.name} is a {given}, which does not edit by instruction. Needed is a "
            f"{' or '.join(PIPELINES)}, whose denoiser has 8 input channels (2 x 4 latent channels)."
        )


def _check_components(folder: ModelFolder) -> None:
    for component in (*folder.weighted_components, *folder.text_components.values()):
        library, name = folder.index.get(component) or (None, None)
        if name not in CLASSES[component]:
            raise ModelError(
                f"{folder.name}: its {component} is {library}.{name}; "
                f"accepted is {' or '.join(CLASSES[component])}. Code that comes with a model is never run."
            )


def _check_channels(folder: ModelFolder) -> None:
    unet = read_json(folder.path / "unet" / "config.json")
    latent = read_json(folder.path / "vae" / "config.json").get("latent_channels", 4)
    given = unet.get("in_channels", 4)
    if given != 2 * latent:
        kinds = {latent: "a text-to-image model", 2 * latent + 1: "an inpainting model"}
        raise ModelError(
            f"{folder.name} is {kinds.get(given, 'another kind of model')}: its denoiser has {given} input channels. "
            f"Editing by instruction needs {2 * latent} = 2 x {latent} latent channels, for noise and source."
        )
