"""Files that workers read: under their own path where the worker sees it, else as a copy that was sent to it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from fairy.jobs.selection import Selection
from fairy.parallel.cluster import Shared, node, share

BLOCK = 64 << 20
"""Bytes sent at a time."""


@dataclass(frozen=True)
class SentFile:
    """A file of the machine that gave the job."""

    path: Path
    num_bytes: int
    modified: int
    """Nanoseconds of that machine's clock."""
    blocks: tuple[Shared, ...] | None = None
    """Its content, once a worker has asked for it."""


def survey(paths: Iterable[Path], *, hidden: bool = False) -> tuple[SentFile, ...]:
    """What workers must know of files to find them; of hidden ones they will find none."""
    return tuple(SentFile(path, path.stat().st_size, -1 if hidden else path.stat().st_mtime_ns) for path in paths)


def with_content(file: SentFile) -> SentFile:
    """The file together with its bytes, put where all workers can fetch them."""
    blocks = []
    with file.path.open("rb") as stream:
        while block := stream.read(BLOCK):
            blocks.append(share(block))
    return replace(file, blocks=tuple(blocks))


def is_seen(file: SentFile, giver: str) -> bool:
    """Whether this process reads the same file under the same path; `giver` is the node of who gave the job."""
    if giver == node():
        return True
    if not file.path.is_file():
        return False
    facts = file.path.stat()
    return (facts.st_size, facts.st_mtime_ns) == (file.num_bytes, file.modified)


def receive(file: SentFile, path: Path) -> Path:
    """Write a file that was sent."""
    with path.open("wb") as stream:
        for block in file.blocks or ():
            stream.write(block.get())
    return path


def files_of(selection: Selection) -> list[Path]:
    """All files that rendering a selection reads, absolute."""
    info = selection.info
    return [path.absolute() for path in info.images or (info.path,)]


def relocated(selection: Selection, paths: dict[Path, Path]) -> Selection:
    """The same selection of the same files at other paths."""
    info = selection.info
    images = tuple(paths[path.absolute()] for path in info.images)
    path = info.path.absolute() if images else paths[info.path.absolute()]
    return replace(selection, info=replace(info, images=images, path=path))
