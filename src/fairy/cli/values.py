"""From a word to a value, by the type that it is to have; and the one line that says why a word does not become one."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from cyclopts import Parameter, Token

from fairy.errors import UsageError

Reader = Callable[[str], Any]


def read_list(text: str) -> tuple[str, ...]:
    """night,wood -> ("night", "wood")."""
    return tuple(word.strip() for word in text.split(",") if word.strip())


def read_numbers(text: str) -> tuple[int, ...]:
    """0,57,119 -> (0, 57, 119)."""
    return tuple(int(word) for word in text.split(","))


def read_size(text: str) -> tuple[int, int]:
    """192x144 -> (192, 144)."""
    return _matched(r"(\d+)x(\d+)", text, int)


def read_point(text: str) -> tuple[float, float]:
    """96,60 -> (96.0, 60.0)."""
    return _matched(r"(\d+(?:\.\d+)?),(\d+(?:\.\d+)?)", text, float)


def read_range(text: str) -> tuple[int, int]:
    """500:520 -> (500, 520); 500 -> (500, 501)."""
    first, colon, last = text.partition(":")
    if not first.isdecimal() or (colon and not last.isdecimal()):
        raise ValueError(text)
    return int(first), int(last) if colon else int(first) + 1


def read_workers(text: str) -> int | str:
    """4 -> 4; auto stays."""
    return text if text == "auto" else int(text)


def read_picture(text: str) -> tuple[int, Path]:
    """57=edited.png -> (57, Path("edited.png"))."""
    index, path = _matched(r"(\d+)=(.+)", text, str)
    return int(index), Path(path)


def _matched(pattern: str, text: str, kind: Callable[[str], Any]) -> tuple[Any, Any]:
    """The two parts that a pattern finds in all of a text."""
    if not (found := re.fullmatch(pattern, text)):
        raise ValueError(text)
    return kind(found[1]), kind(found[2])


WANTED: dict[Reader, str] = {
    int: "a whole number",
    float: "a number",
    read_numbers: "whole numbers, such as 0,57,119",
    read_size: "width and height, such as 192x144",
    read_point: "x and y in pixels, such as 96,60",
    read_range: "frames, such as 500:520 (500 to 519) or 500",
    read_workers: "a whole number, or auto",
    read_picture: "a frame and a picture, such as 57=edited.png",
}
"""What each wants to read."""
READERS: dict[Any, Reader] = {
    int: int,
    float: float,
    tuple[int, ...]: read_numbers,
    tuple[int, int]: read_size,
    tuple[str, ...]: read_list,
}
"""How a value of a type is read, unless an option says otherwise."""


def read_by(reader: Reader) -> Parameter:
    """For an option of one value, read by `reader`. Given again, the last one counts."""

    def convert(kind: Any, tokens: Sequence[Token]) -> Any:  # noqa: ARG001  cyclopts gives the type, too
        return read(reader, tokens[-1])

    return Parameter(converter=convert, n_tokens=1)


def read_pictures(kind: Any, tokens: Sequence[Token]) -> dict[int, Path]:  # noqa: ARG001
    """Of an option that is given for each picture."""
    pictures: dict[int, Path] = {}
    for token in tokens:
        index, path = read(read_picture, token)
        if index in pictures:
            raise UsageError(f"{token.keyword} {token.value}: frame {index} has {pictures[index]} already")
        pictures[index] = path
    return pictures


def read_words(kind: Any, tokens: Sequence[Token]) -> tuple[str, ...]:  # noqa: ARG001
    """Of an option that takes several words, as they are."""
    return tuple(token.value for token in tokens)


def read(reader: Reader, token: Token) -> Any:
    """The value of a word. UsageError says what was wanted."""
    try:
        return reader(token.value)
    except ValueError:
        raise UsageError(f"{token.keyword} {token.value}: must be {WANTED[reader]}") from None
