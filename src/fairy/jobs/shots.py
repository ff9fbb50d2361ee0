"""Where one shot ends and the next begins, as read from a file and as told to a user; finding it: pictures/cuts.py."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np

from fairy.errors import UsageError
from fairy.video import VideoInfo

ACCEPTED = "Write a frame's index (240), seconds (9.6 or 9.6s) or a time code (0:00:09.6) in each line."


def read_cuts(path: Path, info: VideoInfo) -> list[int]:
    """Cuts written by hand: in each line a frame's index, seconds or a time code; `#` begins a comment.

    A time means the first frame at or after it. Raises UsageError with the line that is wrong.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise UsageError(
            f"--shots {path}: cannot be read ({reason}). Give auto, off or a text file of cuts."
        ) from error
    cuts = set()
    for number, line in enumerate(lines, 1):
        if text := line.partition("#")[0].strip():
            cut = parse_cut(text, info)
            if cut is None:
                raise UsageError(f"--shots {path}, line {number}: {text!r} is no cut. {ACCEPTED}")
            if not 0 <= cut < len(info):
                raise UsageError(
                    f"--shots {path}, line {number}: {text} lies outside of {info.path}, which has {len(info)} frames"
                    f" in {info.duration:.3f} s"
                )
            cuts.add(cut)
    return sorted(cuts - {0})


def parse_cut(text: str, info: VideoInfo) -> int | None:
    """The frame that a line means; the number of frames for a time after the last one; None for no cut at all."""
    if re.fullmatch(r"\d{1,18}", text):
        return int(text)
    found = re.fullmatch(r"(?:(?:(\d{1,9}):)?(\d{1,9}):)?(\d{1,9}(?:[.,]\d{0,9})?)s?", text)
    if not found:
        return None
    hours, minutes, seconds = found.groups(default="0")
    moment = 3600 * int(hours) + 60 * int(minutes) + Fraction(seconds.replace(",", "."))
    return int(np.searchsorted(info.pts, int(info.pts[0]) + math.ceil(moment / info.time_base)))


def describe_cuts(cuts: Sequence[int], info: VideoInfo) -> list[str]:
    """What a user reads before the run: where new shots begin. Nothing where there is no cut."""
    begins = [f"{cut} ({time_code(info, cut)})" for cut in cuts]
    rows = [", ".join(begins[row : row + 4]) for row in range(0, len(begins), 4)]
    return [f"cuts at frames {rows[0]}", *(f"  {row}" for row in rows[1:])] if cuts else []


def time_code(info: VideoInfo, index: int) -> str:
    """When a frame is shown, rounded down to a millisecond: as `read_cuts` reads it, the same frame."""
    milliseconds = int((int(info.pts[index]) - int(info.pts[0])) * info.time_base * 1000)
    minutes, milliseconds = divmod(milliseconds, 60_000)
    return f"{minutes // 60}:{minutes % 60:02d}:{milliseconds // 1000:02d}.{milliseconds % 1000:03d}"
