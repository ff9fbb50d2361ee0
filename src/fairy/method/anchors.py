"""Which frames are anchors (Fairy, arXiv 2312.13834, sec. 5.1)."""

from __future__ import annotations

from fairy.errors import UsageError

DEFAULT_NUM_ANCHORS = 3
"""K = 3 is best: K = 1 is too little context, beyond 7 fine detail fades (fig. 19)."""


def choose_anchors(num_frames: int, num_anchors: int | None = None) -> tuple[int, ...]:
    """Indices of K frames uniformly spaced over 0..num_frames - 1, first and last included; the middle one for K = 1.

    None takes 3, or every frame where there are fewer.
    """
    if num_anchors is None:
        num_anchors = min(DEFAULT_NUM_ANCHORS, num_frames)
    if num_anchors > num_frames:
        raise UsageError(
            f"--num-anchors {num_anchors}: the selected range has {num_frames} frame{'s' * (num_frames != 1)};"
            f" use --num-anchors {num_frames} or fewer"
        )
    if num_anchors == 1:
        return ((num_frames - 1) // 2,)
    # Integer arithmetic: the same indices on every platform.
    return tuple((2 * i * (num_frames - 1) + num_anchors - 1) // (2 * (num_anchors - 1)) for i in range(num_anchors))
