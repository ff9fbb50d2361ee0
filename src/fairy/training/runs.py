"""The folder of a run: OUTPUT/{settings.json, checkpoint/, log/, samples/, model/}, begun anew or gone on with."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from fairy.config import flag
from fairy.errors import OutputError
from fairy.training.settings import TrainConfig

SETTINGS = "settings.json"
PARTS = (SETTINGS, "checkpoint", "log", "samples", "model")
PROCESSES = "processes"


@dataclass(frozen=True)
class Run:
    """Where everything of a run lies."""

    folder: Path

    @property
    def checkpoint(self) -> Path:
        """Weights, moving average and optimizer, by torch, opened with weights_only."""
        return self.folder / "checkpoint" / "training.pt"

    @property
    def log(self) -> Path:
        return self.folder / "log"

    @property
    def samples(self) -> Path:
        return self.folder / "samples"

    @property
    def model(self) -> Path:
        return self.folder / "model"

    def open(self, config: TrainConfig, num_processes: int, *, overwrite: bool) -> None:
        """Make the folder ready. OutputError where something else is in it, or a run with other settings."""
        if self.folder.exists() and not self.folder.is_dir():
            raise OutputError(f"{self.folder} is a file; a run is a folder. Choose another name.")
        if self.folder.is_dir():
            strange = [path.name for path in sorted(self.folder.iterdir()) if path.name not in (*PARTS, "lock")]
            if strange:
                raise OutputError(f"{self.folder} is no training run: {strange[0]} is in it. Choose another name.")
        if overwrite:
            self._clear()
        self.folder.mkdir(parents=True, exist_ok=True)
        settings = self.folder / SETTINGS
        given = {**config.deciding(), PROCESSES: num_processes}
        if self.checkpoint.exists():
            _compare(json.loads(settings.read_text(encoding="utf-8")), given, self.folder)
        settings.write_text(json.dumps(given, indent=2) + "\n", encoding="utf-8")

    def write_checkpoint(self, state: dict[str, Any]) -> None:
        """Whole or not at all."""
        self.checkpoint.parent.mkdir(exist_ok=True)
        part = self.checkpoint.with_suffix(".part")
        torch.save(state, part)
        part.replace(self.checkpoint)

    def read_checkpoint(self) -> dict[str, Any]:
        """On the CPU. No code in the file is run."""
        state: dict[str, Any] = torch.load(self.checkpoint, map_location="cpu", weights_only=True, mmap=True)
        return state

    def _clear(self) -> None:
        for path in (self.folder / name for name in PARTS):
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)


def _compare(begun: dict[str, Any], given: dict[str, Any], folder: Path) -> None:
    for name, value in given.items():
        if begun.get(name) != value:
            what = "the number of processes" if name == PROCESSES else flag(name)
            raise OutputError(
                f"{folder} holds a run with {what} {begun.get(name)}, not {value}. Go on with the same settings, "
                "choose another folder, or begin anew with --overwrite."
            )
