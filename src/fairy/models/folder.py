"""A model on disk in diffusers' format: what it is, whether Fairy can edit with it, which files to read. No torch."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from fairy.errors import ModelError
from fairy.models.defaults import Defaults, Said, read_file
from fairy.models.families import families, family_of
from fairy.models.family import Components, Family

INDEX = "model_index.json"
SCHEDULER = "scheduler/scheduler_config.json"
DENOISERS = ("unet", "transformer")
PICKLES = (".bin", ".ckpt", ".pt", ".pth")
SMALL = (".json", ".txt", ".jinja")
"""Configuration and vocabulary."""


class IncompleteModelError(ModelError):
    """Files of a model are missing, as after an interrupted download."""


@dataclass(frozen=True)
class ModelFolder:
    """A diffusers folder whose configuration has been read and found fit; its weights may not be there yet."""

    name: str
    """As a user would give it to `load`."""
    path: Path
    index: dict[str, Any]
    """model_index.json"""

    @cached_property
    def family(self) -> Family:
        """The kind of editor that it is."""
        family = family_of(self.index.get("_class_name", ""))
        assert family is not None, f"{self.name} was never checked"
        return family

    @property
    def components(self) -> Components:
        """Its parts, with the classes that each may be of."""
        return self.family.PIPELINES[self.index["_class_name"]]

    @property
    def denoiser(self) -> str:
        """The component that denoises."""
        return next(part for part in self.components if part in DENOISERS)

    @property
    def text_encoders(self) -> tuple[str, ...]:
        """In the order in which their embeddings are joined."""
        return tuple(part for part in self.components if part.startswith("text_encoder"))

    @property
    def tokenizers(self) -> tuple[str, ...]:
        """What prepares text, and for some models pictures, for the encoders."""
        return tuple(part for part in self.components if part.startswith(("tokenizer", "processor")))

    @property
    def weighted(self) -> tuple[str, ...]:
        """The components that have weights."""
        return self.denoiser, "vae", *self.text_encoders

    @cached_property
    def _said(self) -> Said:
        return read_file(self.path)

    @property
    def defaults(self) -> Defaults:
        """The model's own: those of its fairy.json, and its family's for what that leaves out."""
        return self._said.over(self.family.defaults(self))

    @property
    def traits(self) -> Any:
        """What its fairy.json says to its family."""
        return self._said.traits

    def config(self, component: str) -> dict[str, Any]:
        """The configuration of a component."""
        return read_json(self.path / component / "config.json")

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
    folder.family.check(folder)
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
    for component in folder.weighted:
        folder.config(component)
        select_weights(folder, files, component, half=half)
    for tokenizer in folder.tokenizers:
        if tokenizer == "processor":
            read_json(folder.path / tokenizer / "preprocessor_config.json")
            continue
        # transformers would make a tokenizer with an empty vocabulary.
        if f"{tokenizer}/tokenizer.json" not in files and f"{tokenizer}/vocab.json" not in files:
            raise IncompleteModelError(f"{folder.name} is incomplete: {tokenizer}/tokenizer.json is missing.")
    read_json(folder.path / SCHEDULER)


def fingerprint(folder: ModelFolder, *, half: bool) -> str:
    """SHA-256 over the names and contents of all files that are read: configuration, vocabulary and chosen weights."""
    files = folder.files()
    weights = {file for part in folder.weighted for file in select_weights(folder, files, part, half=half).files}
    used = {*folder.weighted, *folder.tokenizers, "scheduler"}
    digest = hashlib.sha256()
    for file in files:
        head = file.split("/")[0]
        if file in weights or ((head in used or head == file) and file.endswith(SMALL)):
            digest.update(f"{file}\0{(folder.path / file).stat().st_size}\0".encode())
            with (folder.path / file).open("rb") as stream:
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
    if not isinstance(given, str) or family_of(given) is None:
        accepted = " or ".join(name for family in families() for name in family.PIPELINES)
        raise ModelError(
            f"{folder.name} is a {given}, which Fairy cannot edit by instruction with. Needed is a {accepted}."
        )


def _check_components(folder: ModelFolder) -> None:
    for component, accepted in folder.components.items():
        library, name = folder.index.get(component) or (None, None)
        if name not in accepted:
            raise ModelError(
                f"{folder.name}: its {component} is {library}.{name}; "
                f"accepted is {' or '.join(accepted)}. Code that comes with a model is never run."
            )
