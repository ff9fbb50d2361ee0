"""The files of the lab's own pages: those of one page lie beside it, what both pages use lies here."""

from __future__ import annotations

from importlib.resources import files
from importlib.resources.abc import Traversable

SYNC = "sync.js"
"""Keeps videos side by side in step."""


def page_file(package: str, name: str) -> Traversable:
    """A file of the page that `package` makes, such as fairy.lab.study."""
    return files(__package__) / SYNC if name == SYNC else files(package) / "assets" / name
