"""Edits one clip under several conditions and measures each result: what a worker of `make ablation` does."""

from __future__ import annotations

import time
from functools import lru_cache
from typing import Any

import numpy as np

from fairy import models
from fairy.config import RunConfig
from fairy.lab.ablation import own_noise
from fairy.lab.ablation.clips import MEASURED, HeldOutClip, Pictures, make_clip
from fairy.lab.ablation.design import AUTOENCODER, EXACT, SOURCE, HeldOutTask
from fairy.lab.ablation.settings import Condition
from fairy.lab.ablation.truth import measure_edit
from fairy.method.editor import Editor
from fairy.pictures.tensors import to_tensor, to_uint8

DIGITS = 6
"""Of the numbers that are kept."""


def measure_task(task: HeldOutTask) -> list[dict[str, Any]]:
    """The record of each of the task's cells. They depend on nothing but the task: not on other tasks or workers."""
    clip = make_clip(task.index, task.edit, task.world)
    return [measure_cell(key, clip, condition) for key, condition in task.conditions]


def measure_cell(key: str, clip: HeldOutClip, condition: Condition) -> dict[str, Any]:
    """One cell."""
    begun = time.perf_counter()
    edited = result_of(clip, condition)
    seconds = time.perf_counter() - begun
    return {
        "key": key,
        "clip": clip.index,
        "edit": clip.edit,
        "instruction": clip.instruction,
        "condition": condition.name,
        "values": {name: round(value, DIGITS) for name, value in measure_edit(edited, clip).items()},
        "seconds": round(seconds, 3),
    }


def result_of(clip: HeldOutClip, condition: Condition) -> Pictures:
    """The measured frames under a condition, uint8 (T, H, W, 3)."""
    match condition.name:
        case name if name == EXACT:
            return clip.exact[0]
        case name if name == SOURCE:
            return clip.source
        case name if name == AUTOENCODER:
            return through_autoencoder(open_editor(condition.settings.weights.name, None), clip.exact[0])
        case _:
            return edit_clip(clip, condition)


def edit_clip(clip: HeldOutClip, condition: Condition) -> Pictures:
    """The measured frames, edited."""
    settings = condition.settings
    editor = open_editor(settings.weights.name, settings.scheduler)
    if settings.all_together:
        return editor.edit_anchors(clip.source, clip.instruction, settings.edit).frames
    chosen, anchors = clip.anchors(settings.num_anchors)
    if settings.shared_noise:
        bank = editor.edit_anchors(anchors, clip.instruction, settings.edit)
        return np.stack(list(editor.edit_frames(clip.source, bank)))
    bank = own_noise.edit_anchors(editor, anchors, chosen, clip.instruction, settings.edit)
    return np.stack(list(own_noise.edit_frames(editor, zip(MEASURED, clip.source, strict=True), bank)))


def through_autoencoder(editor: Editor, frames: Pictures) -> Pictures:
    """Encoded and decoded again."""

    def both_ways() -> Pictures:
        model = editor.model
        return to_uint8(model.family.decode(model, model.family.encode(model, to_tensor(frames).to(model.device))))

    with editor.threads(1) as pool:
        return pool.submit(both_ways).result()


@lru_cache(maxsize=2)
def open_editor(name: str, scheduler: str | None) -> Editor:
    """The editor of a model, kept for the next task. All measured frames of a clip are one micro-batch."""
    model = models.load(name, scheduler=scheduler)
    return Editor(model, RunConfig(batch_size=len(MEASURED)), micro_batch=len(MEASURED))
