"""The job folder beside an output, OUTPUT.fairy/: the manifest, the edited anchors and the finished chunks.

    manifest.json
    anchors/TAKE-INDEX.png
    chunks/TAKE-START-STOP.CHECKSUM.mkv    frames START to STOP - 1, without loss
    lock                                   there while a process works here

Everything is written under a temporary name and renamed. A chunk's checksum stands in its name, so that one rename
makes it done: a kill at any moment loses the chunk in flight and no more.
"""

from __future__ import annotations

import errno
import os
import re
import shutil
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path

import numpy as np
from PIL import Image

from fairy.disk.hashes import hash_file
from fairy.disk.lock import LOCK, locked
from fairy.disk.whole import save_png, writing_whole
from fairy.errors import OutputError, UsageError
from fairy.jobs.manifest import Manifest, Take, parse
from fairy.report import SILENT, Report
from fairy.video.lossless import LosslessWriter, read_lossless

SUFFIX = ".fairy"
MANIFEST, ANCHORS, CHUNKS = "manifest.json", "anchors", "chunks"
CHUNK_NAME = re.compile(r"(\d+)-(\d+)-(\d+)\.([0-9a-f]{32})\.mkv")
NO_ROOM = (errno.ENOSPC, errno.EDQUOT)


def job_path(output: Path) -> Path:
    """The job folder of an output."""
    return output.with_name(output.name + SUFFIX)


@dataclass(frozen=True, order=True)
class Chunk:
    """Consecutive frames of one shot and one take, which are stored together."""

    take: int
    start: int
    stop: int

    def __str__(self) -> str:
        return f"frames {self.start} to {self.stop - 1}"


def plan_chunks(manifest: Manifest) -> list[Chunk]:
    """All chunks that a job consists of, take by take."""
    chunks = []
    for take in manifest.takes:
        for shot in manifest.shots:
            first, last = max(shot.start, take.start), min(shot.stop, take.stop)
            starts = range(first, last, manifest.chunk)
            chunks += [Chunk(take.number, start, min(start + manifest.chunk, last)) for start in starts]
    return chunks


@contextmanager
def open_job(path: Path, wanted: Manifest, *, restart: bool, report: Report) -> Iterator[JobFolder]:
    """A job folder, new or begun before; nobody else can work in it meanwhile.

    Raises UsageError where it was begun with something else, and OutputError where it cannot be used. After a failure
    the folder stays if a chunk in it is finished.
    """
    with locked(path), room_wanted(path):
        if restart:
            clear(path)
        folder = JobFolder(path, begin_or_resume(path, wanted))
        folder.prepare(report)
        if folder.done:
            report.note(f"going on: {len(folder.done)} of {len(folder.chunks)} chunks are done")
        try:
            with explain_interruption(folder, report):
                yield folder
        except BaseException:
            if not folder.done:
                clear(path)
            raise


@contextmanager
def open_kept(output: Path, report: Report = SILENT) -> Iterator[JobFolder]:
    """The job folder that `--keep-job` has left beside an output, to be worked in."""
    path = job_path(output)
    look_at(output)  # a folder that is none gets no lock
    with locked(path), room_wanted(path):
        folder = look_at(output)
        folder.prepare(report)
        with explain_interruption(folder, report):
            yield folder


def look_at(output: Path) -> JobFolder:
    """The same folder to be looked at only: nothing in it is changed, locked or removed, whatever is found there."""
    path = job_path(output)
    file = path / MANIFEST
    if not file.is_file():
        raise OutputError(f"{path} does not exist. A job can be looked at again where `fairy edit` had --keep-job.")
    folder = JobFolder(path, parse(file.read_text(encoding="utf-8", errors="replace"), file))
    folder.inspect()
    return folder


@contextmanager
def explain_interruption(folder: JobFolder, report: Report) -> Iterator[None]:
    """Say, when work stops before its end, how to go on."""
    try:
        yield
    except KeyboardInterrupt:
        raise KeyboardInterrupt(folder.what_is_kept()) from None
    except BaseException:
        if folder.done and len(folder.done) < len(folder.chunks):
            report.note(folder.what_is_kept())
        raise


