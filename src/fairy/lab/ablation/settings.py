"""What a cell of an ablation is edited with, and settings that vary: `--k 0,1,3 --steps 5,10` makes six conditions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from itertools import product
from pathlib import Path
from typing import Any

from fairy.config import EMBEDDED, EditConfig
from fairy.disk.hashes import hash_file, hash_text
from fairy.errors import UsageError
from fairy.method.anchors import DEFAULT_NUM_ANCHORS
from fairy.models import Defaults
from fairy.models.folder import fingerprint
from fairy.models.loading import find
from fairy.models.schedulers import scheduler_class

DIGITS = 16
EDIT_FIELDS = {
    "k": "num_anchors",
    "steps": "num_steps",
    "text-guidance": "text_guidance",
    "image-guidance": "image_guidance",
    "anchor-strength": "anchor_strength",
    "guided-share": "guided_share",
    "seed": "seed",
}
"""Options that are fields of EditConfig."""
LABELS = {"k": "K"}
KINDS: dict[str, Callable[[str], Any]] = {
    **dict.fromkeys(("k", "steps", "seed"), int),
    **dict.fromkeys(("text-guidance", "image-guidance", "anchor-strength", "guided-share"), float),
    **dict.fromkeys(("scheduler", "model", "noise"), str),
}
SHARED, OWN = NOISES = ("shared", "own")
"""One noise for all frames, as in any edit; or each frame's own."""


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


@dataclass(frozen=True)
class Condition:
    """One way to edit, to be compared with others."""

    name: str
    settings: Settings
    every: int = 1
    """In `make ablation`: done for each clip whose number this divides; what takes long is done for fewer."""
    values: tuple[tuple[str, Any], ...] = ()
    """In `fairy lab ablate`: the values of what varies, by option."""


@lru_cache
def identify(name: str) -> Weights:
    """The model that `fairy.load(name)` would load. ModelError where there is none."""
    folder = find(name, half=False)
    unet = sorted(path for path in Path(folder.path, folder.denoiser).iterdir() if path.suffix == ".safetensors")
    digests = "".join(hash_file(path) for path in unet)
    digest = digests if len(unet) == 1 else hash_text(digests)
    return Weights(name, fingerprint(folder, half=False)[:DIGITS], digest[:DIGITS], folder.defaults)


def parse_values(option: str, text: str) -> tuple[Any, ...]:
    """`0,1,3` and the like. UsageError where a value is not what the option takes, or is given twice."""
    words = [word.strip() for word in text.split(",")]
    try:
        values = tuple(KINDS[option](word) for word in words)
    except ValueError:
        kind = "whole numbers" if KINDS[option] is int else "numbers"
        raise UsageError(f"--{option} {text}: must be {kind}, with commas between") from None
    if option == "noise" and not set(values) <= set(NOISES):
        raise UsageError(f"--noise {text}: must be {' or '.join(NOISES)}, or both with a comma between")
    if len(set(values)) < len(values) or "" in values:
        raise UsageError(f"--{option} {text}: must be different values, with commas between")
    return values


def variants(axes: Mapping[str, Sequence[Any]], *, one_by_one: bool = False) -> list[Condition]:
    """All combinations; `one_by_one` those that differ from the first values in one setting at most.

    Seeds have no part in the name: edits by several seeds are several samples of one condition.
    """
    firsts = {option: values[0] for option, values in axes.items()}
    found = [dict(zip(axes, values, strict=True)) for values in product(*axes.values())]
    if one_by_one:
        found = [each for each in found if sum(each[option] != firsts[option] for option in axes) <= 1]
    varied = [option for option, values in axes.items() if len(values) > 1 and option != "seed"]
    return [_variant(values, varied) for values in found]


def _variant(values: Mapping[str, Any], varied: Sequence[str]) -> Condition:
    edit = EditConfig(**{EDIT_FIELDS[option]: value for option, value in values.items() if option in EDIT_FIELDS})
    settings = Settings(
        weights=identify(values.get("model", EMBEDDED)),
        edit=edit,
        scheduler=values.get("scheduler"),
        shared_noise=values.get("noise", SHARED) == SHARED,
    )
    if settings.scheduler:
        scheduler_class(settings.scheduler)
    shown = varied or list(values)[:1]
    name = ", ".join(f"{LABELS.get(option, option)} {_short(values[option])}" for option in shown) or "defaults"
    return Condition(name, settings, values=tuple((option, values[option]) for option in values))


def curves(found: Sequence[Condition], option: str) -> dict[Any, str]:
    """Conditions over one option's values, everything else at its first value: {value: name}."""
    firsts = dict(found[0].values)
    if option not in firsts:
        return {}
    along: dict[Any, str] = {}
    for variant in found:
        values = dict(variant.values)
        if all(value == firsts[other] for other, value in values.items() if other != option):
            along[values[option]] = variant.name
    return along if len(along) > 1 else {}


def _short(value: Any) -> str:
    """A value in a condition's name: a model by the last part of its path."""
    if isinstance(value, float):
        return f"{value:g}"
    return str(value).rstrip("/").rpartition("/")[2]
