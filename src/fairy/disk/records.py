"""Dataclasses as JSON and back, by msgspec: a wrong type or a missing field in a file is told, not guessed."""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec

Record = TypeVar("Record")


def to_json(record: object, indent: int = 0) -> str:
    """One dataclass as JSON, its fields in their order; indented by so many blanks, or on one line."""
    text = msgspec.json.encode(record)
    return (msgspec.json.format(text, indent=indent) if indent else text).decode()


def from_json(text: str | bytes, kind: type[Record]) -> Record:
    """A dataclass from JSON. ValueError where the text is none, or has other fields or types."""
    return msgspec.json.decode(text, type=kind)


def as_dict(record: object) -> dict[str, Any]:
    """A dataclass as plain lists, dicts, texts and numbers."""
    return dict(msgspec.to_builtins(record))
