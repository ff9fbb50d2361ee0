"""`preview`: only the anchors, edited and shown beside their sources; the later edit gives exactly these frames."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np

from fairy.config import EditConfig, JobConfig, MaskConfig, ModelConfig, RunConfig, VideoConfig
from fairy.disk.whole import check_picture, save_png
from fairy.errors import UsageError
from fairy.jobs.announce import announce
from fairy.jobs.edit import EditResult, check_request, choose, summarize
from fairy.jobs.given import fit_given, read_given
from fairy.jobs.manifest import Manifest, describe, describe_model
from fairy.jobs.render import OneDevice, edit_shots, open_editor
from fairy.jobs.selection import Selection, ShotPlan
from fairy.method.bank import AnchorBank
from fairy.models import Model
from fairy.pictures.sheet import contact_sheet
from fairy.report import SILENT, Report
from fairy.video import Frame


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
        facts = describe_model(editor)
        selection = selection.fitted(video.long_side or facts.defaults.long_side)
        given = fit_given(pictures, selection)
        manifest = describe(selection, facts, instruction, edit.resolved(facts.defaults), video=video, job=job)
        announce(selection, OneDevice(editor), instruction, edit, report)
        begun = time.perf_counter()
        take, shots = manifest.edit, set(selection.shots)
        banks = edit_shots(editor, selection, take, given, shots, report)
        save_png(sheet, draw_anchors(selection, manifest, anchors_of(selection, banks)))
        count = len(selection.anchors)
        return summarize(sheet, selection, OneDevice(editor), manifest, (count, count), begun, selection.info.notes)


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
