"""Time codes of films (SMPTE ST 12-1): hours:minutes:seconds:frames, as cameras write them and editors cut by them."""

from __future__ import annotations

import re
from fractions import Fraction

CODE = re.compile(r"(\d\d):(\d\d):(\d\d)([:;.])(\d\d)")
DAY = 24 * 60


def later(code: str, frames: int, rate: Fraction) -> str:
    """The time code so many frames later, at `rate` frames a second; what is no time code stays as it is.

    A ; or . before the frames means drop frame: two numbers (at 60, four) are skipped every minute but each tenth.
    """
    if not (parts := CODE.fullmatch(code)):
        return code
    hours, minutes, seconds, frame = (int(parts[number]) for number in (1, 2, 3, 5))
    base = round(rate)
    skipped = round(base / 15) if parts[4] != ":" else 0
    minute = 60 * hours + minutes
    count = (60 * minute + seconds) * base + frame - skipped * (minute - minute // 10) + frames
    ten_minutes, one_minute = 600 * base - 9 * skipped, 60 * base - skipped
    tens, rest = divmod(count % (DAY // 10 * ten_minutes), ten_minutes)
    # Of each ten minutes the first one is whole.
    ones = 0 if rest < 60 * base else 1 + (rest - 60 * base) // one_minute
    number = rest if not ones else rest - 60 * base - (ones - 1) * one_minute + skipped
    minute, (second, frame) = 10 * tens + ones, divmod(number, base)
    return f"{minute // 60:02}:{minute % 60:02}:{second:02}{parts[4]}{frame:02}"
