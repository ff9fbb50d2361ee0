"""The command that fine-tunes a model: `fairy train`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from fairy.cli.options import Silent, value
from fairy.cli.printing import reporting
from fairy.lab.training.settings import TrainConfig


def train(
    *,
    output: Annotated[Path, value("FOLDER", alias="-o")],
    config: Annotated[TrainConfig | None, Parameter(name="*")] = None,
    overwrite: bool = False,
    quiet: Silent = False,
) -> None:
    """Fine-tune a model on pairs of pictures.

    Its edits then move with the camera, if --no-equivariant is not given. The same command goes on where an interrupted
    run has stopped. docs/lab/training.md has examples.

    On several GPUs: accelerate launch -m fairy train ...

    Args:
        output: The folder of the run: checkpoint/, log/ for TensorBoard, samples/, and model/ for `fairy edit --model`.
        overwrite: Throw away the run that is in the folder, and begin anew.
    """
    from fairy.lab.training.finetune import train as finetune

    config = config or TrainConfig()
    quiet = quiet or os.environ.get("RANK", "0") != "0"  # of several processes one speaks
    with reporting(quiet) as report:
        result = finetune(config, output, overwrite=overwrite, report=report)
    if not quiet:
        option = "--lora" if config.lora_rank else "--model"
        print(f"{result.model}: {result.steps} steps. Edit with it: fairy edit ... {option} {result.model}")
