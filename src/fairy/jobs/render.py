"""From a plan to stored chunks, and from stored chunks to a video: the two halves of a job, each in one streaming pass.

Frames stream from the reader through the editor to the job folder, each stage on threads of its own; none is held for
longer than that takes, so memory does not grow with the length.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeVar

import numpy as np

from fairy import models
from fairy.config import ModelConfig, RunConfig
from fairy.jobs.given import Given
from fairy.jobs.manifest import Manifest, Take
from fairy.jobs.selection import Selection, ShotPlan
from fairy.jobs.store import Chunk, JobFolder
from fairy.method.bank import AnchorBank
from fairy.method.editor import Editor
from fairy.method.memory import peak_memory
from fairy.models import Model
from fairy.report import Report
from fairy.video import Frame, background
from fairy.video.lossless import LosslessWriter

if TYPE_CHECKING:
    import torch

Answer = TypeVar("Answer")


class Renderer(Protocol):
    """What computes a job's frames: a device in this process, or many workers (fairy.parallel)."""

    @property
    def workers(self) -> int:
        """How many share the work."""

    def ask(self, question: Callable[..., Answer], *details: object) -> Answer:
        """question(editor, *details), of an editor like those that will compute."""

    def render_missing(self, selection: Selection, folder: JobFolder, given: Given, report: Report) -> int:
        """Compute and store all chunks that are not there yet; returns the number of frames computed."""

    def peak_memory(self) -> int:
        """Bytes held at most, by the worker that held most."""

    @property
    def device(self) -> torch.device | str:
        """Where this process computes, if it does."""


@dataclass(frozen=True)
class OneDevice:
    """Computes with an editor in this process."""

    editor: Editor
    workers: int = 1

    def ask(self, question: Callable[..., Answer], *details: object) -> Answer:
        """question(editor, *details)"""
        return question(self.editor, *details)

    def render_missing(self, selection: Selection, folder: JobFolder, given: Given, report: Report) -> int:
        """Compute and store all chunks that are not there yet; returns the number of frames computed."""
        return render_missing(self.editor, selection, folder, given, report)

    @property
    def device(self) -> torch.device | str:
        """That of the editor."""
        return self.editor.model.device

    def peak_memory(self) -> int:
        """Bytes of the GPU where there is one, of the process where there is none."""
        return peak_memory(self.editor.model.device)


@contextmanager
def open_editor(
    model: ModelConfig | Model | None, run: RunConfig | None, report: Report, micro_batch: int | None = None
) -> Iterator[Editor]:
    """An editor of a loaded model, or of one to be loaded."""
    if not isinstance(model, Model):
        report.progress("loading", 0, None)
        model = models.load_config(model or ModelConfig())
        report.progress("loading", 1, 1)
    with Editor(model, run, micro_batch=micro_batch) as editor:
        yield editor


def edit_shots(
    editor: Editor, selection: Selection, take: Take, given: Given, wanted: Set[ShotPlan], report: Report
) -> Iterator[tuple[ShotPlan, AnchorBank]]:
    """The bank of each wanted shot, made when it is asked for."""
    for shot in selection.shots:
        if shot in wanted:
            yield shot, edit_anchors(editor, selection, shot, take, given, report)


def edit_anchors(
    editor: Editor, selection: Selection, shot: ShotPlan, take: Take, given: Given, report: Report
) -> AnchorBank:
    """The pass of one shot's anchors, reported step by step."""
    return editor.edit_anchors(
        selection.pictures_at(shot.anchors),
        take.instruction,
        take.settings,
        given={shot.anchors.index(index): given[index] for index in shot.anchors if index in given},
        on_step=lambda done, total: report.progress("anchors", done, total),
    )


def edit_frames(
    editor: Editor, frames: Iterable[Frame], bank: AnchorBank, anchors: Sequence[int]
) -> Iterator[tuple[Frame, np.ndarray]]:
    """Each frame with its edit, in order; the anchors' edits are those of the anchors' own pass."""
    done = dict(zip(anchors, bank.frames, strict=True))
    waiting: deque[Frame] = deque()

    def others() -> Iterator[np.ndarray]:
        for frame in frames:
            waiting.append(frame)
            if frame.index not in done:
                yield frame.image

    def anchors_in_front() -> Iterator[tuple[Frame, np.ndarray]]:
        while waiting and waiting[0].index in done:
            yield waiting[0], done[waiting.popleft().index]

    for edited in editor.edit_frames(others(), bank):
        yield from anchors_in_front()
        yield waiting.popleft(), edited
    yield from anchors_in_front()


def render_frames(
    editor: Editor, selection: Selection, manifest: Manifest, given: Given, indices: list[int], report: Report
) -> Iterator[tuple[int, np.ndarray]]:
    """Some frames, rendered anew, each as the take that it is shown from."""
    for take in manifest.takes:
        mine = [index for index in indices if manifest.take_of(index) == take]
        shots = {selection.shot_of(index) for index in mine}
        for shot, bank in edit_shots(editor, selection, take, given, shots, report):
            wanted = [index for index in mine if shot.start <= index < shot.stop]
            for frame, edited in edit_frames(editor, selection.frames_at(wanted), bank, shot.anchors):
                yield frame.index, edited


def render_missing(editor: Editor, selection: Selection, folder: JobFolder, given: Given, report: Report) -> int:
    """Compute and store all chunks that are not there yet; returns the number of frames computed."""
    editor = editor.for_video(len(selection.info))
    total = sum(chunk.stop - chunk.start for chunk in folder.chunks if chunk not in folder.done)
    done = 0

    def step() -> None:
        nonlocal done
        done += 1
        report.progress("frames", done, total)

    for take in folder.manifest.takes:
        by_shot: dict[ShotPlan, list[Chunk]] = defaultdict(list)
        for chunk in folder.missing(take.number):
            by_shot[selection.shot_of(chunk.start)].append(chunk)
        banks = edit_shots(editor, selection, take, given, set(by_shot), report)
        for shot, bank in banks:
            keep_anchors(folder, take.number, shot, bank.frames, report)
            render_chunks(editor, selection, shot, bank, by_shot[shot], folder.writer, step)
    return done


def keep_anchors(folder: JobFolder, take: int, shot: ShotPlan, pictures: np.ndarray, report: Report) -> None:
    """Store a shot's edited anchors; say if they are stored already, and other ones."""
    if levels := folder.keep_anchors(take, shot.anchors, pictures):
        report.note(f"anchors came out up to {levels} levels off the first time's: is this another machine?")


def render_chunks(
    editor: Editor,
    selection: Selection,
    shot: ShotPlan,
    bank: AnchorBank,
    chunks: list[Chunk],
    writer_of: Callable[[Chunk], AbstractContextManager[LosslessWriter]],
    on_frame: Callable[[], None],
) -> None:
    """Compute and store chunks of one shot."""
    indices = [index for chunk in chunks for index in range(chunk.start, chunk.stop)]
    with (
        closing(background(selection.frames_at(indices))) as frames,
        closing(background(edit_frames(editor, frames, bank, shot.anchors))) as edits,
    ):
        for chunk in chunks:
            with writer_of(chunk) as writer:
                for _ in range(chunk.start, chunk.stop):
                    _, edited = next(edits)
                    writer.write(edited)
                    on_frame()
