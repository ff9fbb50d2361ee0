"""The command that writes clips of the synthetic world with their truth: `fairy lab synth`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from fairy.cli.options import Silent, value
from fairy.cli.printing import reporting


def synth(
    *,
    output: Annotated[Path, value("FOLDER", alias="-o")],
    clips: int,
    seed: int = 0,
    frames: int = 24,
    size: tuple[int, int] = (192, 144),
    speed: float = 1.0,
    edits: Annotated[tuple[str, ...] | None, value("NAME,NAME,...", "all")] = None,
    overwrite: bool = False,
    quiet: Silent = False,
) -> None:
    """Write synthetic clips with exact edits, flow, masks and tracks.

    The folder is a benchmark of editors, and training data: docs/lab/synthetic.md says what is in it.

    Args:
        output: The folder to write into. It is made, and must not be there yet.
        clips: How many clips.
        seed: Other clips for another seed; the same ones for the same.
        frames: Frames of each clip, at 25 a second.
        size: Width and height in pixels.
        speed: How fast all moves. At 1 the fastest points go 2 to 4 pixels a frame at 192x144.
        edits: Which edits to make of each clip, such as night,wood,hat.
        overwrite: Replace what an earlier run has written into the folder.
    """
    from fairy.lab.synthetic.dataset import EDITS, METADATA, write_dataset

    with reporting(quiet) as report:
        num_lines = write_dataset(
            output,
            num_clips=clips,
            seed=seed,
            num_frames=frames,
            size=size,
            speed=speed,
            edits=tuple(EDITS) if edits is None else edits,
            overwrite=overwrite,
            on_progress=lambda done, total: report.progress("clips", done, total),
        )
    if not quiet:
        print(f"{output}: {clips} clips of {frames} frames, {num_lines} edits in {METADATA}")
