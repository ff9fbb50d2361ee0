"""Pictures of pictures: the contact sheet of a preview, the two halves of a comparison, the tiles of the demo.

H rows, W columns; every picture is uint8 RGB (H, W, 3) in 0..255 and is shown as it is, pixel for pixel. The text is
set in the font that comes inside Pillow.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

GROUND = (20, 21, 24)
INK = (238, 236, 230)
FAINT_INK = (158, 160, 168)
GAP = 8
"""Pixels between the pictures of one row. Even, as the sides of a video must be."""


def side_by_side_size(width: int, height: int) -> tuple[int, int]:
    """(width, height) of `side_by_side` of two pictures of that width and height."""
    return 2 * width + GAP, height + height % 2


def side_by_side(source: np.ndarray, edited: np.ndarray) -> np.ndarray:
    """Source on the left, edit on the right, with a gap between; even sides, no text."""
    return tile([source, edited], num_columns=2)


def tile(pictures: Sequence[np.ndarray], num_columns: int) -> np.ndarray:
    """Pictures of one size in rows of `num_columns`, with gaps between; even sides, no text."""
    height, width = pictures[0].shape[:2]
    num_rows = math.ceil(len(pictures) / num_columns)
    tall, wide = num_rows * (height + GAP) - GAP, num_columns * (width + GAP) - GAP
    canvas = np.full((tall + tall % 2, wide + wide % 2, 3), GROUND, np.uint8)
    for index, picture in enumerate(pictures):
        top, left = (index // num_columns) * (height + GAP), (index % num_columns) * (width + GAP)
        canvas[top : top + height, left : left + width] = picture
    return canvas


def caption(pictures: Sequence[np.ndarray], texts: Sequence[str]) -> list[np.ndarray]:
    """Each picture with its text in a strip below it; the strips are of one height."""
    width = pictures[0].shape[1]
    size = max(12, width // 16)
    font, line = ImageFont.load_default(size), round(1.35 * size)
    wrapped = [_wrap(text, font, width) for text in texts]
    strip_height = max(len(lines) for lines in wrapped) * line + size
    captioned = []
    for picture, lines in zip(pictures, wrapped, strict=True):
        strip = Image.new("RGB", (width, strip_height), GROUND)
        for number, text in enumerate(lines):
            middle = (width / 2, size / 2 + (number + 0.5) * line)
            ImageDraw.Draw(strip).text(middle, text, INK, font, anchor="mm")
        captioned.append(np.concatenate([picture, np.asarray(strip)]))
    return captioned


def contact_sheet(rows: Sequence[tuple[str, np.ndarray, np.ndarray]], *, title: str) -> np.ndarray:
    """A labelled row for each (label, source, edited); `title` is the instruction and the settings.

    Many rows are set in several columns, so that the sheet stays nearer to a square than to a ribbon.
    """
    height, width = rows[0][1].shape[:2]
    num_blocks = max(1, round(math.sqrt(len(rows) * height / (2 * width))))
    return grid(["source", "edited"], [(label, pair) for label, *pair in rows], title=title, num_blocks=num_blocks)


def grid(
    heads: Sequence[str], rows: Sequence[tuple[str, Sequence[np.ndarray]]], *, title: str, num_blocks: int = 1
) -> np.ndarray:
    """Rows of (label, pictures) under the columns' heads, in `num_blocks` blocks side by side, under a title.

    All pictures are of one size. Of a title of several lines the first is set large.
    """
    height, width = rows[0][1][0].shape[:2]
    num_lines = math.ceil(len(rows) / num_blocks)
    num_blocks = math.ceil(len(rows) / num_lines)
    block_width = len(heads) * (width + GAP) - GAP
    size = min(24, max(13, num_blocks * block_width // 42))
    margin, line, font = 2 * size, round(1.35 * size), ImageFont.load_default(size)
    full_width = max(num_blocks * (block_width + margin) - margin, 20 * size)

    banner = _banner(title, size, full_width)
    head_lines = [_wrap(head, font, width) for head in heads]
    heads_bottom = margin + banner.height + size + max(len(lines) for lines in head_lines) * line
    rows_top = heads_bottom + size // 2
    row_height = line + height + size
    canvas = Image.new("RGB", (full_width + 2 * margin, rows_top + num_lines * row_height - size + margin), GROUND)
    canvas.paste(banner, (margin, margin))
    draw = ImageDraw.Draw(canvas)
    for block in range(num_blocks):
        left = margin + block * (block_width + margin)
        for column, lines in enumerate(head_lines):
            for number, text in enumerate(reversed(lines), 1):
                draw.text((left + column * (width + GAP), heads_bottom - number * line), text, INK, font)
        for number, (label, pictures) in enumerate(rows[block * num_lines : (block + 1) * num_lines]):
            top = rows_top + number * row_height
            draw.text((left, top), label, FAINT_INK, font)
            for column, picture in enumerate(pictures):
                canvas.paste(Image.fromarray(picture), (left + column * (width + GAP), top + line))
    return np.asarray(canvas)


def _banner(title: str, size: int, width: int) -> Image.Image:
    """The title, wrapped to the width: its first line large, what follows it in the size and ink of the labels."""
    first, *details = title.splitlines()
    large, small = round(1.4 * size), size
    lines = [(text, large, INK) for text in _wrap(first, ImageFont.load_default(large), width)]
    for detail in details:
        lines += [(text, small, FAINT_INK) for text in _wrap(detail, ImageFont.load_default(small), width)]
    canvas = Image.new("RGB", (width, sum(round(1.35 * text_size) for _, text_size, _ in lines)), GROUND)
    top = 0
    for text, text_size, ink in lines:
        ImageDraw.Draw(canvas).text((0, top), text, ink, ImageFont.load_default(text_size))
        top += round(1.35 * text_size)
    return canvas


def _wrap(text: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont, width: float) -> list[str]:
    """Break a text into lines that fit the width; a word that is too long alone is broken too."""
    lines = [""]
    for word in text.split():
        if lines[-1] and font.getlength(f"{lines[-1]} {word}") <= width:
            lines[-1] += f" {word}"
            continue
        if lines[-1]:
            lines.append("")
        for letter in word:
            if lines[-1] and font.getlength(lines[-1] + letter) > width:
                lines.append("")
            lines[-1] += letter
    return lines
