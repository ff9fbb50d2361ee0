"""Draws docs/images/frame.svg, the life of a frame, and docs/images/rooms.svg, the layers of the code.

    python scripts/make_diagrams.py

The rooms are those of pyproject.toml, in their order. Boxes are dark with white writing, so that both read well on a
light page and on a dark one; they are narrow, for phones.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from xml.sax.saxutils import escape

ROOT = Path(__file__).parents[1]
IMAGES = ROOT / "docs" / "images"
WIDTH = 480
LINE = "#838c99"
BLUE, GOLD, GREEN, GREY = "#34479e", "#8a5a00", "#1d6b4f", "#4c5563"

ROOMS = {
    "cli": ("the command line", BLUE),
    "web": ("the page of fairy ui", BLUE),
    "comfy": ("nodes of ComfyUI", BLUE),
    "lab": ("measures, training, studies", GREEN),
    "jobs": ("a video in, a video out, in steps that are kept", BLUE),
    "method": ("the paper: anchors, bank, frames", GOLD),
    "models": ("load and call an editor", GREY),
    "video": ("files in and out", GREY),
    "parallel": ("a function over many processes", GREY),
    "disk": ("files whole or not at all", GREY),
    "serving": ("a port, and who may ask", GREY),
    "pictures": ("arrays and tensors", GREY),
    "config": ("every setting", GREY),
    "report": ("how work tells what it does", GREY),
    "errors": ("one tree", GREY),
    "lazy": ("names on demand", GREY),
}


def box(left: float, top: float, width: float, height: float, head: str, lines: list[str], colour: str) -> str:
    """A rounded box with a bold line and smaller ones below it, all in its middle."""
    middle, first = left + width / 2, top + height / 2 - 9 * len(lines) + 6
    said = [f'<text x="{middle:g}" y="{first:g}" class="head">{escape(head)}</text>']
    said += [f'<text x="{middle:g}" y="{first + 19 * (i + 1):g}">{escape(line)}</text>' for i, line in enumerate(lines)]
    shape = f'<rect x="{left:g}" y="{top:g}" width="{width:g}" height="{height:g}" rx="9" fill="{colour}"/>'
    return "\n".join([shape, *said])


def arrow(*points: tuple[float, float]) -> str:
    """A line through points, with a head at its end."""
    way = " ".join(f"{x:g},{y:g}" for x, y in points)
    return f'<polyline points="{way}" class="way" marker-end="url(#tip)"/>'


def strip(top: float, marked: tuple[int, ...], colour: str, count: int = 12) -> str:
    """Frames of a film, side by side; some of them marked as anchors."""
    width = (WIDTH - 20) / count
    fills = (GOLD if i in marked else colour for i in range(count))
    cells = (
        f'<rect x="{10 + i * width + 2:g}" y="{top:g}" width="{width - 4:g}" height="26" rx="3" fill="{fill}"/>'
        for i, fill in enumerate(fills)
    )
    return "\n".join(cells)


def picture(title: str, height: float, parts: list[str]) -> str:
    """The whole of a drawing."""
    style = (
        "text{font:15px system-ui,sans-serif;fill:#fff;text-anchor:middle}.head{font-weight:700;font-size:17px}"
        f".way{{fill:none;stroke:{LINE};stroke-width:3}}"
    )
    tip = (
        '<marker id="tip" viewBox="0 0 10 10" refX="8" refY="5" markerWidth="5" markerHeight="5" orient="auto">'
        f'<path d="M0 0 10 5 0 10z" fill="{LINE}"/></marker>'
    )
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:g}" width="{WIDTH}" role="img">',
            f"<title>{escape(title)}</title><style>{style}</style><defs>{tip}</defs>",
            *parts,
            "</svg>\n",
        ]
    )


def frame() -> str:
    """From the source to the video."""
    left, right, wide = 10, 250, 220
    parts = [
        box(left, 10, 460, 66, "Source", ["a shot; three of its frames are anchors"], GREY),
        strip(86, (0, 5, 11), GREY),
        arrow((120, 116), (120, 146)),
        arrow((360, 116), (360, 306)),
        box(left, 150, wide, 92, "Anchors", ["edited together,", "each reads all of them"], GOLD),
        arrow((120, 244), (120, 274)),
        box(
            left,
            278,
            wide,
            128,
            "Bank",
            ["their keys and values,", "of every layer, step", "and guidance branch"],
            GOLD,
        ),
        arrow((232, 358), (246, 358)),
        box(right, 310, wide, 96, "Frames", ["each reads itself and", "the bank: any order"], BLUE),
        arrow((360, 408), (360, 436)),
        box(left, 440, 460, 66, "Chunks", ["32 finished frames, lossless, in OUTPUT.fairy/"], BLUE),
        arrow((240, 508), (240, 534)),
        box(left, 538, 460, 66, "Video", ["times, sound and metadata of the source"], GREEN),
        strip(614, (), GREEN),
    ]
    return picture("The life of a frame: source, anchors, bank, frames, chunks, video", 650, parts)


def rooms() -> str:
    """The layers, top to bottom; imports point down."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    (layers,) = (each["layers"] for each in settings["tool"]["importlinter"]["contracts"] if "layers" in each)
    parts, top = [], 10
    for layer in layers:
        names = [name.strip().removeprefix("fairy.") for name in layer.split("|")]
        width = (460 - 10 * (len(names) - 1)) / len(names)
        for place, name in enumerate(names):
            text, colour = ROOMS[name]
            # A room that shares its floor has its words in two lines.
            lines = [text] if len(names) == 1 else halves(text)
            parts.append(box(10 + place * (width + 10), top, width, 84 if len(names) > 1 else 62, name, lines, colour))
        top += 94 if len(names) > 1 else 72
    return picture("The rooms of the code; imports point down only", top, parts)


def halves(text: str) -> list[str]:
    """A text in two lines of about the same length."""
    words = text.split()
    cut = min(range(1, len(words) + 1), key=lambda n: abs(len(" ".join(words[:n])) - len(" ".join(words[n:]))))
    return [line for line in (" ".join(words[:cut]), " ".join(words[cut:])) if line]


def main() -> None:
    """Draw both."""
    (IMAGES / "frame.svg").write_text(frame(), encoding="utf-8")
    (IMAGES / "rooms.svg").write_text(rooms(), encoding="utf-8")


if __name__ == "__main__":
    main()