def begin_or_resume(path: Path, wanted: Manifest) -> Manifest:
    """The manifest to work by: the wanted one as the next part of the job that is there, or a new one."""
    file = path / MANIFEST
    if file.exists():
        begun = parse(file.read_text(encoding="utf-8", errors="replace"), file)
        if differences := wanted.differences(begun):
            raise UsageError(f"{'; '.join(differences)} (the job in {path}). Use --restart to begin anew.")
        wanted = wanted.going_on(begun)
    elif foreign := [entry.name for entry in path.iterdir() if not is_ours(entry.name)]:
        raise OutputError(f"{path} holds no job, but {foreign[0]}. Move it away: a job's folder has this name.")
    return wanted


def is_ours(name: str) -> bool:
    """Whether a job puts a file or folder of this name into its folder."""
    return name in (LOCK, ANCHORS, CHUNKS) or (name.startswith(".manifest.") and ".partial" in name)


def clear(path: Path) -> None:
    """Remove what a job has stored, and nothing else."""
    (path / MANIFEST).unlink(missing_ok=True)
    for name in (ANCHORS, CHUNKS):
        shutil.rmtree(path / name, ignore_errors=True)


@contextmanager
def room_wanted(path: Path) -> Iterator[None]:
    """Turn a failure to write here into one clear line."""
    try:
        yield
    except OSError as error:  # PyAV's own is one, too
        if error.errno not in NO_ROOM:
            raise
        raise OutputError(
            f"the disk is full: {path} cannot grow. Make room and give the same command again: it goes on."
        ) from error


