"""What can be written: one row a container, chosen by the suffix of the output's name."""

import os
import re
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

from fairy.disk.whole import check_file, check_parent
from fairy.errors import OutputError, UsageError

NUMBERED = re.compile(r"\d{6,}\.(png|exr)")
# A fixed count: x264 and libvpx plan with it, so that the bytes would otherwise depend on the machine's cores.
THREADS = 4


@dataclass(frozen=True)
class Codec:
    """How the pictures of an output are encoded."""

    encoder: str
    """FFmpeg's name."""
    pixels: str
    """FFmpeg's name of the pixel format."""
    bit_depth: int = 8
    """Of a colour, as it is stored; more than 8 wants pictures of 16 bits."""
    quality: int | None = None
    """Default constant rate factor, smaller is better; None: the codec has no such setting."""
    best_to_worst: range = range(52)
    options: dict[str, str] = field(default_factory=dict)
    smallest: tuple[int, int] = (1, 1)
    """(width, height)"""

    @property
    def is_yuv(self) -> bool:
        """Brightness and colour differences, of BT.709 in limited range; else RGB."""
        return self.pixels.startswith("yuv")

    @property
    def lossless(self) -> bool:
        """Whether pictures of 8 bits come back as they were."""
        return self.encoder in ("ffv1", "png")

    @property
    def even(self) -> tuple[bool, bool]:
        """Whether the width and the height must be even."""
        return self.pixels.startswith(("yuv420", "yuv422")), self.pixels.startswith("yuv420")


@dataclass(frozen=True)
class OutputFormat:
    """How one kind of output is written."""

    container: str
    """FFmpeg's name of the muxer; empty for a folder of pictures."""
    codecs: tuple[str, ...]
    """By their names in CODECS, the default first."""
    tick: Fraction | None = None
    """The only time base that the container knows, where there is one."""
    container_options: dict[str, str] = field(default_factory=dict)
    audio_codec: str = ""
    """What sound is re-encoded to if the container cannot hold the source's; empty: no sound at all."""


# No B frames: every time stamp and the last frame's duration are then exact in mp4 and mov, without edit lists. No
# macroblock tree: x264's reads memory it never wrote, so that the same pictures give other bytes every few runs.
H264 = {"preset": "fast", "bf": "0", "mbtree": "0"}
HEVC = {
    "preset": "fast",
    "x265-params": f"bframes=0:frame-threads=1:pools={THREADS}:info=0:log-level=error",
}
AV1 = {"preset": "8", "svtav1-params": f"pred-struct=1:lp={THREADS}"}
VP9 = {"b": "0", "deadline": "good", "cpu-used": "4", "row-mt": "0"}
FFV1 = {"level": "3", "g": "1", "slices": "4"}
CODECS = {
    "h264": Codec("libx264", "yuv420p", quality=18, options=H264),
    "hevc": Codec("libx265", "yuv420p", quality=20, options=HEVC),
    "hevc10": Codec("libx265", "yuv420p10le", 10, quality=20, options=HEVC),
    "av1": Codec("libsvtav1", "yuv420p10le", 10, 28, range(64), AV1, smallest=(64, 64)),
    "vp9": Codec("libvpx-vp9", "yuv420p", 8, 24, range(64), VP9),
    "prores": Codec("prores_ks", "yuv422p10le", 10, options={"profile": "3", "vendor": "apl0"}),
    "prores4444": Codec("prores_ks", "yuv444p10le", 10, options={"profile": "4", "vendor": "apl0"}),
    "dnxhr": Codec("dnxhd", "yuv422p10le", 10, options={"profile": "dnxhr_hqx"}, smallest=(256, 120)),
    "ffv1": Codec("ffv1", "bgr0", options=FFV1),
    "gif": Codec("gif", "pal8"),
    "png": Codec("png", "rgb24"),
    "png16": Codec("png", "rgb48be", 16),
    "exr": Codec("exr", "gbrpf32le", 16, options={"format": "half", "compression": "zip16"}),
}
"""prores is 422 HQ, dnxhr HQX; ffv1 keeps every bit of pictures of 8; exr is half float."""
MOV = {"movflags": "+faststart"}
# Sound may start a little before zero (the encoder's run-in). Without this the muxer would move the pictures instead.
MATROSKA = {"avoid_negative_ts": "disabled"}
MILLISECOND = Fraction(1, 1000)

