"""The method with noise of its own for each frame, against which sharing it is measured (Fairy, sec. 5.1)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from fairy.config import EditConfig
from fairy.method.bank import AnchorBank, StepWriter
from fairy.method.editor import Editor
from fairy.method.trajectory import edit_together


def edit_anchors(
    editor: Editor, frames: np.ndarray, numbers: Sequence[int], instruction: str, config: EditConfig
) -> AnchorBank:
    """As `Editor.edit_anchors`: uint8 (K, H, W, 3), each with noise decided by the seed and its number."""
    bank = editor.edit_anchors(frames[:0], instruction, config)
    bank = replace(bank, size=(frames.shape[1], frames.shape[2]))
    writers: list[StepWriter] = []

    def write(step: int) -> StepWriter:
        writers.append(StepWriter(len(editor.model.family.branches(editor.model, bank.settings, step))))
        return writers[-1]

    if not len(frames):
        return bank
    with editor.threads(1) as pool:
        making = pool.submit(edit_together, editor.model, frames, bank, write, numbers=numbers)
        edited = making.result().wait()
    return replace(bank, frames=edited, steps=tuple(writer.layers for writer in writers))


def edit_frames(editor: Editor, frames: np.ndarray, numbers: Sequence[int], bank: AnchorBank) -> Iterator[np.ndarray]:
    """As `Editor.edit_frames`, a micro-batch at a time."""
    count = editor.micro_batch
    for start in range(0, len(frames), count):
        places = [min(place, len(frames) - 1) for place in range(start, start + count)]
        own = [numbers[place] for place in places]
        with editor.threads(1) as pool:
            making = pool.submit(edit_together, editor.model, frames[places], bank, bank.at, numbers=own)
            yield from making.result().wait()[: len(frames) - start]
