"""A CLIP checkpoint on disk or in the hub's cache: where it is, and how it wants its pictures. No torch here."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from huggingface_hub import snapshot_download
from huggingface_hub.errors import HfHubHTTPError, HFValidationError, HTTPError, LocalEntryNotFoundError

from fairy.errors import ModelError

FILES = ["config.json", "preprocessor_config.json", "tokenizer*", "vocab.json", "merges.txt", "special_tokens_map.json"]
WEIGHTS = ["model.safetensors", "model-*.safetensors", "model.safetensors.index.json"]
CLIP_MEAN = (0.48145466, 0.4578275, 0.40821073)
CLIP_STD = (0.26862954, 0.26130258, 0.27577711)


@dataclass(frozen=True)
class Preparation:
    """How a picture becomes what the network takes."""

    shortest_edge: int
    crop: int
    mean: tuple[float, ...] = CLIP_MEAN
    std: tuple[float, ...] = CLIP_STD


def find_checkpoint(name_or_path: str, *, download: bool = True) -> Path:
    """The folder of a CLIP by path or hub id, checked to hold one as safetensors; ModelError where there is none."""
    path = Path(name_or_path)
    if not path.is_dir():
        path = _fetch(name_or_path, download)
    kind = _read(path / "config.json", name_or_path).get("model_type")
    if kind != "clip":
        raise ModelError(f"{name_or_path} is a model of the kind {kind!r}; needed is a CLIP, in transformers' format")
    if not any(path.glob("model*.safetensors")):
        raise ModelError(f"{name_or_path} holds no safetensors: pickles, which can run code, are never loaded")
    if not (path / "tokenizer.json").is_file() and not (path / "vocab.json").is_file():
        raise ModelError(f"{name_or_path} is incomplete: tokenizer.json is missing")
    return path


def read_preparation(folder: Path, image_size: int) -> Preparation:
    """What preprocessor_config.json says; without one the network's own size and CLIP's colours."""
    path = folder / "preprocessor_config.json"
    if not path.is_file():
        return Preparation(image_size, image_size)
    config = _read(path, str(folder))
    size, crop = config.get("size", image_size), config.get("crop_size", image_size)
    return Preparation(
        shortest_edge=size.get("shortest_edge", image_size) if isinstance(size, dict) else int(size),
        crop=crop.get("height", image_size) if isinstance(crop, dict) else int(crop),
        mean=tuple(config.get("image_mean", CLIP_MEAN)),
        std=tuple(config.get("image_std", CLIP_STD)),
    )


def _fetch(repo_id: str, download: bool) -> Path:
    """The snapshot in the hub's cache, downloaded where that is allowed. The cache is believed."""
    allowed = [*FILES, *WEIGHTS]
    try:
        path = Path(snapshot_download(repo_id, allow_patterns=allowed, local_files_only=True))
        if any(path.glob("model*.safetensors")):
            return path
    except (LocalEntryNotFoundError, HFValidationError):
        pass
    if not download:
        raise ModelError(f"{repo_id} is not on this machine")
    try:
        return Path(snapshot_download(repo_id, allow_patterns=allowed))
    except HFValidationError as error:
        raise ModelError(f"{repo_id}: is neither a folder nor a hub id such as owner/name") from error
    except (HfHubHTTPError, HTTPError, OSError) as error:
        raise ModelError(
            f"{repo_id} is not on this machine as safetensors, and the hub does not give it. Check the name; where "
            f"there is a network run `hf download {repo_id}`; or give a local folder."
        ) from error


def _read(path: Path, name: str) -> dict[str, Any]:
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelError(f"{name} is no model folder: {path.name} is missing or no JSON") from error
    if not isinstance(values, dict):
        raise ModelError(f"{path} must hold one JSON object")
    return values
