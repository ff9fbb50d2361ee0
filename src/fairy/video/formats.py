"""What can be written: one row a container, chosen by the suffix of the output's name."""

import os
import re
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

from fairy.disk.whole import check_file, check_parent
from fairy.errors import OutputError, UsageError

NUMBERED_PNG = re.compile(r"\d{6,}\.png")
# A fixed count: x264 and libvpx plan with it, so that the bytes would otherwise depend on the machine's cores.
THREADS = 4


@dataclass(frozen=True)
class OutputFormat:
    """How one kind of output is written."""

    container: str
    """FFmpeg's name of the muxer; empty for a folder of pictures."""
    codec: str
    pixels: str
    quality: int | None = None
    """Default constant rate factor, smaller is better; None: the codec has no such setting."""
    best_to_worst: range = range(52)
    tick: Fraction | None = None
    """The only time base that the container knows, where there is one."""
    options: dict[str, str] = field(default_factory=dict)
    container_options: dict[str, str] = field(default_factory=dict)
    audio_codec: str = ""
    """What sound is re-encoded to if the container cannot hold the source's; empty: no sound at all."""


# No B frames: every time stamp and the last frame's duration are then exact in mp4 and mov, without edit lists. No
# macroblock tree: x264's reads memory it never wrote, so that the same pictures give other bytes every few runs.
H264 = {"preset": "fast", "bf": "0", "mbtree": "0"}
VP9 = {"b": "0", "deadline": "good", "cpu-used": "4", "row-mt": "0"}
MOV = {"movflags": "+faststart"}
# Sound may start a little before zero (the encoder's run-in). Without this the muxer would move the pictures instead.
MATROSKA = {"avoid_negative_ts": "disabled"}
MILLISECOND = Fraction(1, 1000)

FOLDER = OutputFormat("", "png", "rgb24")
FORMATS = {
    ".mp4": OutputFormat("mp4", "libx264", "yuv420p", 18, options=H264, container_options=MOV, audio_codec="aac"),
    ".mov": OutputFormat("mov", "libx264", "yuv420p", 18, options=H264, container_options=MOV, audio_codec="aac"),
    ".mkv": OutputFormat(
        "matroska", "libx264", "yuv420p", 18, range(52), MILLISECOND, H264, MATROSKA, audio_codec="flac"
    ),
    ".webm": OutputFormat(
        "webm", "libvpx-vp9", "yuv420p", 24, range(64), MILLISECOND, VP9, MATROSKA, audio_codec="libopus"
    ),
    ".gif": OutputFormat("gif", "gif", "pal8", tick=Fraction(1, 100), container_options={"loop": "0"}),
}
ACCEPTED = ", ".join(FORMATS) + ", or a name that ends in / for a folder of PNGs"


def format_of(output: str | Path) -> OutputFormat:
    """The format that the output's name asks for. Give a str: a Path forgets the / at the end."""
    if is_folder(output):
        return FOLDER
    suffix = Path(output).suffix.lower()
    if suffix not in FORMATS:
        raise OutputError(f"{output}: no format for the suffix {suffix or '(none)'!r}. Accepted: {ACCEPTED}.")
    return FORMATS[suffix]


def is_folder(output: str | Path) -> bool:
    """Whether the name means a folder of PNGs."""
    return str(output).endswith(("/", os.sep)) or Path(output).is_dir()


def quality_of(chosen: OutputFormat, quality: int | None) -> int | None:
    """The rate factor to use: the one asked for, checked, or the format's default."""
    if quality is None:
        return chosen.quality
    if chosen.quality is None:
        raise UsageError(f"quality {quality}: {chosen.container or 'a folder of PNGs'} has no quality. Leave it out.")
    if quality not in chosen.best_to_worst:
        worst = chosen.best_to_worst[-1]
        raise UsageError(f"quality {quality}: {chosen.codec} takes 0 (best) to {worst} (worst).")
    return quality


def check_output(output: str | Path, overwrite: bool = False) -> None:
    """Raise OutputError, before any work, if `output` cannot be written: suffix, folder, rights, already there."""
    path = Path(output)
    format_of(output)
    if is_folder(output):
        check_parent(path)
        _check_folder(path, overwrite)
    else:
        check_file(path, overwrite)


def _check_folder(path: Path, overwrite: bool) -> None:
    if path.exists() and not path.is_dir():
        raise OutputError(f"{path} is a file, not a folder. Choose another name.")
    inside = sorted(entry.name for entry in path.iterdir()) if path.is_dir() else []
    foreign = [name for name in inside if not NUMBERED_PNG.fullmatch(name)]
    if foreign:  # --overwrite replaces the folder: never one that holds anything else
        raise OutputError(f"{path}/ holds other files ({foreign[0]}). Choose a new or empty folder.")
    if inside and not overwrite:
        raise OutputError(f"{path}/ holds pictures already. Choose another folder, or overwrite it with --overwrite.")
