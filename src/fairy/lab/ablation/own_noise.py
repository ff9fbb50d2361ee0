"""The method with noise of its own for each frame, against which sharing it is measured (Fairy, sec. 5.1)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice

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


def edit_frames(editor: Editor, frames: Iterable[tuple[int, np.ndarray]], bank: AnchorBank) -> Iterator[np.ndarray]:
    """As `Editor.edit_frames`, of frames with their numbers, a micro-batch at a time."""
    waiting, count = iter(frames), editor.micro_batch
    while batch := list(islice(waiting, count)):
        filled = batch + batch[-1:] * (count - len(batch))
        numbers, pictures = [number for number, _ in filled], np.stack([picture for _, picture in filled])
        with editor.threads(1) as pool:
            making = pool.submit(edit_together, editor.model, pictures, bank, bank.at, numbers=numbers)
            yield from making.result().wait()[: len(batch)]
