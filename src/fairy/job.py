"""A video on disk in, an edited video on disk out: `edit_video`, and `preview`, which edits only the anchors.

Frames stream from the reader through the editor to the writer, each stage on threads of its own; none is ever held for
longer than that takes, so memory does not grow with the length.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fairy import models
from fairy.anchors import AnchorBank
from fairy.config import EMBEDDED, EditConfig, ModelConfig, RunConfig, VideoConfig
from fairy.errors import UsageError
from fairy.memory import peak_memory
from fairy.models import Model
from fairy.pipeline import Editor, check_instruction
from fairy.report import SILENT, Report
from fairy.selection import Selection, select
from fairy.sheet import check_picture, contact_sheet, save_png, side_by_side, side_by_side_size
from fairy.video import Frame, VideoInfo, VideoWriter, background, check_output, probe


@dataclass(frozen=True)
class EditResult:
    """What was made, and how."""

    output: Path
    num_frames: int
    seconds: float
    """Wall time of the editing, without loading the model."""
    frames_per_second: float
    anchors: tuple[int, ...]
    """Indices of the anchors in the source."""
    model: str
    seed: int
    device: str
    dtype: str
    peak_memory_bytes: int
    """Of the GPU where there is one, of the process where there is none."""
    notes: tuple[str, ...] = ()


def edit_video(
    source: Path | str,
    instruction: str,
    output: Path | str,
    *,
    edit: EditConfig | None = None,
    model: ModelConfig | Model | None = None,
    video: VideoConfig | None = None,
    run: RunConfig | None = None,
    compare: Path | str | None = None,
    overwrite: bool = False,
    report: Report = SILENT,
) -> EditResult:
    """Edit a video file, or a folder of numbered images, by an instruction.

    The output has the same number of frames, the same time stamps and the same sound; its suffix chooses the container.
    `compare` is a second video that shows source and result side by side. Raises UsageError for a wrong argument, and
    MediaError, ModelError or OutputError where something cannot be read, loaded or written; nothing is left behind.
    """
    video, edit = video or VideoConfig(), edit or EditConfig()
    # A Path forgets the "/" at the end by which a folder of pictures is asked for.
    outputs = [str(path) for path in (output, compare) if path is not None]
    check_request(instruction, outputs, overwrite)
    selection = select(read_info(Path(source), report), video, edit)
    with open_editor(model, run, report) as editor:
        selection = selection.fitted(video.long_side or editor.model.defaults.long_side)
        announce(selection, editor, edit, report)
        begun = time.perf_counter()
        bank = edit_anchors(editor, selection, instruction, edit, report)
        notes = render(editor, selection, bank, outputs, video.quality, overwrite, report)
        return summarize(Path(output), selection, editor, bank, len(selection), begun, notes)


def preview(
    source: Path | str,
    instruction: str,
    sheet: Path | str,
    *,
    edit: EditConfig | None = None,
    model: ModelConfig | Model | None = None,
    video: VideoConfig | None = None,
    run: RunConfig | None = None,
    overwrite: bool = False,
    report: Report = SILENT,
) -> EditResult:
    """Edit only the anchors and draw them beside their sources; a later `edit_video` gives exactly these frames."""
    video, edit, sheet = video or VideoConfig(), edit or EditConfig(), Path(sheet)
    check_request(instruction, [], overwrite)
    check_picture(sheet, overwrite)
    selection = select(read_info(Path(source), report), video, edit)
    if not selection.anchors:
        raise UsageError("--num-anchors 0: a preview shows the anchors; use --num-anchors 1 or more")
    with open_editor(model, run, report) as editor:
        selection = selection.fitted(video.long_side or editor.model.defaults.long_side)
        announce(selection, editor, edit, report)
        begun = time.perf_counter()
        bank = edit_anchors(editor, selection, instruction, edit, report)
        save_png(sheet, draw_anchors(selection, bank))
        return summarize(sheet, selection, editor, bank, len(bank.frames), begun, selection.info.notes)


def check_request(instruction: str, outputs: list[str], overwrite: bool) -> None:
    """What can be refused before anything is read."""
    for path in outputs:
        check_output(path, overwrite)
    check_instruction(instruction)
    if len({Path(path).absolute() for path in outputs}) < len(outputs):
        raise UsageError(f"--compare {outputs[-1]}: that is the output itself; give another name")


def read_info(source: Path, report: Report) -> VideoInfo:
    """Look through the source."""
    return probe(source, on_progress=lambda done, total: report.progress("reading", done, total))


@contextmanager
def open_editor(model: ModelConfig | Model | None, run: RunConfig | None, report: Report) -> Iterator[Editor]:
    """An editor of a loaded model, or of one to be loaded."""
    if not isinstance(model, Model):
        report.progress("loading", 0, None)
        wanted = model or ModelConfig()
        model = models.load(
            None if wanted.model == EMBEDDED else wanted.model,
            device=wanted.device,
            dtype=wanted.dtype,
            lora=wanted.lora,
            lora_scale=wanted.lora_scale,
            scheduler=wanted.scheduler,
        )
        report.progress("loading", 1, 1)
    with Editor(model, run) as editor:
        yield editor


def announce(selection: Selection, editor: Editor, edit: EditConfig, report: Report) -> None:
    """Say before the start what will be done and what memory that takes."""
    width, height = selection.size
    need = editor.memory_needed((height, width), len(selection.anchors), edit)
    report.note(
        f"{len(selection)} frames at {width}x{height}, {len(selection.anchors)} anchors, {editor.model.name}"
        f" on {editor.model.device} in {str(editor.model.dtype).removeprefix('torch.')}"
    )
    report.note(f"memory: about {need}")
    for note in selection.info.notes:
        report.note(note)


def edit_anchors(
    editor: Editor, selection: Selection, instruction: str, edit: EditConfig, report: Report
) -> AnchorBank:
    """The anchors' own pass, reported step by step."""
    frames = selection.anchor_frames()
    return editor.edit_anchors(
        frames, instruction, edit, on_step=lambda done, total: report.progress("anchors", done, total)
    )


