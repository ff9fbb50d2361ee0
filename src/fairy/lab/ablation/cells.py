"""What a cell of an ablation is edited with: the model, known without being loaded, and all settings."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from fairy.config import EditConfig
from fairy.disk.hashes import hash_file, hash_text
from fairy.method.anchors import DEFAULT_NUM_ANCHORS
from fairy.models import Defaults
from fairy.models.folder import fingerprint
from fairy.models.loading import find

DIGITS = 16


@dataclass(frozen=True)
class Weights:
    """A model as it is named in results, known without being loaded."""

    name: str
    """What `fairy.load` is asked for."""
    fingerprint: str
    """Of everything in its folder that decides a bit."""
    unet: str
    """BLAKE2b of the denoiser's weights file."""
    defaults: Defaults


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What an edit is made with."""

    weights: Weights
    edit: EditConfig = field(default_factory=EditConfig)
    scheduler: str | None = None
    shared_noise: bool = True
    """One noise for all frames; otherwise each has its own."""
    all_together: bool = False
    """All frames are anchors: each attends to all of every other. What anchors come near to, at any cost."""

    @property
    def num_anchors(self) -> int:
        """K."""
        return DEFAULT_NUM_ANCHORS if self.edit.num_anchors is None else self.edit.num_anchors

    @property
    def num_steps(self) -> int:
        """Denoising steps."""
        return self.edit.resolved(self.weights.defaults).num_steps

    def facts(self) -> dict[str, Any]:
        """All that decides the edit, besides the frames and the instruction; where the model lies does not."""
        return {
            "model": self.weights.fingerprint,
            "scheduler": self.scheduler or self.weights.defaults.scheduler,
            "num_anchors": self.num_anchors,
            **asdict(self.edit.resolved(self.weights.defaults)),
            "shared_noise": self.shared_noise,
            **({"all_together": True} if self.all_together else {}),
        }


@lru_cache
def identify(name: str) -> Weights:
    """The model that `fairy.load(name)` would load. ModelError where there is none."""
    folder = find(name, half=False)
    unet = sorted(path for path in Path(folder.path, folder.denoiser).iterdir() if path.suffix == ".safetensors")
    digests = "".join(hash_file(path) for path in unet)
    digest = digests if len(unet) == 1 else hash_text(digests)
    return Weights(name, fingerprint(folder, half=False)[:DIGITS], digest[:DIGITS], folder.defaults)
