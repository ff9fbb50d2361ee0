"""The command line's part on the synthetic world: the command that writes clips with their truth."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from tyro.conf import arg

from fairy.cli.options import Flag, reporting
from fairy.errors import UsageError


@dataclass(frozen=True, kw_only=True)
class Synth:
    """Write synthetic clips with their exact edits, flow, occlusion, masks and tracks.

    The folder is a benchmark of editors, and training data: docs/lab/synthetic.md says what is in it."""

    output: Annotated[Path, arg(aliases=["-o"], metavar="FOLDER")]
    """The folder to write into. It is made, and must not be there yet."""
    clips: Annotated[int, arg(metavar="N")]
    """How many clips."""
    seed: Annotated[int, arg(metavar="SEED")] = 0
    """Other clips for another seed; the same ones for the same."""
    frames: Annotated[int, arg(metavar="N")] = 24
    """Frames of each clip, at 25 a second."""
    size: Annotated[str, arg(metavar="WxH")] = "192x144"
    """Width and height in pixels."""
    speed: Annotated[float, arg(metavar="X")] = 1.0
    """How fast all moves. At 1 the fastest points go 2 to 4 pixels a frame at 192x144."""
    edits: Annotated[str | None, arg(metavar="NAME,NAME,...", help_behavior_hint="(default: all)")] = None
    """Which edits to make of each clip, such as night,wood,hat."""
    overwrite: Flag = False
    """Replace what an earlier run has written into the folder."""
    quiet: Flag = False
    """Print nothing but errors."""
    debug: Flag = False
    """Print the traceback of an error."""

    def execute(self) -> None:
        """Render, write, tell."""
        size = parse_size(self.size)
        from fairy.lab.synthetic.dataset import EDITS, METADATA, write_dataset

        edits = tuple(EDITS) if self.edits is None else tuple(name.strip() for name in self.edits.split(","))
        with reporting(self.quiet) as report:
            num_lines = write_dataset(
                self.output,
                num_clips=self.clips,
                seed=self.seed,
                num_frames=self.frames,
                size=size,
                speed=self.speed,
                edits=edits,
                overwrite=self.overwrite,
                on_progress=lambda done, total: report.progress("clips", done, total),
            )
        if not self.quiet:
            print(f"{self.output}: {self.clips} clips of {self.frames} frames, {num_lines} edits in {METADATA}")


def parse_size(text: str) -> tuple[int, int]:
    """192x144 -> (192, 144)."""
    if not (found := re.fullmatch(r"(\d+)x(\d+)", text)):
        raise UsageError(f"--size {text}: must be width and height, such as 192x144")
    return int(found[1]), int(found[2])
