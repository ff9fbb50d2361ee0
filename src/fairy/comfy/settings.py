"""Fields of Fairy's settings as the widgets of a node, and back. Nothing of ComfyUI here.

Every field is a widget with the help text that stands below it. A widget always has a value, so one stands for None:
-1 of numbers, nothing of texts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import MISSING, dataclass, fields
from types import UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from docstring_parser import parse_from_object

from fairy.config import DETAILS, MAX_SEED, MAX_STEPS

Settings = TypeVar("Settings")
UNSET = -1
"""Stands for None where a number is asked for."""

RANGES: dict[str, tuple[float, float, float]] = {
    "num_anchors": (0, 64, 1),
    "num_steps": (1, MAX_STEPS, 1),
    "text_guidance": (0, 30, 0.1),
    "image_guidance": (0, 10, 0.05),
    "anchor_strength": (0, 10, 0.05),
    "seed": (0, MAX_SEED, 1),
    "guided_share": (0, 1, 0.05),
    "lora_scale": (-10, 10, 0.05),
    "long_side": (32, 8192, 1),
    "start": (0, 1_000_000, 0.01),
    "end": (0, 1_000_000, 0.01),
    "quality": (0, 63, 1),
    "feather": (0, 256, 1),
}
"""The least, the greatest and the step of the numbers."""
ANY_NUMBER = (0, 1_000_000, 1)
CHOICES: dict[str, tuple[str, ...]] = {
    "detail": DETAILS,
    "dtype": ("auto", "float32", "bfloat16", "float16"),
    "shots": ("auto", "off"),
}
"""Of texts that are one of a few."""
UNSET_MEANS = {
    "num_anchors": "3, or all where there are fewer",
    "start": "the beginning",
    "end": "the end",
    "quality": "the format's own",
    "codec": "the format's own",
    "scheduler": "the model's own",
    "decoder": "the model's own",
}
"""What is used where a setting is None; of the others it is the model's own."""


@dataclass(frozen=True)
class Widget:
    """One setting as a node shows it."""

    name: str
    kind: type
    """bool, int, float or str."""
    default: Any
    tooltip: str
    low: float = 0
    high: float = 0
    step: float = 1
    choices: tuple[str, ...] = ()


def widgets(settings: type, *names: str) -> list[Widget]:
    """Of these fields of a dataclass of settings, in this order; of all fields where none is named."""
    known = {field.name: field for field in fields(settings)}
    kinds, told = get_type_hints(settings), help_texts(settings)
    return [_widget(name, kinds[name], known[name].default, told.get(name, "")) for name in names or known]


def others(settings: type, *names: str) -> tuple[str, ...]:
    """The names of all fields but these."""
    return tuple(field.name for field in fields(settings) if field.name not in names)


def help_texts(settings: type) -> dict[str, str]:
    """What stands below each field."""
    return {each.arg_name: " ".join((each.description or "").split()) for each in parse_from_object(settings).params}


def _widget(name: str, hint: Any, default: Any, told: str) -> Widget:
    assert default is not MISSING, f"{name} has no default"
    optional = type(None) in get_args(hint)
    kind = next(each for each in get_args(hint) if each is not type(None)) if _is_union(hint) else hint
    number = kind in (int, float)
    if optional:
        unset, means = UNSET if number else "Nothing", UNSET_MEANS.get(name, "the model's own")
        told += f" {unset}: {means}."
    low, high, step = RANGES.get(name, ANY_NUMBER)
    given = default if default is not None else kind(UNSET) if number else ""
    low = UNSET if optional else low
    return Widget(name, kind, given, told, kind(low) if number else 0, high, step, CHOICES.get(name, ()))


def _is_union(hint: Any) -> bool:
    return get_origin(hint) in (Union, UnionType)


def read(settings: type[Settings], values: Mapping[str, Any]) -> Settings:
    """The settings that a node's values mean; what is no field of theirs is left out. UsageError where one is wrong."""
    known: Iterable[Any] = fields(settings)  # type: ignore[arg-type]
    given = {field.name: values[field.name] for field in known if field.name in values}
    hints = get_type_hints(settings)
    return settings(**{name: _meant(hints[name], value) for name, value in given.items()})


def _meant(hint: Any, value: Any) -> Any:
    """None for what stands for it."""
    if type(None) in get_args(hint) and (value == "" or (not isinstance(value, str) and value == UNSET)):
        return None
    return value


def read_frames(text: str, name: str = "anchor_frames") -> tuple[int, ...] | None:
    """ "0, 12, 23" -> (0, 12, 23); None where nothing is written. ValueError with one line else."""
    words = text.replace(",", " ").split()
    if not all(word.isdecimal() for word in words):
        raise ValueError(f"{name} {text}: must be frames, counted from 0, such as 0, 12, 23")
    return tuple(map(int, words)) or None
