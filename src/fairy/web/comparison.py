"""A video that shows a source and its edit side by side, with the sound: one file, so that nothing can drift apart.

The page's slider draws both halves of it over each other.
"""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from fairy.pictures.sheet import side_by_side, side_by_side_size
from fairy.pictures.size import fit_size
from fairy.report import Report
from fairy.video import VideoInfo, VideoWriter, background, probe, read_frames

LARGEST = 1280
"""Pixels of the longer side of each half: browsers play what is twice as wide."""


def write_comparison(source: VideoInfo, edited: Path, output: Path, report: Report, first_frame: int = 0) -> None:
    """Write `output`; the source's frames from `first_frame` on are scaled to the size of the edit, or to LARGEST."""
    result = probe(edited)
    size = fit_size(result.width, result.height, min(LARGEST, max(result.width, result.height)))
    stop = first_frame + len(result)
    with (
        VideoWriter(output, info=result, size=side_by_side_size(*size), overwrite=True) as writer,
        closing(background(read_frames(source, start=first_frame, stop=stop, size=size))) as before,
        closing(background(read_frames(result, size=size))) as after,
    ):
        for done, (old, new) in enumerate(zip(before, after, strict=True), 1):
            writer.write(side_by_side(old.image, new.image), new.pts)
            report.progress("comparing", done, len(result))
