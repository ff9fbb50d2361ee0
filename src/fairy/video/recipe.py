"""A text that a finished file carries about itself: where each kind of file has room for it, how it is found again.

Matroska and WebM take any key. In mp4 and mov any key but the usual ones would move all of them into a list that few
programs read, so there it is the comment, unless the source has one. GIF has comments, PNG has texts. ASCII only.
"""

import struct
import zlib
from pathlib import Path

from PIL import Image

from fairy.errors import MediaError
from fairy.video.decode import open_input

KEY = "fairy"
MARK = f'{{"{KEY}":'
"""How a recipe begins."""
TAIL = 1 << 17
PNG_HEADER = 33
"""Bytes of the signature and the first chunk."""


def place(metadata: dict[str, str], usual_keys: set[str]) -> dict[str, str]:
    """The tags of an mp4 or mov file: the recipe as the comment where there is room."""
    if metadata.get("comment", "").startswith(MARK):  # of the source, which was an edited video itself
        metadata = {key: value for key, value in metadata.items() if key != "comment"}
    if KEY not in metadata or "comment" in metadata or not usual_keys.issuperset(set(metadata) - {KEY}):
        return metadata
    return {("comment" if key == KEY else key): value for key, value in metadata.items()}


def add_to_gif(path: Path, text: str) -> None:
    """Put a comment at the end of a finished GIF."""
    words = text.encode("ascii")
    blocks = [words[at : at + 255] for at in range(0, len(words), 255)]
    with path.open("r+b") as file:
        file.seek(-1, 2)
        file.write(b"!\xfe" + b"".join(bytes([len(block)]) + block for block in blocks) + b"\x00;")


def add_to_png(picture: bytes, text: str) -> bytes:
    """The same PNG with a text in it, if there is any."""
    if not text:
        return picture
    body = b"tEXt" + KEY.encode() + b"\x00" + text.encode("ascii")
    chunk = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
    return picture[:PNG_HEADER] + chunk + picture[PNG_HEADER:]


def read_recipe(path: Path) -> str | None:
    """The text in a file, or in the first picture of a folder; None where there is none."""
    if path.is_dir():
        path = min(path.glob("*.png"), default=path)
    if path.suffix.lower() == ".png" and path.is_file():
        try:
            with Image.open(path) as picture:
                return picture.info.get(KEY)
        except OSError as error:
            raise MediaError(f"{path} cannot be read as a picture. Give what Fairy has written.") from error
    if path.suffix.lower() == ".gif" and path.is_file():
        return _read_gif(path)
    if path.is_dir():
        raise MediaError(f"{path} is a folder without PNGs. Give what Fairy has written.")
    with open_input(path) as container:
        tags = {key.lower(): value for key, value in container.metadata.items()}
    return next((tags[key] for key in (KEY, "comment") if tags.get(key, "").startswith(MARK)), None)


def _read_gif(path: Path) -> str | None:
    """The comment at the very end."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - TAIL))
        tail = file.read()
    begin = len(tail)
    while (begin := tail.rfind(b"!\xfe", 0, begin)) >= 0:
        words, at = b"", begin + 2
        while at < len(tail) and tail[at]:
            words, at = words + tail[at + 1 : at + 1 + tail[at]], at + 1 + tail[at]
        if tail[at:] == b"\x00;" and words.startswith(MARK.encode()):
            return words.decode("ascii", "replace")
    return None
