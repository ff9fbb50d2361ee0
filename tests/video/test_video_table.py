"""Containers and codecs, each with every oddity that it can have: what goes in comes out.

Compared are the number of frames, time stamps, sound packets, size and colour tags of a source and of what is written
from its frames, into the container that it came from.
"""

from fractions import Fraction
from itertools import product
from pathlib import Path
from typing import Any

import pytest

import clips
from fairy.video import probe

SOURCES: dict[str, tuple[str, dict[str, Any], list[str]]] = {
    "h264-mp4": ("in.mp4", {"codec": "libx264"}, ["aac", "ac3"]),
    "hevc-mkv": ("in.mkv", {"codec": "libx265"}, ["flac", "libopus"]),
    "ffv1-mkv": ("in.mkv", {"codec": "ffv1", "pix_fmt": "yuv444p"}, ["vorbis", "pcm_s16le"]),
    "prores-mov": ("in.mov", {"codec": "prores_ks", "pix_fmt": "yuv422p10le"}, ["pcm_s16le", "aac"]),
    "vp9-webm": ("in.webm", {"codec": "libvpx-vp9"}, ["libopus", "vorbis"]),
}
"""Name of the file, options, sound codecs that its container takes."""
ODDITIES: dict[str, dict[str, Any]] = {
    "plain": {},
    "turned": {"rotation": 90},
    "odd size": {"size": (63, 47)},
    "portrait": {"size": (48, 64)},
    "variable rate": {"pts": [0, 30, 40, 90, 100, 170], "time_base": Fraction(1, 1000), "last_duration": 30},
    "23.976": {"time_base": Fraction(1001, 24000)},
    "two sound tracks": {"audio": True},
    "ten bit": {"pix_fmt": "yuv420p10le"},
    "PQ": {"pix_fmt": "yuv420p10le", "colour": clips.PQ},
    "HLG": {"pix_fmt": "yuv420p10le", "colour": clips.HLG},
    "BT.601": {"colour": clips.BT601},
    "first stamp not zero": {"pts": range(51, 63), "time_base": Fraction(1, 30)},
    "B-frames": {"num_frames": 20, "options": {"bf": "3"}},
    "still image": {"num_frames": 1},
}
LACKS = {
    "h264-mp4": {"odd size"},  # 4:2:0 in H.264 and HEVC is even
    "hevc-mkv": {"odd size", "portrait", "turned", "B-frames"},  # x265 aborts below a block of 64
    "ffv1-mkv": {"turned", "B-frames"},
    "prores-mov": {"odd size", "ten bit", "PQ", "HLG", "B-frames"},  # always 4:2:2 in ten bits
    "vp9-webm": {"turned", "B-frames", "ten bit", "PQ", "HLG"},  # PyAV's own encoder has eight bits
}
TICK = {".mkv": Fraction(1, 1000), ".webm": Fraction(1, 1000)}
"""Matroska rounds time to milliseconds."""
CELLS = [cell for cell in product(SOURCES, ODDITIES) if cell[1] not in LACKS[cell[0]]]


def build(folder: Path, source: str, oddity: str) -> Path:
    name, options, sounds = SOURCES[source]
    odd = dict(ODDITIES[oddity])
    if odd.get("audio"):
        odd["audio"] = sounds
    return clips.make(folder / name, **options | odd)


@pytest.mark.parametrize(("source", "oddity"), CELLS, ids=[" ".join(cell) for cell in CELLS])
def test_what_goes_in_comes_out(source: str, oddity: str, tmp_path: Path) -> None:
    path = build(tmp_path, source, oddity)
    output = tmp_path / f"out{path.suffix}"
    info, notes = clips.rewrite(path, output)
    before, after = clips.stamps(path), clips.stamps(output)
    assert len(after) == len(before) == len(info)
    assert all(abs(a - b) <= TICK.get(path.suffix, 0) / 2 for a, b in zip(after, before, strict=True))
    assert clips.sound_packets(output) == clips.sound_packets(path)
    assert notes == []
    written = probe(output)
    assert (written.width, written.height) == (info.width // 2 * 2, info.height // 2 * 2)
    assert (written.rotation, written.bit_depth, written.hdr) == (0, 10 if path.suffix == ".mov" else 8, False)
    assert (written.colour.matrix, written.colour.primaries, written.colour.transfer) == (1, 1, 1)
    assert written.duration == pytest.approx(info.duration, abs=0.002)


@pytest.mark.parametrize(("source", "least"), [("h264-mp4", 11), ("hevc-mkv", 5), ("prores-mov", 11), ("vp9-webm", 11)])
def test_a_broken_packet_costs_no_more_than_the_decoder_gives_up(source: str, least: int, tmp_path: Path) -> None:
    name, options, _ = SOURCES[source]
    path = clips.make(tmp_path / name, **options, num_frames=12)
    clips.zero_packets(path, range(5, 6))
    info, _ = clips.rewrite(path, tmp_path / f"out{path.suffix}")
    assert least <= len(info) <= 12
    assert "1 broken packets: left out or patched up" in info.notes
    assert len(clips.stamps(tmp_path / f"out{path.suffix}")) == len(info)
