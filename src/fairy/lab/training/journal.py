"""The log of a run: TensorBoard, and the same numbers as lines of JSON. The only file that imports TensorBoard."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from fairy.errors import MissingPackageError

LOSSES = "losses.jsonl"


class Journal:
    """Writes into `folder`. What an interrupted run has written after `step`, from which it goes on, is forgotten."""

    def __init__(self, folder: Path, step: int) -> None:
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError as error:
            raise MissingPackageError("the log needs TensorBoard: pip install 'fairy-video[train]'") from error
        folder.mkdir(parents=True, exist_ok=True)
        self.lines = folder / LOSSES
        if self.lines.exists():
            kept = [line for line in self.lines.read_text().splitlines() if json.loads(line)["step"] <= step]
            self.lines.write_text("".join(f"{line}\n" for line in kept))
        self.writer = SummaryWriter(folder, purge_step=step + 1)

    def numbers(self, step: int, values: Mapping[str, float]) -> None:
        """One entry."""
        for name, value in values.items():
            self.writer.add_scalar(name, value, step)
        with self.lines.open("a") as lines:
            lines.write(json.dumps({"step": step, **values}) + "\n")

    def picture(self, step: int, picture: np.ndarray) -> None:
        """A sample sheet, uint8 (H, W, 3)."""
        self.writer.add_image("held-out pairs", picture, step, dataformats="HWC")

    def close(self) -> None:
        """Write what is still to be written."""
        self.writer.close()
