"""From stored chunks to the finished video, in one streaming pass."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack, closing

from fairy.jobs.selection import Selection
from fairy.jobs.store import JobFolder
from fairy.pictures.sheet import side_by_side, side_by_side_size
from fairy.report import Report
from fairy.video import VideoWriter, background


def assemble(
    selection: Selection,
    folder: JobFolder,
    outputs: Sequence[str],
    quality: int | None,
    overwrite: bool,
    report: Report,
) -> tuple[str, ...]:
    """Write the edited video, and the comparison where a second output is given; returns what a user must be told."""
    width, height = selection.size
    sizes = [(width, height), side_by_side_size(width, height)]
    metadata = {"fairy": folder.manifest.recipe()}
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
                    metadata=metadata,
                )
            )
            for path, size in zip(outputs, sizes, strict=False)
        ]
        edits = stack.enter_context(closing(background(folder.pictures(selection.start, selection.stop))))
        sources = stack.enter_context(closing(background(selection.frames()))) if writers[1:] else None
        for done, (index, edited) in enumerate(zip(range(selection.start, selection.stop), edits, strict=True), 1):
            pts = int(selection.info.pts[index])
            writers[0].write(edited, pts)
            if sources:
                writers[1].write(side_by_side(next(sources).image, edited), pts)
            report.progress("writing", done, len(selection))
    notes = tuple(dict.fromkeys(note for writer in writers for note in writer.notes))
    for note in notes:
        report.note(note)
    return (*selection.info.notes, *notes)
