"""A video on disk in, an edited video on disk out: `edit_video`, and `preview`, which edits only the anchors.

An edit works in a job folder (fairy.jobs.store) beside its output, so that it can be stopped at any moment and goes on.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from fairy.config import EditConfig, JobConfig, MaskConfig, ModelConfig, RunConfig, VideoConfig, check_instruction
from fairy.errors import UsageError
from fairy.jobs.announce import announce, announce_disk
from fairy.jobs.assemble import assemble
from fairy.jobs.given import fit_given, read_given
from fairy.jobs.manifest import Manifest, describe, describe_model
from fairy.jobs.masks import open_blend
from fairy.jobs.render import OneDevice, Renderer, open_editor
from fairy.jobs.selection import Selection, select
from fairy.jobs.shots import describe as describe_cuts
from fairy.jobs.shots import read_cuts
from fairy.jobs.store import clear, job_path, open_job
from fairy.jobs.workers.handout import open_many
from fairy.method.editor import Editor
from fairy.models import Model
from fairy.parallel import is_alone
from fairy.pictures.cuts import CutDetector
from fairy.report import SILENT, Report
from fairy.video import OnFrame, VideoInfo, check_output, probe


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
        facts = renderer.ask(describe_model)
        selection = selection.fitted(video.long_side or facts.defaults.long_side)
        given, settings = fit_given(pictures, selection), edit.resolved(facts.defaults)
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
        dtype=manifest.model.dtype,
        peak_memory_bytes=renderer.peak_memory(),
        notes=notes,
        workers=renderer.workers,
    )


def name_and_device(editor: Editor) -> tuple[str, str]:
    """The model as it was asked for, and where it is."""
    return editor.model.name, str(editor.model.device)
