"""The networks and estimators of a measurement: found by name, loaded once, used for many clips."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from huggingface_hub import try_to_load_from_cache

from fairy.errors import MissingPackageError, ModelError
from fairy.lab.metrics.flow import Estimator, load_estimator
from fairy.lab.metrics.settings import DEFAULT_CLIP, ESTIMATORS, OFF, MetricSettings
from fairy.models.folder import read_json
from fairy.models.hub import download, is_hub_id

if TYPE_CHECKING:
    from fairy.lab.metrics.clip import ClipEmbedder

Perceptual = Callable[[np.ndarray, np.ndarray], float]
"""How different two frames look, uint8 (H, W, 3); 0 is alike."""
CLIP_FILES = ("config.json", "preprocessor_config.json", "tokenizer*", "vocab.json", "merges.txt")
WEIGHTS = ("model.safetensors", "model-*.safetensors", "model.safetensors.index.json")


@dataclass(frozen=True, kw_only=True)
class Tools:
    """What `score` measures with; what is None is left out."""

    estimate: Estimator
    """Optical flow between any two pictures."""
    clip: ClipEmbedder | None = None
    pickscore: ClipEmbedder | None = None
    lpips: Perceptual | None = None
    notes: tuple[str, ...] = ()
    """Why something is left out."""


def load_tools(settings: MetricSettings) -> Tools:
    """Load what `settings` ask for; they depend on its flow, clip, pickscore, lpips and device alone.

    Raises ModelError where a model that was asked for cannot be loaded, MissingPackageError where a package is missing.
    """
    clip = find_clip(settings)
    notes = (
        f"the CLIP metrics are left out: {DEFAULT_CLIP} is not on this machine. --clip {DEFAULT_CLIP} downloads it"
        " (1.7 GB), --clip FOLDER takes another, --clip off says that none is wanted",
    )
    pickscore = settings.pickscore and find_clip_folder(settings.pickscore)
    return Tools(
        estimate=load_estimator(settings.flow if settings.flow in ESTIMATORS else ESTIMATORS[0], settings.device),
        clip=_load_clip(clip, settings.device) if clip else None,
        pickscore=_load_clip(pickscore, settings.device) if pickscore else None,
        lpips=load_lpips(settings.device) if settings.lpips else None,
        notes=() if clip or settings.clip == OFF else notes,
    )


def find_clip(settings: MetricSettings) -> Path | None:
    """The folder of the CLIP that `settings` mean; None where there is to be none, or the usual one is not at hand.

    Raises ModelError where one was asked for that cannot be had. Imports no torch.
    """
    if settings.clip == OFF:
        return None
    if settings.clip is not None:
        return find_clip_folder(settings.clip)
    return find_clip_folder(DEFAULT_CLIP) if _cached(DEFAULT_CLIP) else None


def find_clip_folder(name_or_path: str) -> Path:
    """The folder of a CLIP by path or hub id, checked to hold one as safetensors; ModelError where there is none."""
    path = Path(name_or_path)
    if not path.is_dir():
        if not is_hub_id(name_or_path):
            raise ModelError(f"{name_or_path}: is neither a folder nor a hub id such as owner/name")
        path = _cached(name_or_path) or download(name_or_path, [*CLIP_FILES, *WEIGHTS])
    kind = read_json(path / "config.json").get("model_type")
    if kind != "clip":
        raise ModelError(f"{name_or_path} is a model of the kind {kind!r}; needed is a CLIP, in transformers' format")
    if not any(path.glob("model*.safetensors")):
        raise ModelError(f"{name_or_path} holds no safetensors: pickles, which can run code, are never loaded")
    if not (path / "tokenizer.json").is_file() and not (path / "vocab.json").is_file():
        raise ModelError(f"{name_or_path} is incomplete: tokenizer.json is missing")
    return path


def load_lpips(device: str) -> Perceptual:
    """LPIPS (Zhang et al., arXiv 1801.03924) with AlexNet, by the package lpips, which needs torchvision.

    MissingPackageError where they are missing.
    """
    try:
        lpips = import_module("lpips")
    except ImportError as error:
        raise MissingPackageError(
            "--lpips needs the package lpips and a torchvision that fits your torch: pip install lpips"
        ) from error
    import torch

    from fairy.models.device import choose_device

    place = choose_device(device)
    network = lpips.LPIPS(net="alex", verbose=False).eval().to(place)

    def measure(source: np.ndarray, edited: np.ndarray) -> float:
        pair = (torch.from_numpy(np.ascontiguousarray(frame)).to(place) for frame in (source, edited))
        with torch.inference_mode():
            return float(network(*(frame.permute(2, 0, 1)[None].float() / 127.5 - 1 for frame in pair)))

    return measure


def _cached(repo_id: str) -> Path | None:
    """The snapshot in the hub's cache, if there are weights in it. The cache is believed."""
    config = try_to_load_from_cache(repo_id, "config.json")
    folder = Path(config).parent if isinstance(config, str) else None
    return folder if folder and any(folder.glob("model*.safetensors")) else None


def _load_clip(folder: Path, device: str) -> ClipEmbedder:
    from fairy.lab.metrics.clip import load_clip

    return load_clip(folder, device)
