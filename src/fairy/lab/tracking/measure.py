"""Position accuracy of every layer and step over clips with true tracks (Fairy, arXiv 2312.13834, sec. 4, fig. 2).

A point is asked for in the first frame where it is seen. There its token's query is taken; in every later frame where
it is seen, the token whose key it attends to most is where attention puts it. Frames stream: what is kept of a clip is
a query for each point, layer and step, and the queries and keys of one step of one frame.

Positions are (x, y) in 0..1 of the picture's width and height; distances are measured as on a picture of 256 x 256, and
"within d" is nearer than d pixels, as in TAP-Vid (arXiv 2211.03726), whose `<delta` is the mean over 1, 2, 4, 8 and 16.
N points, n of them in a frame, T frames, L tokens, D distances.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch

from fairy.errors import UsageError
from fairy.lab.tracking.capture import LayerFeatures, Observer
from fairy.lab.tracking.correspond import TokenGrid, correspond
from fairy.lab.tracking.points import TrackedClip

SIDE = 256
DISTANCES = (1, 2, 4, 8, 16, 32)
AVERAGED = (1, 2, 4, 8, 16)
"""The distances of which TAP-Vid takes the mean."""

Tell = Callable[[int, int], None]
"""Told the frames done, and how many there are in all."""


@dataclass(frozen=True, eq=False)
class LayerCounts:
    """What one layer's resolution alone decides, counted over a clip; each float64 (D,)."""

    grid: TokenGrid
    best: np.ndarray = field(default_factory=lambda: np.zeros(len(DISTANCES)))
    """Correct if always the token were found in which the point truly is: no layer can do much better."""
    chance: np.ndarray = field(default_factory=lambda: np.zeros(len(DISTANCES)))
    """Correct, on average, if a token were drawn."""
    still: np.ndarray = field(default_factory=lambda: np.zeros(len(DISTANCES)))
    """Correct if always the token were found where the point was asked for, as if nothing moved."""


@dataclass(frozen=True, eq=False)
class ClipCounts:
    """One clip: how many of its correspondences are within each distance."""

    name: str
    layers: dict[str, LayerCounts] = field(default_factory=dict)
    hits: dict[tuple[str, int], np.ndarray] = field(default_factory=dict)
    """float64 (D,), by layer and step."""
    num_points: int = 0
    num_pairs: int = 0
    """Points times later frames in which they are seen."""


def measure(
    observer: Observer, clips: Sequence[TrackedClip], *, size: tuple[int, int], on_progress: Tell | None = None
) -> Iterator[ClipCounts]:
    """Count for each clip, with frames of (width, height). Clips without a point to follow are left out.

    UsageError, in the end, where all were.
    """
    total = sum(len(clip.indices) for clip in clips)
    done = 0
    empty = True
    for clip in clips:

        def tell(frames: int, before: int = done) -> None:
            if on_progress:
                on_progress(before + frames, total)

        if clip.counted.any():
            yield measure_clip(observer, clip, size=size, on_frame=tell)
            empty = False
        done += len(clip.indices)
        tell(0, done)
    if empty:
        raise UsageError("no point of these clips is seen in two frames: there is nothing to follow; take more frames")


@torch.inference_mode()
def measure_clip(
    observer: Observer, clip: TrackedClip, *, size: tuple[int, int], on_frame: Callable[[int], None] | None = None
) -> ClipCounts:
    """Count for one clip."""
    counted, asked_at = clip.counted, clip.asked_at
    counts = ClipCounts(clip.name, num_points=int(counted.any(axis=1).sum()), num_pairs=int(counted.sum()))
    memory: dict[tuple[str, int], torch.Tensor] = {}
    for t, frame in enumerate(clip.frames(size)):
        asked, starting = counted[:, t], asked_at == t
        if not (asked.any() or starting.any()):
            continue
        truth, begun = clip.tracks[:, t], clip.tracks[np.arange(len(asked)), np.minimum(asked_at, t)]
        for step, layers in observer.watch(frame, t):
            for layer, seen in layers.items():
                if step == observer.steps[0]:
                    count_layer(counts, layer, seen.grid, size, truth[asked], begun[asked])
                kept = memory.setdefault((layer, step), seen.keys.new_zeros(len(asked), seen.keys.shape[1]))
                count_hits(counts, (layer, step), seen, size, kept[torch.from_numpy(asked)], truth[asked])
                tokens = seen.grid.tokens_at(truth[starting] * size)
                kept[torch.from_numpy(starting)] = seen.queries[torch.from_numpy(tokens)]
        if on_frame:
            on_frame(t + 1)
    return counts


def count_layer(
    counts: ClipCounts, layer: str, grid: TokenGrid, size: tuple[int, int], truth: np.ndarray, begun: np.ndarray
) -> None:
    """Add what the layer's resolution alone decides, for true positions (n, 2), and those asked for, in 0..1."""
    entry = counts.layers.setdefault(layer, LayerCounts(grid))
    centres = grid.centres / size
    entry.best[:] += count_within(centres[grid.tokens_at(truth * size)], truth)
    entry.still[:] += count_within(centres[grid.tokens_at(begun * size)], truth)
    entry.chance[:] += expect_by_chance(centres, truth)


def count_hits(
    counts: ClipCounts,
    key: tuple[str, int],
    seen: LayerFeatures,
    size: tuple[int, int],
    queries: torch.Tensor,
    truth: np.ndarray,
) -> None:
    """Add how many of the queries (n, C) find the true position (n, 2) in 0..1 in this frame."""
    tokens = correspond(queries, seen.keys, seen.heads).cpu().numpy()
    counts.hits.setdefault(key, np.zeros(len(DISTANCES)))[:] += count_within(seen.grid.centres[tokens] / size, truth)


def count_within(found: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """(n, 2) and (n, 2) -> int64 (D,): how many are within each of DISTANCES."""
    away = SIDE * np.linalg.norm(found - truth, axis=-1)
    return (away[:, None] < np.array(DISTANCES)).sum(axis=0)


def expect_by_chance(centres: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """(L, 2) and (n, 2) -> float64 (D,): how many would be within each distance if every token were as likely.

    Counted, not drawn: for each true position the share of tokens whose middle is near enough.
    """
    away = SIDE * np.linalg.norm(centres[None] - truth[:, None], axis=-1)
    return (away[..., None] < np.array(DISTANCES)).mean(axis=1).sum(axis=0)


def mean_over_averaged(shares: np.ndarray) -> np.ndarray:
    """(..., D) -> (...): TAP-Vid's `<delta`."""
    return shares[..., [DISTANCES.index(distance) for distance in AVERAGED]].mean(axis=-1)
