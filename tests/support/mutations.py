"""Media files broken in many ways, each a function (original, stem of the new file, random numbers) -> the new file."""

from __future__ import annotations

import random
import struct
from collections.abc import Callable
from pathlib import Path

from PIL import Image

from clips import make

HEAD = 512
"""Bytes at the beginning that hold the headers of most containers."""


def seeds(folder: Path) -> list[Path]:
    """Small healthy files of several containers."""
    kinds = {"a.mp4": "libx264", "b.mkv": "libx264", "c.webm": "libvpx-vp9", "d.mov": "prores_ks", "e.mp4": "libx265"}
    quiet = {"libx265": {"x265-params": "log-level=none"}}
    pixels = {"prores_ks": "yuv422p10le"}
    made = [
        make(folder / name, codec=codec, num_frames=6, pix_fmt=pixels.get(codec, "yuv420p"), options=quiet.get(codec))
        for name, codec in kinds.items()
    ]
    pictures = [Image.new("RGB", (64, 48), (40 * i, 90, 30)) for i in range(4)]
    pictures[0].save(folder / "f.gif", save_all=True, append_images=pictures[1:], duration=100)
    pictures[0].save(folder / "g.png")
    return [*made, folder / "f.gif", folder / "g.png"]


def bit_flips(original: Path, stem: Path, rng: random.Random) -> Path:
    """A few bits anywhere."""
    return write(original, stem, flipped(original, rng, 0, None, rng.randint(1, 40)))


def header_flips(original: Path, stem: Path, rng: random.Random) -> Path:
    """A few bits in the headers at the beginning or, as in mp4, at the end."""
    size = original.stat().st_size
    first = rng.choice([0, max(0, size - 2 * HEAD)])
    return write(original, stem, flipped(original, rng, first, first + 2 * HEAD, rng.randint(1, 12)))


def truncation(original: Path, stem: Path, rng: random.Random) -> Path:
    """Cut off anywhere."""
    content = original.read_bytes()
    return write(original, stem, content[: rng.randrange(len(content))])


def hole(original: Path, stem: Path, rng: random.Random) -> Path:
    """A part overwritten by zeros or noise, or taken out."""
    content = bytearray(original.read_bytes())
    start = rng.randrange(len(content))
    stop = min(len(content), start + rng.randint(1, len(content) // 3))
    content[start:stop] = rng.choice([bytes(stop - start), rng.randbytes(stop - start), b""])
    return write(original, stem, bytes(content))


def noise(original: Path, stem: Path, rng: random.Random) -> Path:
    """No media at all under a media name."""
    return write(original, stem, rng.choice([rng.randbytes(5000), b"", b"plain text\n" * 40, b"\x00" * 3000]))


def wrong_suffix(original: Path, stem: Path, rng: random.Random) -> Path:
    """A healthy file under another kind's name."""
    path = stem.with_suffix(rng.choice([".mp4", ".mkv", ".gif", ".webm", ".mov", ".png", ".txt", ".wav"]))
    path.write_bytes(original.read_bytes())
    return path


def huge_dimensions(original: Path, stem: Path, rng: random.Random) -> Path:
    """A header that promises up to 100,000 x 100,000 pixels and more."""
    side = rng.choice([65_535, 100_000, 2**31 - 1])
    if original.suffix == ".png" or rng.random() < 0.3:
        content = bytearray(Path(original.parent, "g.png").read_bytes())
        content[16:24] = struct.pack(">II", side, side)
        return write(Path("x.png"), stem, bytes(content))
    if original.suffix == ".gif":
        content = bytearray(original.read_bytes())
        content[6:10] = struct.pack("<HH", 65_535, 65_535)
        return write(original, stem, bytes(content))
    content = original.read_bytes()  # mp4 and mov: the sizes of tkhd are 16.16, those of the sample entry 16 bits
    content = content.replace(struct.pack(">HH", 64, 48), struct.pack(">HH", min(side, 65_535), min(side, 65_535)))
    wide = struct.pack(">II", 65_535 << 16, 65_535 << 16)
    return write(original, stem, content.replace(struct.pack(">II", 64 << 16, 48 << 16), wide))


def absurd_rate(original: Path, stem: Path, rng: random.Random) -> Path:
    """Time stamps in units, or steps, that no clock has."""
    content = bytearray(original.read_bytes())
    for atom, offset in ((b"mdhd", 16), (b"mvhd", 16), (b"stts", 16)):
        place = content.find(atom)
        if place > 0:
            content[place + offset : place + offset + 4] = struct.pack(">I", rng.choice([0, 1, 2**31, 2**32 - 1]))
    return write(original, stem, bytes(content))


MUTATIONS: dict[str, Callable[[Path, Path, random.Random], Path]] = {
    function.__name__.replace("_", " "): function
    for function in (
        bit_flips,
        header_flips,
        truncation,
        hole,
        noise,
        wrong_suffix,
        huge_dimensions,
        absurd_rate,
    )
}


def flipped(original: Path, rng: random.Random, first: int, last: int | None, count: int) -> bytes:
    """The file's bytes with `count` bits changed between two places."""
    content = bytearray(original.read_bytes())
    for _ in range(count):
        content[rng.randrange(first, min(last or len(content), len(content)))] ^= 1 << rng.randrange(8)
    return bytes(content)


def write(original: Path, stem: Path, content: bytes) -> Path:
    """A file of the original's kind."""
    path = stem.with_suffix(original.suffix)
    path.write_bytes(content)
    return path
