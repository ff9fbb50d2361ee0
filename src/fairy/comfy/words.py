"""Errors as the one line that a node shows: with the names that its inputs have there. Nothing of ComfyUI here."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from fairy.errors import FairyError

OTHER_NAMES = {"anchors": "anchor_frames", "anchor": "edited_anchors", "dtype": "precision"}
"""Options of the command line that have another name here."""


@contextmanager
def in_one_line() -> Iterator[None]:
    """Say what went wrong as someone reads it who looks at nodes."""
    try:
        yield
    except FairyError as error:
        raise type(error)(in_words(str(error))) from error


def in_words(text: str) -> str:
    """--text-guidance 3: ... -> text_guidance 3: ..."""

    def named(option: re.Match[str]) -> str:
        return OTHER_NAMES.get(option[1], option[1].replace("-", "_"))

    return re.sub(r"(?<![\w-])--([a-z][a-z-]*)", named, " ".join(text.splitlines()))
