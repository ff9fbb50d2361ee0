"""Which videos are to be edited, by which instruction, under which name: from a folder, a CSV file or JSON lines."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from fairy.config import check_instruction
from fairy.disk.rows import SUFFIXES as LISTS
from fairy.disk.rows import read_rows
from fairy.errors import MediaError, UsageError
from fairy.video.decode import open_input, video_stream
from fairy.video.formats import FORMATS
from fairy.video.images import SUFFIXES as IMAGE_SUFFIXES
from fairy.video.images import natural_key

OTHER_SUFFIXES = (".avi", ".m4v", ".mpg", ".mpeg", ".ts", ".mts", ".m2ts", ".wmv", ".flv", ".ogv", ".3gp")
VIDEO_SUFFIXES = {*FORMATS, *OTHER_SUFFIXES}
COLUMNS = ("video", "instruction", "output")


@dataclass(frozen=True)
class Entry:
    """One video to be edited."""

    video: Path
    instruction: str
    output: str
    """Its name in the folder of results."""


def is_listing(path: Path) -> bool:
    """Whether this names many videos: a list, or a folder of videos without a picture in it."""
    if path.is_dir():
        suffixes = {each.suffix.lower() for each in path.iterdir() if not each.name.startswith(".")}
        return not suffixes & IMAGE_SUFFIXES and bool(suffixes & VIDEO_SUFFIXES)
    return path.suffix.lower() in LISTS


def read_listing(path: Path, instruction: str | None) -> tuple[Entry, ...]:
    """The videos of a folder, in the order of their names, or the rows of a list.

    `instruction` is for those that have none of their own. Videos are looked for beside the list. Raises UsageError
    where a row is not understood, lacks an instruction, or names a video that is not there.
    """
    if path.is_dir():
        files = (file for file in path.iterdir() if file.suffix.lower() in VIDEO_SUFFIXES and file.is_file())
        return named([(file, told("the command", "", instruction), "") for file in sorted(files, key=natural_key)])
    if not path.is_file():
        raise UsageError(f"{path} does not exist. Give a list of videos, a folder of videos, or a video.")
    wanted = []
    for where, row in read_rows(path, COLUMNS, needed=("video",), strict=True):
        output = Path(row["output"])
        if output.is_absolute() or ".." in output.parts:
            raise UsageError(f"{where}: output {output}: must be a name in the folder of results")
        video = path.parent / row["video"]
        if not video.exists():
            raise UsageError(f"{where}: {video} does not exist")
        wanted.append((video, told(where, row["instruction"], instruction), row["output"]))
    return named(wanted)


def told(where: str, own: str, instruction: str | None) -> str:
    """The row's own instruction, or the one for all."""
    chosen = own or instruction
    if chosen is None:
        raise UsageError(f"{where}: there is no instruction; write one in the list, or after it for all videos")
    check_instruction(chosen)
    return chosen


def named(wanted: list[tuple[Path, str, str]]) -> tuple[Entry, ...]:
    """Videos, instructions and names -> entries. Who has no name gets the video's, with the instruction if need be."""
    stems = Counter(video.stem for video, _, name in wanted if not name)
    entries = []
    for video, instruction, name in wanted:
        suffix = video.suffix.lower() if video.suffix.lower() in FORMATS else ".mp4"
        words = "-".join(re.findall(r"\w+", instruction.lower()))[:60]
        own = f"{video.stem}{suffix}" if stems[video.stem] == 1 else f"{video.stem}-{words}{suffix}"
        entries.append(Entry(video, instruction, name or own))
    for name, count in Counter(entry.output for entry in entries).items():
        if count > 1:
            raise UsageError(f"{count} results would be named {name}: give them names in a column output")
    return tuple(entries)


def foretold_frames(path: Path) -> int:
    """About how many frames there are, by what the file says of itself; 0 where it says nothing."""
    if path.is_dir():
        return sum(file.suffix.lower() in IMAGE_SUFFIXES for file in path.iterdir())
    try:
        with open_input(path) as container:
            stream = video_stream(container, path)
            seconds = float((stream.duration or 0) * (stream.time_base or 0))
            return stream.frames or round(seconds * float(stream.average_rate or 0))
    except MediaError:
        return 0  # it will be told when its turn comes
