"""Settings that belong to a model and travel with it, in a file `fairy.json` in its folder. No torch is imported here.

A folder without that file gets what its family's model card recommends.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from fairy.errors import ModelError

FILE_NAME = "fairy.json"


@dataclass(frozen=True)
class Defaults:
    """What an edit uses where the user says nothing."""

    long_side: int = 512
    """Pixels of the edited picture's longer side."""
    num_steps: int = 10
    """Denoising steps."""
    text_guidance: float | None = 7.5
    """How strongly the instruction is followed; None: the model has no such guidance."""
    image_guidance: float | None = 1.5
    """How strongly the source is kept; None: the model has no such guidance."""
    scheduler: str = "EulerAncestralDiscreteScheduler"
    """A class of diffusers."""


KINDS = {"long_side": int, "num_steps": int, "text_guidance": float, "image_guidance": float, "scheduler": str}
TRAITS = {"centre_kernels": bool, "words": str, "edits": list, "text_layers": list, "text_length": int}
"""What else a folder may say of its model, for its family."""


@dataclass(frozen=True)
class Said:
    """What a folder's fairy.json says."""

    defaults: Mapping[str, Any]
    traits: Mapping[str, Any]

    def over(self, family: Defaults) -> Defaults:
        """The model's own defaults: those of the file, and `family`'s for what it leaves out."""
        return replace(family, **self.defaults)


def read_file(folder: Path) -> Said:
    """`folder`/fairy.json, which need not be there. ModelError where it is not as it must be."""
    path = folder / FILE_NAME
    if not path.is_file():
        return Said({}, {})
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ModelError(f"{path} is not JSON: {error}.") from error
    _check(values, path)
    names = {field.name for field in fields(Defaults)}
    return Said(
        {name: value for name, value in values.items() if name in names},
        {name: value for name, value in values.items() if name not in names},
    )


def _check(values: object, path: Path) -> None:
    kinds = {**KINDS, **TRAITS}
    if not isinstance(values, dict):
        raise ModelError(f"{path} must hold one object with some of {', '.join(kinds)}.")
    for name, value in values.items():
        if name not in kinds:
            raise ModelError(f"{path} has an unknown entry {name!r}. Known are {', '.join(kinds)}.")
        accepted = (int, float) if kinds[name] is float else (kinds[name],)
        if isinstance(value, bool) != (kinds[name] is bool) or not isinstance(value, accepted):
            raise ModelError(f"{path}: {name} must be of type {kinds[name].__name__}, not {value!r}.")
