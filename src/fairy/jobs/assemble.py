"""From stored chunks to the finished video, in one streaming pass: decode, finish and encode overlap."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack, closing

from fairy.jobs.delivery import Delivery
from fairy.jobs.selection import Selection
from fairy.jobs.store import JobFolder
from fairy.pictures.scale import eight_bits
from fairy.pictures.sheet import side_by_side, side_by_side_size
from fairy.report import Report
from fairy.video import VideoWriter, background


def assemble(
    selection: Selection,
    delivery: Delivery,
    folder: JobFolder,
    outputs: Sequence[str],
    overwrite: bool,
    report: Report,
) -> tuple[str, ...]:
    """Write the edited video, and the comparison where a second output is given; returns what a user must be told."""
    sizes = [delivery.size, side_by_side_size(*delivery.size)]
    metadata = {"fairy": folder.manifest.recipe()}
    with ExitStack() as stack:
        writers = [
            stack.enter_context(
                VideoWriter(
                    path,
                    info=selection.info,
                    size=size,
                    codec=codec,
                    quality=quality,
                    start=selection.start,
                    stop=selection.stop,
                    overwrite=overwrite,
                    metadata=metadata,
                )
            )
            for path, size, codec, quality in zip(
                outputs, sizes, (delivery.codec, None), (delivery.quality, None), strict=False
            )
        ]
        edits = stack.enter_context(closing(background(folder.pictures(selection.start, selection.stop))))
        indices = range(selection.start, selection.stop)
        bit_depth = 8 if writers[0].codec.bit_depth == 8 else 16
        finished = stack.enter_context(closing(background(delivery.finished(edits, indices, bit_depth))))
        for done, (frame, picture) in enumerate(finished, 1):
            writers[0].write(picture, frame.pts)
            for writer in writers[1:]:
                writer.write(side_by_side(eight_bits(frame.image), eight_bits(picture)), frame.pts)
            report.progress("writing", done, len(selection))
    notes = tuple(dict.fromkeys(note for writer in writers for note in writer.notes))
    for note in notes:
        report.note(note)
    return (*selection.info.notes, *notes)
