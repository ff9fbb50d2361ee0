"""What an edit of a synthetic clip is worth, against what is exactly known of it.

All functions are pure. Pictures are uint8 (T, H, W, 3) at the clip's measured frames; colours are counted in levels of
255. Lower is better, but for `edit_done` and `motion_kept`, which are 1 where all is as it should be.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from fairy.lab.ablation.clips import HeldOutClip, Masks, Pictures
from fairy.lab.synthetic import warp

MEASURES = {
    "warp_all": "warp error",
    "warp_object": "warp error, object",
    "spread": "spread over time",
    "to_exact": "distance to the exact edit",
    "to_source": "distance to the source where nothing should change",
    "edit_done": "edit done",
    "motion_kept": "motion kept",
}
"""What `measure_edit` gives, by its title."""
NUM_TONES = 3
"""A palette is looked at for dark, middle and bright parts of the source apart."""
Floats = NDArray[np.float32]


def measure_edit(edited: Pictures, clip: HeldOutClip) -> dict[str, float]:
    """Every measure that the clip allows: an edit of the whole picture leaves nothing untouched."""
    about = clip.edited if clip.kind == "object" else np.ones_like(clip.edited)
    exact = nearest(edited, clip.exact, about)
    tones = find_tones(clip.source, clip.changed) if clip.kind == "whole" else np.zeros(clip.changed.shape, np.int8)
    values = {
        "warp_all": warp_error(edited, clip, np.ones_like(clip.edited)),
        "warp_object": warp_error(edited, clip, clip.edited),
        "spread": spread(edited, clip.changed, tones),
        "to_exact": distance(edited, exact, about),
        "to_source": absolute(edited, clip.source, clip.untouched),
        "edit_done": share_of(edited, clip.source, exact, about),
        "motion_kept": motion_kept(edited, exact, about),
    }
    return {name: value for name, value in values.items() if value is not None}


def warp_error(edited: Pictures, clip: HeldOutClip, where: Masks) -> float | None:
    """Mean difference of each frame and the next one, brought back by the exact flow; occluded pixels left out."""
    errors = []
    for flow, here, frame, following in zip(clip.flows, where, edited, edited[1:], strict=False):
        seen = here & ~flow.occluded
        errors.append(np.abs(frame - warp(following.astype(np.float32), flow)).mean(-1)[seen])
    return _mean(np.concatenate(errors))


def spread(edited: Pictures, where: Masks, tones: NDArray[np.int8]) -> float | None:
    """Standard deviation over time of the mean colour of a region, for each tone apart, averaged over the colours.

    What an instruction leaves open may come out in any way, but should be the same in all frames.
    """
    total, weight = 0.0, 0
    for tone in np.unique(tones):
        parts = [frame[region & (of == tone)] for frame, region, of in zip(edited, where, tones, strict=True)]
        means = [part.mean(0) for part in parts if len(part)]
        if len(means) > 1:
            pixels = sum(map(len, parts))
            total += pixels * float(np.std(means, axis=0).mean())
            weight += pixels
    return total / weight if weight else None


def find_tones(source: Pictures, where: Masks) -> NDArray[np.int8]:
    """Dark, middle and bright thirds of what the source shows in the region, (T, H, W)."""
    brightness = source.mean(-1)
    inside = brightness[where]
    bounds = np.quantile(inside, np.arange(1, NUM_TONES) / NUM_TONES) if inside.size else []
    return np.digitize(brightness, bounds).astype(np.int8)


def nearest(edited: Pictures, exact: NDArray[np.uint8], where: Masks) -> Pictures:
    """That one of the exact results (C, T, H, W, 3) to which the whole clip is nearest: one choice for all frames."""
    distances = [distance(edited, choice, where) for choice in exact]
    return exact[int(np.argmin([np.inf if d is None else d for d in distances]))]


def distance(first: Pictures, second: Pictures, where: Masks) -> float | None:
    """Root mean square difference at half resolution, which spares sub-pixel shifts of lines."""
    inside = _halved(where) == 1
    difference = (_halved(first) - _halved(second))[inside]
    mean = _mean(np.square(difference))
    return None if mean is None else mean**0.5


def absolute(first: Pictures, second: Pictures, where: Masks) -> float | None:
    """Mean absolute difference of two clips in a region."""
    return _mean(np.abs(first[where].astype(np.float32) - second[where]))


def share_of(edited: Pictures, source: Pictures, exact: Pictures, where: Masks) -> float | None:
    """How much of the exact edit's change was made: 0 is the source, 1 all of it, as a projection on that change."""
    return _projection(_differences((source, edited), where), _differences((source, exact), where))


def motion_kept(edited: Pictures, exact: Pictures, where: Masks) -> float | None:
    """How much of the exact edit's change from frame to frame there is: 0 is frozen, 1 moves as it should.

    A projection: flicker, which has nothing to do with the motion, does not count as motion.
    """
    around = np.array([first | second for first, second in pairwise(where)])
    return _projection(_differences((edited[:-1], edited[1:]), around), _differences((exact[:-1], exact[1:]), around))


def _differences(pair: Sequence[Pictures], where: Masks) -> Floats:
    return pair[1][where].astype(np.float32) - pair[0][where]


def _projection(given: Floats, wanted: Floats) -> float | None:
    energy = float(np.square(wanted).sum())
    return float((given * wanted).sum()) / energy if energy else None


def _halved(pictures: NDArray[np.uint8] | Masks) -> Floats:
    """Means of 2 x 2 pixels; an odd row or column at the end is left out."""
    rows, columns = (side // 2 * 2 for side in pictures.shape[1:3])
    even = pictures[:, :rows, :columns].astype(np.float32)
    blocks = even.reshape(len(even), rows // 2, 2, columns // 2, 2, *even.shape[3:])
    return blocks.mean((2, 4))


def _mean(values: NDArray[np.floating]) -> float | None:
    return float(values.mean()) if values.size else None
