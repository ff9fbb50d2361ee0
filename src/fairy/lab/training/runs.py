"""The folder of a run: OUTPUT/{settings.json, checkpoint/, log/, samples/, model/}, begun anew or gone on with."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from fairy.config import flag
from fairy.disk.lock import LOCK
from fairy.disk.whole import writing_whole
from fairy.errors import OutputError
from fairy.lab.training.settings import TrainConfig

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

    def check_folder(self) -> None:
        """OutputError where something else than a run is in the folder."""
        if self.folder.exists() and not self.folder.is_dir():
            raise OutputError(f"{self.folder} is a file; a run is a folder. Choose another name.")
        present = sorted(path.name for path in self.folder.iterdir()) if self.folder.exists() else []
        if strange := [name for name in present if name not in (*PARTS, LOCK)]:
            raise OutputError(f"{self.folder} is no training run: {strange[0]} is in it. Choose another name.")

    def check_settings(self, config: TrainConfig, num_processes: int) -> None:
        """OutputError where a run was begun here with other settings."""
        if not self.checkpoint.exists():
            return
        begun = json.loads((self.folder / SETTINGS).read_text(encoding="utf-8"))
        for name, value in _deciding(config, num_processes).items():
            if begun.get(name) != value:
                what = "the number of processes" if name == PROCESSES else flag(name)
                raise OutputError(
                    f"{self.folder} holds a run with {what} {begun.get(name)}, not {value}. Go on with the same "
                    "settings, choose another folder, or begin anew with --overwrite."
                )

    def begin(self, config: TrainConfig, num_processes: int, *, overwrite: bool) -> None:
        """Write the settings, after removing, where asked for, the run that is there."""
        if overwrite:
            self._clear()
        self.folder.mkdir(parents=True, exist_ok=True)
        settings = json.dumps(_deciding(config, num_processes), indent=2) + "\n"
        (self.folder / SETTINGS).write_text(settings, encoding="utf-8")

    def write_checkpoint(self, state: dict[str, Any]) -> None:
        """Whole or not at all."""
        self.checkpoint.parent.mkdir(exist_ok=True)
        with writing_whole(self.checkpoint) as part:
            torch.save(state, part)

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


def _deciding(config: TrainConfig, num_processes: int) -> dict[str, Any]:
    return {**config.deciding(), PROCESSES: num_processes}
