"""By which a model is known again: digests of the files that it was loaded from, and versions of what computes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import distributions, version
from pathlib import Path

from fairy.disk.hashes import hash_file
from fairy.models.folder import ModelFolder, fingerprint

COMPUTING = ("torch", "diffusers", "transformers", "av")


@dataclass(frozen=True)
class Identity:
    """Everything of a model that decides a pixel, besides its configuration."""

    model: str
    """SHA-256 of configuration, vocabulary and weights."""
    added: tuple[str, ...]
    """BLAKE2b of the LoRA and of the decoder, as far as there are any."""
    versions: Mapping[str, str]
    """Of all packages that take part."""


def identify(folder: ModelFolder, added: Sequence[Path], *, half: bool, compile: str) -> Identity:
    """Of files as they lie there now; `half` tells which weights were chosen."""
    return Identity(fingerprint(folder, half=half), tuple(map(hash_file, added)), versions(compile))


def versions(compile: str = "off") -> dict[str, str]:
    """Of everything that takes part in computing a pixel; of what is not there, nothing."""
    computing = (*COMPUTING, "openvino") if compile.startswith(("auto", "openvino")) else COMPUTING
    found = {each.name: each.version for name in computing for each in distributions(name=name)}
    return {"fairy": version("fairy-video"), **found}
