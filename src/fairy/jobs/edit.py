"""A video on disk in, an edited video on disk out.

An edit works in a job folder (store.py) beside its output, so that it can be stopped at any moment and goes on.
"""

from __future__ import annotations

import time
from pathlib import Path

from fairy.jobs.announce import announce, announce_disk
from fairy.jobs.assemble import assemble
from fairy.jobs.request import Request, check_outputs, look_through, open_renderer
from fairy.jobs.result import EditResult, summarize
from fairy.jobs.store import clear, job_path, open_job
from fairy.report import SILENT, Report
from fairy.video.formats import check_size, codec_of


def edit(
    request: Request,
    output: Path | str,
    *,
    compare: Path | str | None = None,
    overwrite: bool = False,
    report: Report = SILENT,
) -> EditResult:
    """Edit a video by an instruction: `fairy.edit_video` says all of it."""
    # A Path forgets the "/" at the end by which a folder of pictures is asked for.
    outputs = [str(path) for path in (output, compare) if path is not None]
    check_outputs(request, outputs, overwrite)
    found = look_through(request, report)
    with open_renderer(request, report) as renderer:
        plan = found.planned(renderer)
        check_size(codec_of(outputs[0], plan.delivery.codec), plan.delivery.size)
        unread = announce(plan, renderer, report)
        begun = time.perf_counter()
        with open_job(job_path(Path(output)), plan.manifest, restart=request.job.restart, report=report) as folder:
            announce_disk(folder, plan.selection, report)
            computed = renderer.render_missing(plan.selection, folder, plan.given, report)
            notes = assemble(plan.selection, plan.delivery, folder, outputs, overwrite, report)
            if not request.job.keep_job:
                clear(folder.path)
        return summarize(
            Path(output),
            plan.selection,
            renderer,
            plan.manifest,
            delivered=len(plan),
            computed=computed,
            begun=begun,
            notes=(*unread, *notes),
        )