class JobFolder:
    """What is stored of a job. Frames are uint8 (H, W, 3) at the size of the edit."""

    def __init__(self, path: Path, manifest: Manifest) -> None:
        self.path, self.manifest = path, manifest
        self.done: dict[Chunk, Path] = {}
        self.broken: dict[Path, Chunk | None] = {}
        """Files among the chunks that are damaged, or that nothing asks for."""
        self._plan()

    def prepare(self, report: Report) -> None:
        """Make the folder fit to be worked in: what is damaged or was not finished is removed."""
        for name in (ANCHORS, CHUNKS):
            (self.path / name).mkdir(exist_ok=True)
        self.save()
        self.inspect()
        for file, chunk in self.broken.items():
            file.unlink()
            if chunk:
                report.note(f"{chunk} in {self.path} were damaged: they are done again")
        self.broken.clear()

    def save(self) -> None:
        """Write the manifest, and see which chunks it asks for."""
        with writing_whole(self.path / MANIFEST) as part, part.open("w", encoding="utf-8") as file:
            file.write(self.manifest.to_json())
            file.flush()
            os.fsync(file.fileno())  # a loss of power leaves the old one or the new one; a chunk has its checksum
        self._plan()

    def _plan(self) -> None:
        self.chunks = plan_chunks(self.manifest)
        self._by_take = {take.number: [c for c in self.chunks if c.take == take.number] for take in self.manifest.takes}

    def inspect(self) -> None:
        """Find what is done, and what is damaged or was not finished."""
        planned = set(self.chunks)
        self.done, self.broken = {}, {}
        for file in sorted((self.path / CHUNKS).glob("*")):
            named = CHUNK_NAME.fullmatch(file.name)
            chunk = Chunk(*map(int, named.groups()[:3])) if named else None
            if named and chunk in planned and hash_file(file) == named[4]:
                self.done[chunk] = file
            else:
                self.broken[file] = chunk if chunk in planned else None

    @property
    def damage(self) -> list[str]:
        """What is damaged or missing of a job whose video was delivered, in words."""
        torn = {chunk for chunk in self.broken.values() if chunk}
        shown = {self._chunk_of(index) for index in range(self.manifest.edit.start, self.manifest.edit.stop)}
        gone = [chunk for chunk in self.chunks if chunk in shown and chunk not in self.done and chunk not in torn]
        found = [*(f"{chunk} are damaged" for chunk in sorted(torn)), *(f"{chunk} are missing" for chunk in gone)]
        for take, index in self._anchor_indices():
            try:
                open_png(self._anchor_file(take, index))
            except (OSError, SyntaxError):
                found.append(f"the edited anchor {index} is missing or damaged")
        return found

    def _anchor_indices(self) -> Iterator[tuple[int, int]]:
        """Those of the job's own take: a later one need not have rendered all shots."""
        take = self.manifest.edit
        for shot in self.manifest.shots:
            yield from ((take.number, index) for index in shot.anchors)

    def is_stored(self, index: int) -> bool:
        """Whether a frame is there as it is to be shown."""
        return self._chunk_of(index) in self.done

    def what_is_kept(self) -> str:
        """How a job that stopped goes on, in one line."""
        if not self.done:
            return "no chunk was finished yet, so nothing is kept"
        return (
            f"{len(self.done)} of {len(self.chunks)} chunks are kept in {self.path}:"
            " the same command goes on from there"
        )

    def missing(self, take: int) -> list[Chunk]:
        """The chunks of a take that are still to be rendered."""
        return [chunk for chunk in self._by_take[take] if chunk not in self.done]

    def replace_takes(self, takes: tuple[Take, ...]) -> None:
        """Work by other takes from now on, and forget what is stored of those that are gone."""
        self.manifest = replace(self.manifest, takes=takes)
        self.save()
        for chunk in self.done.keys() - set(self.chunks):
            self.forget(chunk)

    def forget(self, chunk: Chunk) -> None:
        """Remove a chunk, so that it is done again."""
        self.done.pop(chunk).unlink()

    @contextmanager
    def writer(self, chunk: Chunk) -> Iterator[LosslessWriter]:
        """Takes the pictures of a chunk, which is done when the block ends well."""
        temporary = self.path / CHUNKS / "partial.mkv"
        with writing(temporary, self.manifest.size) as writer:
            yield writer
        self.adopt(chunk, temporary, hash_file(temporary))

    def adopt(self, chunk: Chunk, file: Path, checksum: str) -> None:
        """Take a finished file, which lies in this folder, as a chunk."""
        name = f"{chunk.take}-{chunk.start:06d}-{chunk.stop:06d}.{checksum}.mkv"
        self.done[chunk] = file.replace(self.path / CHUNKS / name)

    def keep_anchors(self, take: int, indices: Sequence[int], pictures: np.ndarray) -> int:
        """Store edited anchors; returns by how many levels they differ from those that were stored before."""
        largest = 0
        for index, picture in zip(indices, pictures, strict=True):
            file = self._anchor_file(take, index)
            try:
                before = open_png(file).astype(np.int16)
                largest = max(largest, int(np.abs(before - picture).max()))
            except (OSError, SyntaxError):  # not there, or damaged
                save_png(file, picture)
        return largest

    def anchor(self, index: int) -> np.ndarray:
        """A stored anchor of the first take."""
        file = self._anchor_file(0, index)
        try:
            return open_png(file)
        except (OSError, SyntaxError) as error:
            raise OutputError(
                f"{file} is missing or damaged. Begin the job anew with `fairy edit --restart`."
            ) from error

    def pictures(self, start: int, stop: int) -> Iterator[np.ndarray]:
        """Finished frames in their order, each from the latest take that has it."""
        for chunk, indices in groupby(range(start, stop), self._chunk_of):
            wanted = set(indices)
            for index, picture in enumerate(read_lossless(self.done[chunk]), chunk.start):
                if index in wanted:
                    yield picture
                    wanted.remove(index)
                if not wanted:
                    break

    def _anchor_file(self, take: int, index: int) -> Path:
        return self.path / ANCHORS / f"{take}-{index:06d}.png"

    def _chunk_of(self, index: int) -> Chunk:
        row = self._by_take[self.manifest.take_of(index).number]
        return row[bisect_right(row, index, key=lambda chunk: chunk.start) - 1]


@contextmanager
def writing(file: Path, size: tuple[int, int]) -> Iterator[LosslessWriter]:
    """Takes pictures of one size; nothing stays of the file if the block ends badly."""
    try:
        with LosslessWriter(file, size) as writer:
            yield writer
    except BaseException:
        file.unlink(missing_ok=True)  # the disk may be full
        raise


def open_png(file: Path) -> np.ndarray:
    """uint8 (H, W, 3). Raises OSError or SyntaxError where it is damaged."""
    with Image.open(file) as picture:
        return np.asarray(picture.convert("RGB"))
