"""A video on disk in, an edited video on disk out: `edit_video`, and `preview`, which edits only the anchors.

An edit works in a job folder (fairy.jobs.store) beside its output, so that it can be stopped at any moment and goes on.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from fairy.config import EditConfig, JobConfig, MaskConfig, ModelConfig, RunConfig, VideoConfig, check_instruction
from fairy.errors import UsageError
from fairy.jobs.given import fit_given, read_given
from fairy.jobs.manifest import Manifest, describe, describe_model
from fairy.jobs.masks import open_blend
from fairy.jobs.render import OneDevice, Renderer, assemble, edit_shots, open_editor
from fairy.jobs.selection import Selection, ShotPlan, select
from fairy.jobs.shots import CutDetector, read_cuts
from fairy.jobs.shots import describe as describe_cuts
from fairy.jobs.store import JobFolder, clear, job_path, open_job
from fairy.jobs.workers.handout import open_many
from fairy.method.anchors import AnchorBank
from fairy.method.editor import Editor
from fairy.method.memory import MemoryNeeded, format_bytes
from fairy.models import Model, dropped_text
from fairy.parallel import is_alone
from fairy.pictures.sheet import check_picture, contact_sheet, save_png
from fairy.report import SILENT, Report
from fairy.video import Frame, OnFrame, VideoInfo, check_output, probe
from fairy.video.lossless import BYTES_PER_VALUE


@dataclass(frozen=True)
class EditResult:
    """What was made, and how."""

    output: Path
    num_frames: int
    seconds: float
    """Wall time of the editing, without loading the model."""
    frames_per_second: float
    """Of the frames computed now: what an earlier run has done is not counted."""
    anchors: tuple[int, ...]
    """Indices of the anchors in the source."""
    model: str
    seed: int
    device: str
    dtype: str
    peak_memory_bytes: int
    """Of the GPU where there is one, of the process where there is none; of many workers the most that one took."""
    notes: tuple[str, ...] = ()
    workers: int = 1


def edit_video(
    source: Path | str,
    instruction: str,
    output: Path | str,
    *,
    edit: EditConfig | None = None,
    model: ModelConfig | Model | Renderer | None = None,
    video: VideoConfig | None = None,
    run: RunConfig | None = None,
    job: JobConfig | None = None,
    mask: MaskConfig | None = None,
    cuts: Sequence[int] | None = None,
    compare: Path | str | None = None,
    overwrite: bool = False,
    report: Report = SILENT,
) -> EditResult:
    """Edit a video file, or a folder of numbered images, by an instruction.

    The output has the same number of frames, the same time stamps and the same sound; its suffix chooses the container.
    `compare` is a second video that shows source and result side by side; `cuts` are first frames of shots, in place of
    what `job.shots` says. `model` may also be what `open_renderer` gave, to edit several videos by the same workers.
    What is done is kept in OUTPUT.fairy/ until the output is written: the same call goes on
    where an interrupted one stopped. Raises UsageError for a wrong argument, and MediaError, ModelError or OutputError
    where something cannot be read, loaded or written.
    """
    video, edit, job = video or VideoConfig(), edit or EditConfig(), job or JobConfig()
    # A Path forgets the "/" at the end by which a folder of pictures is asked for.
    outputs = [str(path) for path in (output, compare) if path is not None]
    check_request(instruction, outputs, overwrite)
    selection = choose(Path(source), edit, video, job, mask or MaskConfig(), cuts, report)
    pictures = read_given(job.given)
    with open_renderer(model, run, job, report) as renderer:
        facts, defaults = renderer.ask(describe_model)
        selection = selection.fitted(video.long_side or defaults.long_side)
        given, settings = fit_given(pictures, selection), edit.resolved(defaults)
        manifest = describe(selection, facts, instruction, settings, video=video, job=job, workers=renderer.workers)
        announce(selection, renderer, instruction, edit, report)
        begun = time.perf_counter()
        with open_job(job_path(Path(output)), manifest, restart=job.restart, report=report) as folder:
            announce_disk(folder, selection, report)
            computed = renderer.render_missing(selection, folder, given, report)
            notes = assemble(selection, folder, outputs, video.quality, overwrite, report)
            if not job.keep_job:
                clear(folder.path)
        return summarize(Path(output), selection, renderer, manifest, (len(selection), computed), begun, notes)


def preview(
    source: Path | str,
    instruction: str,
    sheet: Path | str,
    *,
    edit: EditConfig | None = None,
    model: ModelConfig | Model | None = None,
    video: VideoConfig | None = None,
    run: RunConfig | None = None,
    job: JobConfig | None = None,
    mask: MaskConfig | None = None,
    cuts: Sequence[int] | None = None,
    overwrite: bool = False,
    report: Report = SILENT,
) -> EditResult:
    """Edit only the anchors and draw them beside their sources; a later `edit_video` gives exactly these frames."""
    video, edit, job, sheet = video or VideoConfig(), edit or EditConfig(), job or JobConfig(), Path(sheet)
    check_request(instruction, [], overwrite)
    check_picture(sheet, overwrite)
    selection = choose(Path(source), edit, video, job, mask or MaskConfig(), cuts, report)
    if not selection.anchors:
        raise UsageError("--num-anchors 0: a preview shows the anchors; use --num-anchors 1 or more")
    pictures = read_given(job.given)
    with open_editor(model, run, report) as editor:
        facts, defaults = describe_model(editor)
        selection = selection.fitted(video.long_side or defaults.long_side)
        given = fit_given(pictures, selection)
        manifest = describe(selection, facts, instruction, edit.resolved(defaults), video=video, job=job)
        announce(selection, OneDevice(editor), instruction, edit, report)
        begun = time.perf_counter()
        take, shots = manifest.edit, set(selection.shots)
        banks = edit_shots(editor, selection, take, given, shots, report, link=job.link_shots)
        save_png(sheet, draw_anchors(selection, manifest, anchors_of(selection, banks)))
        count = len(selection.anchors)
        return summarize(sheet, selection, OneDevice(editor), manifest, (count, count), begun, selection.info.notes)


def check_request(instruction: str, outputs: list[str], overwrite: bool) -> None:
    """What can be refused before anything is read."""
    for path in outputs:
        check_output(path, overwrite)
    check_instruction(instruction)
    if len({Path(path).absolute() for path in outputs}) < len(outputs):
        raise UsageError(f"--compare {outputs[-1]}: that is the output itself; give another name")


def choose(
    source: Path,
    edit: EditConfig,
    video: VideoConfig,
    job: JobConfig,
    mask: MaskConfig,
    cuts: Sequence[int] | None,
    report: Report,
) -> Selection:
    """Look through the source: its shots, and the frames to be edited, through which mask."""
    detector = CutDetector()
    info = read_info(source, report, detector.push if cuts is None and job.shots == "auto" else None)
    if cuts is None:
        cuts = detector.cuts if job.shots in ("auto", "off") else read_cuts(Path(job.shots), info)
    selection = select(info, video, edit, job, cuts)
    for line in describe_cuts([shot.start for shot in selection.shots[1:]], info):
        report.note(line)
    return replace(selection, blend=open_blend(mask, info))


def read_info(source: Path, report: Report, on_frame: OnFrame | None = None) -> VideoInfo:
    """Look at every frame of the source."""
    return probe(source, on_progress=lambda done, total: report.progress("reading", done, total), on_frame=on_frame)


@contextmanager
def open_renderer(
    model: ModelConfig | Model | Renderer | None, run: RunConfig | None, job: JobConfig, report: Report
) -> Iterator[Renderer]:
    """What computes: an editor in this process, or the workers that the job asks for; or what is open already."""
    if not isinstance(model, ModelConfig | Model | None):
        yield model
    elif is_alone(job.workers, job.ray_address):
        with open_editor(model, run, report) as editor:
            yield OneDevice(editor)
    else:
        with open_many(model, run, job.workers, job.ray_address, report) as renderer:
            yield renderer


@dataclass(frozen=True)
class Prospect:
    """What is said before the start."""

    maker: str
    """The model, its device and its number format."""
    memory: MemoryNeeded
    dropped: str
    """The end of the instruction, where the model cannot read all of it."""


def foresee(editor: Editor, size: tuple[int, int], num_anchors: int, instruction: str, edit: EditConfig) -> Prospect:
    """What an edit of this size (rows, columns) will take."""
    model = editor.model
    maker = f"{model.name} on {model.device} in {str(model.dtype).removeprefix('torch.')}"
    return Prospect(maker, editor.memory_needed(size, num_anchors, edit), dropped_text(model, instruction))


def announce(selection: Selection, renderer: Renderer, instruction: str, edit: EditConfig, report: Report) -> None:
    """Say before the start what will be done and what memory that takes."""
    width, height = selection.size
    prospect = renderer.ask(foresee, (height, width), selection.most_anchors, instruction, edit)
    shots = f" in {len(selection.shots)} shots" if len(selection.shots) > 1 else ""
    report.note(
        f"{len(selection)} frames{shots} at {width}x{height}, {len(selection.anchors)} anchors, {prospect.maker}"
    )
    each = f", each of {renderer.workers} workers" if renderer.workers > 1 else ""
    report.note(f"memory: about {prospect.memory}{each}")
    if prospect.dropped:
        report.note(f'the model reads no instruction as long as this; it leaves out the end: "{prospect.dropped}"')
    for note in selection.info.notes:
        report.note(note)


def announce_disk(folder: JobFolder, selection: Selection, report: Report) -> None:
    """Say what the job folder will take until the video is written, and what there is."""
    width, height = selection.size
    frames = sum(chunk.stop - chunk.start for chunk in folder.chunks if chunk not in folder.done)
    need, free = round(frames * 3 * width * height * BYTES_PER_VALUE), shutil.disk_usage(folder.path).free
    scarce = "; that may not do" if need > free else ""
    report.note(f"disk: about {format_bytes(need)} in {folder.path}, {format_bytes(free)} are free{scarce}")


def anchors_of(
    selection: Selection, banks: Iterable[tuple[ShotPlan, AnchorBank]]
) -> Iterator[tuple[Frame, np.ndarray]]:
    """Each anchor with its edit, laid over it."""
    for shot, bank in banks:
        pairs = zip(selection.frames_at(shot.anchors), bank.frames, strict=True)
        yield from selection.blended(pairs, shot.anchors)


def draw_anchors(selection: Selection, manifest: Manifest, edited: Iterable[tuple[Frame, np.ndarray]]) -> np.ndarray:
    """The contact sheet of a preview."""
    info, settings = selection.info, manifest.edit.settings
    rows = [
        (f"frame {frame.index}, {float(int(frame.pts - info.pts[0]) * info.time_base):.2f} s", frame.image, picture)
        for frame, picture in edited
    ]
    title = (
        f"{manifest.edit.instruction}\ntext guidance {settings.text_guidance:g}, image guidance"
        f" {settings.image_guidance:g}, {settings.num_steps} steps, seed {settings.seed}"
    )
    return contact_sheet(rows, title=title)


def summarize(
    output: Path,
    selection: Selection,
    renderer: Renderer,
    manifest: Manifest,
    num_frames: tuple[int, int],
    begun: float,
    notes: tuple[str, ...],
) -> EditResult:
    """The account of finished work; `num_frames` are those delivered, and those computed now."""
    seconds = time.perf_counter() - begun
    name, device = renderer.ask(name_and_device)
    return EditResult(
        output=output,
        num_frames=num_frames[0],
        seconds=seconds,
        frames_per_second=num_frames[1] / seconds,
        anchors=selection.anchors,
        model=name,
        seed=manifest.edit.settings.seed,
        device=device,
        dtype=manifest.dtype,
        peak_memory_bytes=renderer.peak_memory(),
        notes=notes,
        workers=renderer.workers,
    )


def name_and_device(editor: Editor) -> tuple[str, str]:
    """The model as it was asked for, and where it is."""
    return editor.model.name, str(editor.model.device)
