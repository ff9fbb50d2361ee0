"""Settings that vary in `fairy ablate`: `--k 0,1,3 --steps 5,10` makes six conditions, or four, one by one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from fairy.config import EMBEDDED, EditConfig
from fairy.errors import UsageError
from fairy.lab.ablation.cells import Settings, identify

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
    "k": int,
    "steps": int,
    "seed": int,
    "text-guidance": float,
    "image-guidance": float,
    "anchor-strength": float,
    "guided-share": float,
    "scheduler": str,
    "model": str,
    "noise": str,
}
SHARED, OWN = NOISES = ("shared", "own")
"""One noise for all frames, as in any edit; or each frame's own."""


@dataclass(frozen=True)
class AblationVariant:
    """One condition: its settings, and the values of what varies, by option."""

    name: str
    settings: Settings
    values: tuple[tuple[str, Any], ...]


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


def variants(axes: Mapping[str, Sequence[Any]], *, one_by_one: bool = False) -> list[AblationVariant]:
    """All combinations; `one_by_one` those that differ from the first values in one setting at most.

    Seeds have no part in the name: edits by several seeds are several samples of one condition.
    """
    firsts = {option: values[0] for option, values in axes.items()}
    found = [dict(zip(axes, values, strict=True)) for values in product(*axes.values())]
    if one_by_one:
        found = [each for each in found if sum(each[option] != firsts[option] for option in axes) <= 1]
    varied = [option for option, values in axes.items() if len(values) > 1 and option != "seed"]
    return [_variant(values, varied) for values in found]


def _variant(values: Mapping[str, Any], varied: Sequence[str]) -> AblationVariant:
    edit = EditConfig(**{EDIT_FIELDS[option]: value for option, value in values.items() if option in EDIT_FIELDS})
    settings = Settings(
        weights=identify(values.get("model", EMBEDDED)),
        edit=edit,
        scheduler=values.get("scheduler"),
        shared_noise=values.get("noise", SHARED) == SHARED,
    )
    if settings.scheduler:
        check_scheduler(settings.scheduler)
    shown = varied or list(values)[:1]
    name = ", ".join(f"{LABELS.get(option, option)} {_short(values[option])}" for option in shown) or "defaults"
    return AblationVariant(name, settings, tuple((option, values[option]) for option in values))


def check_scheduler(name: str) -> None:
    """UsageError where diffusers has no such scheduler."""
    from fairy.models.schedulers import scheduler_class

    scheduler_class(name)


def curves(found: Sequence[AblationVariant], option: str) -> dict[Any, str]:
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
