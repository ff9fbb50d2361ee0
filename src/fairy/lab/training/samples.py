"""Sample sheets: held-out pairs with what the model makes of them, edited just as `fairy edit` would."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fairy.config import EditConfig
from fairy.lab.training.sources import Triple
from fairy.method.editor import Editor
from fairy.models import Model
from fairy.pictures.sheet import grid


def edit_alone(model: Model, triples: Sequence[Triple]) -> list[np.ndarray]:
    """Each source edited by its instruction without anchors, with the model's defaults: uint8 (H, W, 3)."""
    outputs = []
    with Editor(model) as editor:
        for triple in triples:
            bank = editor.edit_anchors(triple.source[None][:0], triple.instruction, EditConfig(num_anchors=0))
            outputs += list(editor.edit_frames([triple.source], bank))
    return outputs


def draw_sheet(model: Model, triples: Sequence[Triple], title: str) -> np.ndarray:
    """Rows of source, exact edit and the model's output, under each its instruction: uint8 (H, W, 3)."""
    outputs = edit_alone(model, triples)
    rows = [
        (triple.instruction, [triple.source, triple.edited, output])
        for triple, output in zip(triples, outputs, strict=True)
    ]
    return grid(["source", "exact edit", "model"], rows, title=title, num_blocks=2 if len(rows) > 3 else 1)
