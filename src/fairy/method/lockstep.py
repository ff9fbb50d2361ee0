"""Anchors and other frames side by side, step by step: what the anchors leave of one step is read, and dropped.

For models of many steps, whose bank would be too large: memory holds one step of it. The anchors are edited again with
every group of frames; the passes are the same as ever, and so are the bits.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from fairy.method.bank import AnchorBank, StepReader, StepWriter
from fairy.method.trajectory import advance, trajectory
from fairy.models import Model
from fairy.pictures.tensors import Download

NUM_FRAMES = 32
"""Of a group: three anchors again cost it a tenth of its time."""


def edit_in_lockstep(
    model: Model, quick: Model, batches: Sequence[np.ndarray], bank: AnchorBank, pool: ThreadPoolExecutor
) -> list[Download]:
    """Micro-batches of uint8 (F, H, W, 3) -> the same, edited by `quick`; the anchors by `model`."""
    assert bank.again is not None
    newest: list[StepWriter] = []

    def write(step: int) -> StepWriter:
        newest[:] = [StepWriter(len(model.family.branches(model, bank.settings, step)))]
        return newest[0]

    def read(step: int) -> StepReader:  # noqa: ARG001  it is the anchors' newest
        return StepReader(newest[0].layers, bank.settings.anchor_strength)

    anchors = trajectory(model, bank.again.sources, bank, write, given=bank.again.given)
    others = [trajectory(quick, batch, bank, read) for batch in batches]
    while pool.submit(advance, anchors).result() is None:
        list(pool.map(advance, others))
    done = pool.map(advance, others)
    return [download for download in done if download is not None]