def edit_selection(editor: Editor, selection: Selection, bank: AnchorBank) -> Iterator[tuple[Frame, np.ndarray]]:
    """Every selected frame with its edit, in order; the anchors' edits are those of the anchors' own pass."""
    done = dict(zip(selection.anchors, bank.frames, strict=True))
    waiting: deque[Frame] = deque()

    def others(frames: Iterable[Frame]) -> Iterator[np.ndarray]:
        for frame in frames:
            waiting.append(frame)
            if frame.index not in done:
                yield frame.image

    def anchors_in_front() -> Iterator[tuple[Frame, np.ndarray]]:
        while waiting and waiting[0].index in done:
            yield waiting[0], done[waiting.popleft().index]

    with closing(background(selection.frames())) as frames:
        for edited in editor.edit_frames(others(frames), bank):
            yield from anchors_in_front()
            yield waiting.popleft(), edited
        yield from anchors_in_front()


def render(
    editor: Editor,
    selection: Selection,
    bank: AnchorBank,
    outputs: list[str],
    quality: int | None,
    overwrite: bool,
    report: Report,
) -> tuple[str, ...]:
    """Write the edited video, and the comparison where a second output is given; returns what a user must be told."""
    width, height = selection.size
    sizes = [(width, height), side_by_side_size(width, height)]
    with ExitStack() as stack:
        writers = [
            stack.enter_context(
                VideoWriter(
                    path,
                    info=selection.info,
                    size=size,
                    quality=quality,
                    start=selection.start,
                    stop=selection.stop,
                    overwrite=overwrite,
                )
            )
            for path, size in zip(outputs, sizes, strict=False)
        ]
        pairs = stack.enter_context(closing(background(edit_selection(editor, selection, bank))))
        for done, (frame, edited) in enumerate(pairs, 1):
            writers[0].write(edited, frame.pts)
            for writer in writers[1:]:
                writer.write(side_by_side(frame.image, edited), frame.pts)
            report.progress("frames", done, len(selection))
    notes = [note for writer in writers for note in writer.notes]
    for note in dict.fromkeys(notes):
        report.note(note)
    return (*selection.info.notes, *dict.fromkeys(notes))


def draw_anchors(selection: Selection, bank: AnchorBank) -> np.ndarray:
    """The contact sheet of a preview."""
    info, settings = selection.info, bank.settings
    rows = [
        (f"frame {index}, {float(int(info.pts[index] - info.pts[0]) * info.time_base):.2f} s", source, edited)
        for index, source, edited in zip(selection.anchors, selection.anchor_frames(), bank.frames, strict=True)
    ]
    title = (
        f"{bank.instruction}   (text guidance {settings.text_guidance:g}, image guidance {settings.image_guidance:g},"
        f" {settings.num_steps} steps, seed {settings.seed})"
    )
    return contact_sheet(rows, title=title)


def summarize(
    output: Path,
    selection: Selection,
    editor: Editor,
    bank: AnchorBank,
    num_frames: int,
    begun: float,
    notes: tuple[str, ...],
) -> EditResult:
    """The account of a finished job."""
    seconds = time.perf_counter() - begun
    return EditResult(
        output=output,
        num_frames=num_frames,
        seconds=seconds,
        frames_per_second=num_frames / seconds,
        anchors=selection.anchors,
        model=editor.model.name,
        seed=bank.settings.seed,
        device=str(editor.model.device),
        dtype=str(editor.model.dtype).removeprefix("torch."),
        peak_memory_bytes=peak_memory(editor.model.device),
        notes=notes,
    )
