"""What a user reads before the start: what will be done, by which model, and the memory and disk that it takes."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass

from fairy.config import EditSettings
from fairy.errors import UsageError
from fairy.jobs.render import Renderer
from fairy.jobs.request import Plan
from fairy.jobs.selection import Selection
from fairy.jobs.store import JobFolder
from fairy.method.editor import Editor
from fairy.method.memory import MemoryNeeded, format_bytes
from fairy.models import Model
from fairy.models.knowledge import explain_unknown
from fairy.report import Report
from fairy.video.lossless import BYTES_PER_VALUE


@dataclass(frozen=True)
class Prospect:
    """What is said before the start."""

    maker: str
    """The model, its device and its number format."""
    memory: MemoryNeeded
    restriction: str
    """What the licence of the weights forbids; empty where nothing is known."""
    unread: tuple[str, ...]
    """What the model cannot read of the instruction, each in a line."""


def foresee(
    editor: Editor, size: tuple[int, int], num_anchors: int, instruction: str, settings: EditSettings, length: int
) -> Prospect:
    """What an edit of this size (rows, columns) will take, of a source of `length` frames."""
    editor = editor.for_video(length)
    model = editor.model
    maker = f"{model.name} on {model.device} in {str(model.dtype).removeprefix('torch.')}"
    if model.config.compile != "off":
        maker += f", --compile {model.config.compile}"
    memory = editor.memory_needed(size, num_anchors, settings)
    return Prospect(maker, memory, model.family.restriction(model.folder), tuple(unread(model, instruction)))


def unread(model: Model, instruction: str) -> Iterator[str]:
    """What a model cannot read of an instruction: the end of a long one, and words that it does not know."""
    if dropped := model.family.dropped_text(model, instruction):
        yield f'the model reads no instruction as long as this; it leaves out the end: "{dropped}"'
    if unknown := explain_unknown(model.folder, instruction):
        yield unknown


def announce(plan: Plan, renderer: Renderer, report: Report) -> tuple[str, ...]:
    """Say before the start what will be done and what memory that takes; returns what the account must tell, too.

    UsageError where the model cannot read the instruction, and the job is strict.
    """
    selection, take = plan.selection, plan.manifest.edit
    width, height = selection.size
    prospect = renderer.ask(
        foresee, (height, width), selection.most_anchors, take.instruction, take.settings, len(selection.info)
    )
    shots = f" in {len(selection.shots)} shots" if len(selection.shots) > 1 else ""
    delivered = "" if plan.delivery.size == selection.size else " for {}x{}".format(*plan.delivery.size)
    report.note(
        f"{len(selection)} frames{shots} at {width}x{height}{delivered}, {len(selection.anchors)} anchors,"
        f" {prospect.maker}"
    )
    each = f", each of {renderer.workers} workers" if renderer.workers > 1 else ""
    report.note(f"memory: about {prospect.memory}{each}")
    if prospect.unread and plan.request.job.strict:
        raise UsageError(f"--strict: {prospect.unread[0]}")
    if prospect.restriction:
        report.note(f"licence: {prospect.restriction}")
    for note in (*prospect.unread, *selection.info.notes):
        report.note(note)
    return prospect.unread


def announce_disk(folder: JobFolder, selection: Selection, report: Report) -> None:
    """Say what the job folder will take until the video is written, and what there is."""
    width, height = selection.size
    frames = sum(chunk.stop - chunk.start for chunk in folder.chunks if chunk not in folder.done)
    need, free = round(frames * 3 * width * height * BYTES_PER_VALUE), shutil.disk_usage(folder.path).free
    scarce = "; that may not do" if need > free else ""
    report.note(f"disk: about {format_bytes(need)} in {folder.path}, {format_bytes(free)} are free{scarce}")
