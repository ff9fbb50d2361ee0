"""Which videos are to be edited, by which instruction, under which name: from a folder, a CSV file or JSON lines."""

from __future__ import annotations

import csv
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fairy.config import check_instruction
from fairy.errors import MediaError, UsageError
from fairy.video.decode import open_input, video_stream
from fairy.video.formats import FORMATS
from fairy.video.images import SUFFIXES as IMAGE_SUFFIXES
from fairy.video.images import natural_key

LISTS = (".csv", ".jsonl")
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
        rows = [("the command", {"video": file.name}) for file in sorted(files, key=natural_key)]
        return named([(path / row["video"], told(where, row, instruction), "") for where, row in rows])
    if not path.is_file():
        raise UsageError(f"{path} does not exist. Give a list of videos, a folder of videos, or a video.")
    rows = list(read_csv(path) if path.suffix.lower() == ".csv" else read_jsonl(path))
    if not rows:
        raise UsageError(f"{path} lists no video")
    wanted = []
    for where, row in rows:
        check_row(where, row)
        video = path.parent / row["video"]
        if not video.exists():
            raise UsageError(f"{where}: {video} does not exist")
        wanted.append((video, told(where, row, instruction), row.get("output") or ""))
    return named(wanted)


def read_csv(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each row with the place it stands at; the first line names the columns."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        try:
            reader = csv.DictReader(file, strict=True)
            for row in reader:
                yield f"{path}, line {reader.line_num}", row
        except (csv.Error, UnicodeDecodeError) as error:
            raise UsageError(f"{path} is no table with commas: {error}") from error


def read_jsonl(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each object with the place it stands at."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is no text: {error}") from error
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        where = f"{path}, line {number}"
        try:
            row = json.loads(line)
        except ValueError as error:
            raise UsageError(f"{where} is no JSON: {error}") from error
        if not isinstance(row, dict):
            raise UsageError(f'{where}: must be an object: {{"video": "a.mp4", "instruction": "make it night"}}')
        yield where, row


def check_row(where: str, row: Mapping[str, Any]) -> None:
    """Refuse what would be passed over in silence."""
    if strange := [name for name in row if name not in COLUMNS]:
        raise UsageError(f"{where}: {strange[0] or 'a value too many'}: the columns are {', '.join(COLUMNS)}")
    if not all(isinstance(value, str | None) for value in row.values()):
        raise UsageError(f"{where}: all values must be texts")
    if not row.get("video"):
        raise UsageError(f"{where}: there is no video")
    output = Path(row.get("output") or "")
    if output.is_absolute() or ".." in output.parts:
        raise UsageError(f"{where}: output {output}: must be a name in the folder of results")


def told(where: str, row: Mapping[str, Any], instruction: str | None) -> str:
    """The row's own instruction, or the one for all."""
    chosen = row.get("instruction") or instruction
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
