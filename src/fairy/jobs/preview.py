"""`preview`: only the anchors, edited and shown beside their sources; the later edit gives exactly these frames."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from fairy.disk.whole import check_picture, save_png
from fairy.errors import UsageError
from fairy.jobs.announce import announce
from fairy.jobs.delivery import Delivery
from fairy.jobs.manifest import Manifest
from fairy.jobs.render import edit_shots
from fairy.jobs.request import Request, check_apart, look_through, open_device
from fairy.jobs.result import EditResult, summarize
from fairy.jobs.selection import Selection, ShotPlan
from fairy.method.bank import AnchorBank
from fairy.pictures.sheet import contact_sheet
from fairy.report import SILENT, Report
from fairy.video import Frame


def preview(request: Request, sheet: Path | str, *, overwrite: bool = False, report: Report = SILENT) -> EditResult:
    """Edit only the anchors and draw them beside their sources: `fairy.preview`."""
    sheet = Path(sheet)
    check_picture(sheet, overwrite)
    check_apart(request, [sheet])
    found = look_through(request, report)
    if not found.selection.anchors:
        raise UsageError("--num-anchors 0: a preview shows the anchors; use --num-anchors 1 or more")
    with open_device(request, report) as device:
        plan = found.planned(device)
        unread = announce(plan, device, report)
        begun = time.perf_counter()
        selection, shots = plan.selection, set(plan.selection.shots)
        banks = edit_shots(device.editor, selection, plan.manifest.edit, plan.given, shots, report)
        save_png(sheet, draw_anchors(selection, plan.manifest, anchors_of(plan.delivery, banks)))
        count, notes = len(selection.anchors), (*unread, *selection.info.notes)
        return summarize(
            sheet, selection, device, plan.manifest, delivered=count, computed=count, begun=begun, notes=notes
        )


def anchors_of(delivery: Delivery, banks: Iterable[tuple[ShotPlan, AnchorBank]]) -> Iterator[tuple[Frame, np.ndarray]]:
    """Each anchor with its edit, as the film will have it."""
    for shot, bank in banks:
        yield from delivery.finished(bank.frames, shot.anchors)


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
