"""A video that shows a source and its edit side by side, with the sound: one file, so that nothing can drift apart.

The page's slider draws both halves of it over each other.
"""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from fairy.pictures.sheet import side_by_side, side_by_side_size
from fairy.report import Report
from fairy.video import VideoInfo, VideoWriter, background, probe, read_frames


def write_comparison(source: VideoInfo, edited: Path, output: Path, report: Report) -> None:
    """Write `output`; the source is scaled to the size of the edit."""
    result = probe(edited)
    size = result.width, result.height
    total = side_by_side_size(*size)
    with (
        VideoWriter(output, info=source, size=total, overwrite=True) as writer,
        closing(background(read_frames(source, size=size))) as before,
        closing(background(read_frames(result))) as after,
    ):
        for done, (old, new) in enumerate(zip(before, after, strict=True), 1):
            writer.write(side_by_side(old.image, new.image), old.pts)
            report.progress("comparing", done, len(result))
