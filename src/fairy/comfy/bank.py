"""What goes from Edit Anchors to Edit Frames: the anchors as they came out, and what the other frames read of them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from comfy_api.latest import io

from fairy.method.bank import AnchorBank
from fairy.method.editor import Editor
from fairy.method.memory import bank_device
from fairy.models import Model
from fairy.models.attention import KeysValues

FairyModel = io.Custom("FAIRY_MODEL")
FairyBank = io.Custom("FAIRY_BANK")


@dataclass(frozen=True)
class EditedAnchors:
    """A FAIRY_BANK. Between nodes it lies in the computer's memory: the device is for whoever computes."""

    model: Model
    sources: np.ndarray
    """uint8 (K, H, W, 3): the anchors before their edit, at the size of the edit."""
    bank: AnchorBank

    @property
    def size(self) -> tuple[int, int]:
        """Columns and rows of the edit."""
        return self.bank.size[1], self.bank.size[0]

    def place_of(self, picture: np.ndarray) -> int | None:
        """Which anchor a picture is, if it is one: then it has been edited already."""
        return next((k for k, source in enumerate(self.sources) if np.array_equal(source, picture)), None)

    def at_work(self, editor: Editor) -> AnchorBank:
        """The bank where the editor reads it: on its device, if there is room."""
        place = bank_device(editor, self.bank.size, len(self.sources), self.bank.settings)
        return moved(self.bank, editor.model.device if place is None else place)


def moved(bank: AnchorBank, device: torch.device | str) -> AnchorBank:
    """The same keys and values elsewhere."""
    steps = tuple(
        {layer: KeysValues(*(tensor.to(device) for tensor in entry)) for layer, entry in layers.items()}
        for layers in bank.steps
    )
    return replace(bank, steps=steps)
