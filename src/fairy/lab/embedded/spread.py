"""Do anchors hold an open choice? The spread over time of what an edit makes of a held-out clip, without and with them.

An instruction such as "paint all objects" leaves the hue open; edited alone, each frame may choose its own. Measured is
the mean colour over the region that the edit changes, frame by frame, and its standard deviation over time.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fairy.config import EditConfig
from fairy.lab.synthetic import EDITS, edit_clip, render_clip
from fairy.method.anchors import choose_anchors
from fairy.method.editor import Editor

OPEN_EDITS = ("paint_all", "duotone", "sunset")
NUM_FRAMES = 24
STRIDE = 3
CHANGED = 12
"""A pixel belongs to the region where the exact edit moves it by more than this, of 255, averaged over the colours."""


@dataclass(frozen=True)
class Spread:
    """Standard deviation over time of the region's mean colour, of 255, averaged over clips and colours."""

    edit: str
    alone: float
    anchored: float
    exact: float


def measure_spread(
    editor: Editor, edit: str, *, num_clips: int, seed: int, size: tuple[int, int] = (192, 144)
) -> Spread:
    """Edit clips without anchors and with three; every frame but the anchors counts."""
    results = np.array([_one_clip(editor, edit, seed + number, size) for number in range(num_clips)])
    return Spread(edit, *results.mean(0).round(2).tolist())


def _one_clip(editor: Editor, edit: str, seed: int, size: tuple[int, int]) -> tuple[float, float, float]:
    source = np.stack(list(render_clip(seed, NUM_FRAMES, size)))
    exact = np.stack(list(edit_clip(seed, edit, NUM_FRAMES, size)))
    anchors = choose_anchors(NUM_FRAMES)
    frames = [index for index in range(1, NUM_FRAMES, STRIDE) if index not in anchors]
    regions = [np.abs(exact[i].astype(int) - source[i]).mean(-1) > CHANGED for i in frames]
    instruction = EDITS[edit].heldout[0].format(object="", colour="")
    spreads = []
    for chosen in ((), anchors):
        bank = editor.edit_anchors(source[list(chosen)], instruction, EditConfig(num_anchors=len(chosen)))
        edited = editor.edit_frames((source[i] for i in frames), bank)
        spreads.append(_spread(list(edited), regions))
    return spreads[0], spreads[1], _spread([exact[i] for i in frames], regions)


def _spread(frames: list[np.ndarray], regions: list[np.ndarray]) -> float:
    means = [frame[region].mean(0) for frame, region in zip(frames, regions, strict=True) if region.any()]
    return float(np.std(means, axis=0).mean())
