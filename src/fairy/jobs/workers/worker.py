"""A worker's part of a job: chunks of frames.

Every worker makes the same bits: it has the same model, pins its threads as fairy.method.editor does, and a chunk needs
nothing but its own frames and the bank of its shot.
"""

from __future__ import annotations

import os
import socket
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

from fairy.config import ModelConfig, RunConfig
from fairy.disk.hashes import hash_file
from fairy.errors import ModelError
from fairy.jobs.given import Given
from fairy.jobs.manifest import Take
from fairy.jobs.render import edit_anchors, open_editor, render_chunks
from fairy.jobs.selection import Selection, ShotPlan
from fairy.jobs.store import CHUNKS, Chunk, writing
from fairy.jobs.workers.sending import SentFile, is_seen, receive, relocated
from fairy.method.bank import AnchorBank
from fairy.method.editor import Editor
from fairy.method.memory import peak_memory
from fairy.models.identity import versions
from fairy.parallel.cluster import Shared, assigned_cores, node
from fairy.parallel.pool import Tick
from fairy.report import SILENT

KEPT_JOBS = 8
"""Of so many jobs a worker keeps what it was sent."""


@dataclass(frozen=True)
class JobSpec:
    """A job, as its workers know it."""

    name: str
    giver: str
    """The node of who gave it."""
    folder: Path
    """The job folder there. Who finds a file of the spec's name among its chunks sees the same folder."""
    selection: Selection
    takes: tuple[Take, ...]
    given: Given
    model_hash: str
    files: tuple[SentFile, ...]

    def take(self, number: int) -> Take:
        """By its number."""
        return next(take for take in self.takes if take.number == number)


class MissingFiles(NamedTuple):
    """The worker sees files of the job nowhere: they must be sent."""

    machine: str
    paths: tuple[Path, ...]


class Rendered(NamedTuple):
    """A finished chunk."""

    checksum: str
    file: str
    """Its name among the job's chunks, where the worker sees them; else empty."""
    content: bytes
    """The file itself, where it does not."""
    anchors: np.ndarray | None
    """uint8 (K, H, W, 3): the edited anchors, if they were edited for this chunk."""
    peak_memory: int


class WorkerState:
    """What one worker has at hand: its editor, and what it keeps of the jobs that it works on."""

    def __init__(self, editor: Editor, folder: Path) -> None:
        self.editor, self.folder = editor, folder
        self._spec: tuple[Any, JobSpec] | None = None
        self._selections: dict[str, Selection] = {}
        self._bank: tuple[tuple[str, int, ShotPlan], AnchorBank] | None = None

    def open(self, spec: Shared) -> tuple[JobSpec, Selection | None]:
        """The spec, and what is selected, with paths that can be read here; None where one cannot."""
        if self._spec is None or self._spec[0] != spec.ref:
            self._spec = (spec.ref, spec.get())
        known = self._spec[1]
        if known.name not in self._selections:
            if any(file.blocks is None for file in self.missing(known)):
                return known, None
            check_model(self.editor, known)
            self._selections[known.name] = self._localize(known)
            for name in list(self._selections)[:-KEPT_JOBS]:
                self._forget(name)
        return known, self._selections[known.name]

    def missing(self, spec: JobSpec) -> list[SentFile]:
        """Files that cannot be read here under their path."""
        return [file for file in spec.files if not is_seen(file, spec.giver)]

    def bank_of(self, spec: JobSpec, selection: Selection, take: Take, shot: ShotPlan) -> tuple[AnchorBank, bool]:
        """The bank of a shot: at hand, or else made, which the second value tells."""
        key = (spec.name, take.number, shot)
        if self._bank and self._bank[0] == key:
            return self._bank[1], False
        self._bank = None  # two would not fit everywhere
        self._bank = (key, edit_anchors(self.editor, selection, shot, take, spec.given, SILENT))
        return self._bank[1], True

    def _localize(self, spec: JobSpec) -> Selection:
        """The selection with the paths of the copies that were sent."""
        paths = {file.path: file.path for file in spec.files}
        for number, file in enumerate(self.missing(spec)):
            (self.folder / spec.name).mkdir(exist_ok=True)
            paths[file.path] = receive(file, self.folder / spec.name / f"{number:06d}{file.path.suffix}")
        return relocated(spec.selection, paths)

    def _forget(self, name: str) -> None:
        del self._selections[name]
        for file in (self.folder / name).glob("*"):
            file.unlink()


@contextmanager
def open_worker(model: ModelConfig, run: RunConfig | None, wanted: dict[str, str]) -> Iterator[WorkerState]:
    """Load the model in this process. ModelError where the versions of what computes are not those wanted."""
    if (own := versions(model.compile)) != wanted:
        different = ", ".join(
            f"{name} {own.get(name, 'not')} instead of {wanted.get(name, 'none')}"
            for name in own | wanted
            if own.get(name) != wanted.get(name)
        )
        raise ModelError(f"{socket.gethostname()} has {different}: install the same versions on every machine")
    if not torch.cuda.is_available():  # Ray shows a worker its own GPU, or none
        torch.set_num_threads(assigned_cores())
    with tempfile.TemporaryDirectory(prefix="fairy-") as folder, open_editor(model, run, SILENT) as editor:
        yield WorkerState(editor, Path(folder))


def check_model(editor: Editor, spec: JobSpec) -> None:
    """ModelError where the model of this name is another one here than where the job was given."""
    if spec.giver != node() and editor.model.identity.model != spec.model_hash:
        raise ModelError(f"{editor.model.name} is another model on {socket.gethostname()}; make it the same everywhere")


def answer(state: WorkerState, request: tuple[Any, Sequence[object]], tick: Tick) -> Any:  # noqa: ARG001
    """question(editor, *details)"""
    question, details = request
    return question(state.editor, *details)


def render(state: WorkerState, request: tuple[Shared, Chunk], tick: Tick) -> Rendered | MissingFiles:
    """Compute the frames of a chunk and store them where all see them, or send them back."""
    spec, selection = state.open(request[0])
    if selection is None:
        return MissingFiles(socket.gethostname(), tuple(file.path for file in state.missing(spec)))
    chunk, take = request[1], spec.take(request[1].take)
    shot = selection.shot_of(chunk.start)
    bank, made = state.bank_of(spec, selection, take, shot)
    shared = spec.folder / CHUNKS
    is_shared = (shared / spec.name).exists()
    file = (shared if is_shared else state.folder) / f"partial-{spec.name}-{os.getpid()}-{chunk.start}.mkv"
    done = 0

    def step() -> None:
        nonlocal done
        done += 1
        tick(done)

    width, height = selection.size
    editor = state.editor.for_video(len(selection.info))
    render_chunks(editor, selection, shot, bank, [chunk], lambda _: writing(file, (width, height)), step)
    content = b""
    checksum = hash_file(file)
    if not is_shared:
        content = file.read_bytes()
        file.unlink()
    peak = peak_memory(state.editor.model.device)
    return Rendered(checksum, file.name if is_shared else "", content, bank.frames if made else None, peak)
