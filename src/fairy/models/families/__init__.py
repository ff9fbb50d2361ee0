"""The families of editors that Fairy knows, one module or package each; `family.py` says what such a module holds."""

from __future__ import annotations

import pkgutil
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from fairy.models.family import Family


@cache
def families() -> tuple[Family, ...]:
    """All of them. Their modules bring in no torch before something is computed."""
    names = sorted(module.name for module in pkgutil.iter_modules(__path__))
    return tuple(cast("Family", import_module(f"{__name__}.{name}")) for name in names)


def family_of(pipeline: str) -> Family | None:
    """The family whose models are run by diffusers' pipeline of that name."""
    return next((family for family in families() if pipeline in family.PIPELINES), None)
