"""The verbs on a video as they are called from Python, with a keyword for each group of settings."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from fairy.config import EditConfig, JobConfig, MaskConfig, ModelConfig, RunConfig, VideoConfig
from fairy.jobs import edit as editing
from fairy.jobs import grid as drawing
from fairy.jobs import preview as previewing
from fairy.jobs.grid import GridResult
from fairy.jobs.render import Renderer
from fairy.jobs.request import Request
from fairy.jobs.result import EditResult
from fairy.models import Model
from fairy.report import SILENT, Report


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
    what `job.shots` says. `model` may be a loaded one, or what `open_renderer` gave, to edit several videos by it. What
    is done is kept in OUTPUT.fairy/ until the output is written: the same call goes on where an interrupted one
    stopped. Raises UsageError for a wrong argument, and MediaError, ModelError or OutputError where something cannot be
    read, loaded or written.
    """
    request = Request.of(
        source, instruction, edit=edit, model=model, video=video, run=run, job=job, mask=mask, cuts=cuts
    )
    return editing.edit(request, output, compare=compare, overwrite=overwrite, report=report)


def preview(
    source: Path | str,
    instruction: str,
    sheet: Path | str,
    *,
    edit: EditConfig | None = None,
    model: ModelConfig | Model | Renderer | None = None,
    video: VideoConfig | None = None,
    run: RunConfig | None = None,
    job: JobConfig | None = None,
    mask: MaskConfig | None = None,
    cuts: Sequence[int] | None = None,
    overwrite: bool = False,
    report: Report = SILENT,
) -> EditResult:
    """Edit only the anchors and draw them beside their sources; a later `edit_video` gives exactly these frames."""
    request = Request.of(
        source, instruction, edit=edit, model=model, video=video, run=run, job=job, mask=mask, cuts=cuts
    )
    return previewing.preview(request, sheet, overwrite=overwrite, report=report)


def preview_grid(
    source: Path | str,
    instruction: str,
    sheet: Path | str,
    settings: Sequence[str],
    *,
    edit: EditConfig | None = None,
    model: ModelConfig | Model | Renderer | None = None,
    video: VideoConfig | None = None,
    run: RunConfig | None = None,
    job: JobConfig | None = None,
    mask: MaskConfig | None = None,
    cuts: Sequence[int] | None = None,
    overwrite: bool = False,
    report: Report = SILENT,
) -> GridResult:
    """Edit with every combination of one or two settings, such as ("text-guidance=3,5", "seed=0,1"), and draw them.

    Values of the first setting are columns, of the second one rows; of a single one they are rows, if there are several
    anchors to show. Of a video with cuts the shot in the middle is used.
    """
    request = Request.of(
        source, instruction, edit=edit, model=model, video=video, run=run, job=job, mask=mask, cuts=cuts
    )
    return drawing.preview_grid(request, sheet, settings, overwrite=overwrite, report=report)
