"""The command line's part on training: the command that fine-tunes a model."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from tyro.conf import arg

from fairy.cli.options import Flag, as_options, plain, reporting
from fairy.errors import UsageError
from fairy.lab.training.settings import TrainConfig

TrainOptions = Annotated[TrainConfig, arg(constructor=as_options(TrainConfig))]


@dataclass(frozen=True, kw_only=True)
class Train:
    """Fine-tune a model on pairs of pictures, so that its edits move with the camera.

    The same command goes on where an interrupted run has stopped. docs/lab/training.md has examples.

    On several GPUs: accelerate launch -m fairy train ..."""

    output: Annotated[Path, arg(aliases=["-o"], metavar="FOLDER")]
    """The folder of the run: checkpoint/, log/ for TensorBoard, samples/, and model/ for `fairy edit --model`."""
    equivariant_: Annotated[bool, arg(name="equivariant", help_behavior_hint="(default)")] = False
    """Put one random affine map on both pictures of a pair."""
    overwrite: Flag = False
    """Throw away the run that is in the folder, and begin anew."""
    quiet: Flag = False
    """Print nothing but errors."""
    debug: Flag = False
    """Print the traceback of an error."""
    train: TrainOptions = field(default_factory=TrainConfig)

    def execute(self) -> None:
        """Train, tell."""
        config = plain(self.train)
        if self.equivariant_ and not config.equivariant:
            raise UsageError("--equivariant and --no-equivariant: give one of them")
        from fairy.lab.training.finetune import train

        quiet = self.quiet or os.environ.get("RANK", "0") != "0"  # of several processes one speaks
        with reporting(quiet) as report:
            result = train(config, self.output, overwrite=self.overwrite, report=report)
        if not quiet:
            option = "--lora" if config.lora_rank else "--model"
            print(f"{result.model}: {result.steps} steps. Edit with it: fairy edit ... {option} {result.model}")