FOLDER = OutputFormat("", ("png", "png16", "exr"))
FORMATS = {
    ".mp4": OutputFormat("mp4", ("h264", "hevc", "hevc10", "av1"), container_options=MOV, audio_codec="aac"),
    ".mov": OutputFormat(
        "mov", ("prores", "prores4444", "dnxhr", "h264", "hevc", "hevc10"), container_options=MOV, audio_codec="aac"
    ),
    ".mkv": OutputFormat(
        "matroska", ("h264", "ffv1", "hevc", "hevc10", "av1"), MILLISECOND, MATROSKA, audio_codec="flac"
    ),
    ".webm": OutputFormat("webm", ("vp9", "av1"), MILLISECOND, MATROSKA, audio_codec="libopus"),
    ".gif": OutputFormat("gif", ("gif",), tick=Fraction(1, 100), container_options={"loop": "0"}),
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


def codec_of(output: str | Path, wish: str | None = None) -> Codec:
    """The codec that is wished, or the format's default. UsageError where the output's format does not take it."""
    chosen = format_of(output)
    if wish is not None and wish not in chosen.codecs:
        what = chosen.container or "a folder"
        raise UsageError(f"--codec {wish}: {what} takes {', '.join(chosen.codecs)} ({output})")
    return CODECS[wish or chosen.codecs[0]]


def is_folder(output: str | Path) -> bool:
    """Whether the name means a folder of PNGs."""
    return str(output).endswith(("/", os.sep)) or Path(output).is_dir()


def quality_of(codec: Codec, quality: int | None) -> int | None:
    """The rate factor to use: the one asked for, checked, or the codec's default."""
    if quality is None:
        return codec.quality
    if codec.quality is None:
        raise UsageError(f"quality {quality}: {codec.encoder} has no quality. Leave it out.")
    if quality not in codec.best_to_worst:
        worst = codec.best_to_worst[-1]
        raise UsageError(f"quality {quality}: {codec.encoder} takes 0 (best) to {worst} (worst).")
    return quality


def check_size(codec: Codec, size: tuple[int, int]) -> None:
    """UsageError where the codec takes no pictures of this (width, height)."""
    if any(even and side % 2 for even, side in zip(codec.even, size, strict=True)):
        raise UsageError(f"size {size[0]}x{size[1]}: {codec.encoder} takes even sizes only.")
    if size[0] < codec.smallest[0] or size[1] < codec.smallest[1]:
        least = "{}x{}".format(*codec.smallest)
        raise UsageError(f"size {size[0]}x{size[1]}: {codec.encoder} takes {least} and more; use another --codec.")


def check_output(
    output: str | Path, overwrite: bool = False, codec: str | None = None, quality: int | None = None
) -> None:
    """Raise, before any work, if `output` cannot be written: suffix, codec, quality, folder, rights, already there."""
    path = Path(output)
    quality_of(codec_of(output, codec), quality)
    if is_folder(output):
        check_parent(path)
        _check_folder(path, overwrite)
    else:
        check_file(path, overwrite)


def _check_folder(path: Path, overwrite: bool) -> None:
    if path.exists() and not path.is_dir():
        raise OutputError(f"{path} is a file, not a folder. Choose another name.")
    inside = sorted(entry.name for entry in path.iterdir()) if path.is_dir() else []
    foreign = [name for name in inside if not NUMBERED.fullmatch(name)]
    if foreign:  # --overwrite replaces the folder: never one that holds anything else
        raise OutputError(f"{path}/ holds other files ({foreign[0]}). Choose a new or empty folder.")
    if inside and not overwrite:
        raise OutputError(f"{path}/ holds pictures already. Choose another folder, or overwrite it with --overwrite.")
