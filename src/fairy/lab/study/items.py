"""Which videos belong together: sources, instructions and the methods' results, matched by the names of the files.

An instruction file has a line for each video and instruction, as CSV with a header or as JSON lines: `video` (the
source's name without suffix), `instruction`, and `result` where the results are named otherwise than here: like the
video, or, where a video has several instructions, VIDEO--the-instruction-in-small-letters.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from fairy.disk.rows import read_rows
from fairy.errors import MediaError, UsageError

VIDEO_SUFFIXES = {".mp4", ".mov", ".mkv", ".webm", ".gif", ".avi", ".m4v", ".mpg", ".mpeg", ".ts"}
SLUG_LENGTH = 80
COLUMNS = ("video", "instruction", "result")


@dataclass(frozen=True)
class InstructionLine:
    """A line of the instruction file."""

    video: str
    instruction: str
    result: str = ""


@dataclass(frozen=True)
class Match:
    """A source, what was asked for, and one file a method."""

    video: str
    instruction: str
    source: Path
    results: tuple[Path, ...]


def slug(instruction: str) -> str:
    """Make it Night! -> make-it-night."""
    return re.sub(r"[\W_]+", "-", instruction.lower()).strip("-")[:SLUG_LENGTH].rstrip("-")


def match_results(
    source: Path, methods: Sequence[Path], lines: Sequence[InstructionLine], *, skip_missing: bool = False
) -> tuple[list[Match], list[str]]:
    """The matches in the file's order, and the names of what is missing.

    MediaError, in one line, where anything is missing; with `skip_missing` only where nothing is left.
    """
    sources, results = list_videos(source), [list_videos(folder) for folder in methods]
    per_video = Counter(line.video for line in lines)
    matches, missing = [], []
    for line in lines:
        names = names_of(line, per_video[line.video])
        found = [next((have[name] for name in names if name in have), None) for have in results]
        if line.video not in sources:
            missing.append(f"{source / line.video}")
        missing += [str(folder / names[0]) for folder, path in zip(methods, found, strict=True) if path is None]
        paths = tuple(path for path in found if path is not None)
        if line.video in sources and len(paths) == len(methods):
            matches.append(Match(line.video, line.instruction, sources[line.video], paths))
    if missing and not (skip_missing and matches):
        more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
        raise MediaError(
            f"no video {missing[0]}.*{more}. Name the results so, or in a column `result`, or say --skip-missing."
        )
    return matches, missing


def names_of(line: InstructionLine, num_instructions: int) -> tuple[str, ...]:
    """The names without suffix that a result of this line may have."""
    if line.result:
        return (line.result,)
    long = f"{line.video}--{slug(line.instruction)}"
    return (long,) if num_instructions > 1 else (line.video, long)


def list_videos(folder: Path) -> dict[str, Path]:
    """Video files, and folders of pictures, by their names without suffix."""
    if not folder.is_dir():
        raise MediaError(f"{folder} is no folder. Give a folder of videos.")
    found: dict[str, Path] = {}
    for path in sorted(folder.iterdir()):
        if path.name.startswith(".") or not (path.is_dir() or path.suffix.lower() in VIDEO_SUFFIXES):
            continue
        name = path.name if path.is_dir() else path.stem
        if name in found:
            raise MediaError(f"{path} and {found[name].name} have the same name. Leave one of them in {folder}.")
        found[name] = path
    return found


def read_instructions(path: Path) -> list[InstructionLine]:
    """The lines of an instruction file: .csv, .jsonl. UsageError says what is wrong, and in which line."""
    rows = read_rows(path, COLUMNS, needed=COLUMNS[:2], option="--instructions")
    lines = [InstructionLine(_stem(row["video"]), row["instruction"], _stem(row["result"])) for _, row in rows]
    twice = [line for line, count in Counter((each.video, each.instruction) for each in lines).items() if count > 1]
    if twice:
        raise UsageError(f"--instructions {path}: {twice[0][0]}, {twice[0][1]!r} stands there twice")
    return lines


def _stem(name: str) -> str:
    """The name of a file or a folder without a suffix that videos have."""
    path = Path(name)
    return path.stem if path.suffix.lower() in VIDEO_SUFFIXES else path.name
