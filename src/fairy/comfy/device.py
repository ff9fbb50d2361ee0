"""Who has the device: ComfyUI's models, or ours. ComfyUI knows nothing of our weights, so we come and go."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import comfy.model_management as management
import numpy as np
import torch

from fairy import models
from fairy.config import ModelConfig, RunConfig
from fairy.method.bank import AnchorBank
from fairy.method.editor import Editor
from fairy.models import Model


def load(config: ModelConfig) -> Model:
    """A model that waits in the computer's memory."""
    make_room()
    # The weights outlive this run, so they must not be of the kind that only inference mode may move.
    with torch.inference_mode(False):
        model = models.load_config(config)
    rest(model)
    return model


def device_name() -> str:
    """Where ComfyUI computes, and so do we."""
    return str(management.get_torch_device())


def make_room() -> None:
    """Take ComfyUI's models off the device."""
    management.unload_all_models()
    management.soft_empty_cache()


def move(model: Model, device: torch.device | str) -> None:
    """Bring all weights there."""
    with torch.inference_mode(False):
        for part in model.parts:
            part.to(device)


def rest(model: Model) -> None:
    """Take our weights off the device."""
    move(model, "cpu")
    management.soft_empty_cache()


@contextmanager
def editor_at_work(model: Model, look: Callable[[np.ndarray], None]) -> Iterator[Editor]:
    """An editor whose model has the device until the end of the block; `look` is shown each edited picture."""
    make_room()
    try:
        move(model, model.device)
        with WatchedEditor(model, look) as editor:
            yield editor
    finally:
        rest(model)


class WatchedEditor(Editor):
    """Shows what it has edited."""

    def __init__(self, model: Model, look: Callable[[np.ndarray], None], run: RunConfig | None = None) -> None:
        super().__init__(model, run)
        self._look = look

    def edit_anchors(self, frames: np.ndarray, instruction: str, *settings: Any, **others: Any) -> AnchorBank:
        """As `Editor.edit_anchors`."""
        bank = super().edit_anchors(frames, instruction, *settings, **others)
        for picture in bank.frames:
            self._look(picture)
        return bank

    def edit_frames(self, frames: Iterable[np.ndarray], bank: AnchorBank) -> Iterator[np.ndarray]:
        """As `Editor.edit_frames`."""
        for picture in super().edit_frames(frames, bank):
            self._look(picture)
            yield picture
