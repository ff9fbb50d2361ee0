"""`make ablation`, by `python -m fairy.cli.lab.ablation`: each part of the method against exact truth, resumable."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from fairy.cli.options import reporting
from fairy.config import EMBEDDED
from fairy.errors import FairyError, UsageError


@dataclass(frozen=True, kw_only=True)
class Options:
    """Measure what anchors, their number, steps, noise and equivariance do, on held-out synthetic clips.

    Finished cells stay in the work folder: run it again to go on, with more clips to add some."""

    model: str = EMBEDDED
    """The base model: a folder, or embedded."""
    equivariant_model: str | None = None
    """The same after equivariant fine-tuning; without it, that part is left out."""
    clips: int = 60
    """How many clips."""
    output: Annotated[Path, tyro.conf.arg(aliases=["-o"])] = Path("benchmarks")
    """Where the result goes: DATE-ablation.md, .csv, .json and plots."""
    work: Path = Path("runs/ablation")
    """Where finished cells are kept."""
    workers: int | None = None
    """Processes; unless given, one for each core."""
    size: tuple[int, int] = (128, 96)
    """Width and height of the clips."""
    speed: float = 3.0
    """How fast all moves in them, as in `fairy synth`."""
    full: bool = False
    """Also do what takes long for every clip: 5 and 7 anchors, 20 and 50 steps, other strengths and what makes an
    edit fast are done for every sixth."""

    def execute(self) -> Path:
        """Measure, write; returns the page."""
        from fairy.lab.ablation.clips import World
        from fairy.lab.ablation.heldout import ablate_heldout
        from fairy.parallel.cluster import num_cores

        if self.clips < 2:
            raise UsageError(f"--clips {self.clips}: must be 2 or more, for an interval over clips")
        with reporting(quiet=False) as report:
            return ablate_heldout(
                self.output,
                self.work,
                model=self.model,
                equivariant_model=self.equivariant_model,
                num_clips=self.clips,
                world=World(self.size, self.speed),
                full=self.full,
                workers=self.workers or num_cores(),
                command=" ".join(["python -m fairy.cli.lab.ablation", *map(shown, sys.argv[1:])]),
                report=report,
            )


def shown(word: str) -> str:
    """A word of the command as the result tells it: where things lay on this disk is nobody's business."""
    return Path(word).name if Path(word).is_absolute() else word


def main() -> int:
    """Run; returns the exit code."""
    try:
        page = tyro.cli(Options, prog="python -m fairy.cli.lab.ablation").execute()
    except FairyError as error:
        sys.stderr.write(f"fairy: {error}\n")
        return error.exit_code
    except KeyboardInterrupt as interrupt:
        sys.stderr.write(f"fairy: interrupted: {interrupt}\n")
        return 130
    sys.stdout.write(f"{page}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
