"""What the tests of families with joint attention share: a small clip, edits of it, what is decoded."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
import torch

from fairy.config import EditConfig
from fairy.method.bank import AnchorBank
from fairy.method.editor import Editor
from fairy.models import Model
from fairy.models.joint import align
from fairy.pictures.tensors import to_tensor

INSTRUCTION = "make it night"
CONFIG = EditConfig(num_steps=3, seed=5)


def clip(num_frames: int = 6, rows: int = 3, columns: int = 4) -> np.ndarray:
    """Frames of random squares, uint8 (F, 8 * rows, 8 * columns, 3)."""
    coarse = np.random.default_rng(0).integers(0, 256, (num_frames, rows, columns, 3), np.uint8)
    return coarse.repeat(8, axis=1).repeat(8, axis=2)


def edit(editor: Editor, frames: np.ndarray, bank: AnchorBank) -> np.ndarray:
    return np.stack(list(editor.edit_frames(frames, bank)))


def alone(editor: Editor, frames: np.ndarray, config: EditConfig = CONFIG) -> np.ndarray:
    """Each frame without anchors."""
    return edit(editor, frames, editor.edit_anchors(frames[:0], INSTRUCTION, config))


@contextmanager
def decoding(vae: Any) -> Iterator[list[torch.Tensor]]:
    """What an autoencoder is asked to decode meanwhile."""
    decoded: list[torch.Tensor] = []
    own = vae.decode
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(vae, "decode", lambda latents, **given: decoded.append(latents) or own(latents, **given))
        yield decoded


def latents_of(model: Model, frame: np.ndarray, anchors: np.ndarray, config: EditConfig = CONFIG) -> torch.Tensor:
    """What is decoded of a frame that reads these anchors; without any, of one that is edited alone."""
    with Editor(model) as editor:
        bank = editor.edit_anchors(anchors, INSTRUCTION, config)
        with decoding(model.vae) as decoded:
            edit(editor, frame[None], bank)
    return decoded[0]


def as_fairy_computes(stock: Any) -> Any:
    """A pipeline of diffusers that sees a picture with Fairy's last bits, and weights that begin where Fairy's do.

    diffusers divides pixels by 255, Fairy by 127.5.
    """
    stock.set_progress_bar_config(disable=True)
    for part in stock.components.values():
        if isinstance(part, torch.nn.Module):
            align(part)
    stock.image_processor.preprocess = lambda image, *_, **__: to_tensor(np.array(image)[None])
    return stock
