"""Imports: of names when they are first used (PEP 562), and of large libraries without needless work."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module


def lazy_names(package: str, homes: Mapping[str, str]) -> Callable[[str], object]:
    """A package's `__getattr__`: `homes` tells for each of its modules the names that live there, spaces between."""
    modules = {name: module for module, names in homes.items() for name in names.split()}

    def get(name: str) -> object:
        if name not in modules:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(import_module(f"{package}.{modules[name]}"), name)

    return get


@contextmanager
def large_imports() -> Iterator[None]:
    """For a process that is ours alone: what is imported inside is not searched for garbage, now or later.

    torch, diffusers and transformers make some millions of objects, which stay until the end; Python's collector would
    look through all of them again and again, and once more at the exit. Where torch is there already, nothing is done.
    """
    if "torch" in sys.modules:
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        gc.freeze()
