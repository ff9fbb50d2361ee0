"""Which frames of a source are edited, at what size, in which shots, and which of them are anchors.

Indices count the source's frames from 0.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise

import numpy as np

from fairy.config import EditConfig, JobConfig, VideoConfig
from fairy.errors import UsageError
from fairy.method.anchors import DEFAULT_NUM_ANCHORS, choose_anchors
from fairy.pictures.size import fit_size
from fairy.video import Frame, VideoInfo, read_at, read_frames


@dataclass(frozen=True)
class ShotPlan:
    """Frames between two cuts, which read the same anchors."""

    start: int
    stop: int
    """Index after the last frame."""
    anchors: tuple[int, ...]
    """Increasing indices."""


def select(
    info: VideoInfo, video: VideoConfig, edit: EditConfig, job: JobConfig | None = None, cuts: Sequence[int] = ()
) -> Selection:
    """Find the frames of the range, part them at the cuts (first frames of shots), and choose each shot's anchors.

    Raises UsageError where the range is empty, and where asked-for anchors do not lie in it.
    """
    start = 0 if video.start is None else first_frame_at(info, video.start)
    stop = len(info) if video.end is None else first_frame_at(info, video.end)
    if start >= stop:
        raise UsageError(
            f"no frame lies in the range from {video.start or 0:g} s to {video.end or info.duration:g} s;"
            f" {info.path} lasts {info.duration:.3f} s"
        )
    edges = [start, *sorted({cut for cut in cuts if start < cut < stop}), stop]
    shots = plan_shots(edges, edit.num_anchors, job or JobConfig())
    return Selection(info, (info.width, info.height), shots)


def plan_shots(edges: Sequence[int], num_anchors: int | None, job: JobConfig) -> tuple[ShotPlan, ...]:
    """The shots between edges, each with the anchors asked for in it, or else its own choice, and those given."""
    if job.anchors is not None and num_anchors is not None:
        raise UsageError("--anchors and --num-anchors: give one of them")
    whole = len(edges) == 2
    for name, indices in (("--anchors", job.anchors or ()), ("--anchor", tuple(job.given))):
        outside = [index for index in indices if not edges[0] <= index < edges[-1]]
        if outside:
            raise UsageError(f"{name} {outside[0]}: the selected range has frames {edges[0]} to {edges[-1] - 1}")
    shots = []
    for start, stop in pairwise(edges):
        anchors = {index for index in job.anchors or () if start <= index < stop}
        if not anchors:
            # One shot of too few frames is a mistake, one of many is a short shot.
            count = (
                num_anchors if whole else min(DEFAULT_NUM_ANCHORS if num_anchors is None else num_anchors, stop - start)
            )
            anchors = {start + index for index in choose_anchors(stop - start, count)}
        anchors |= {index for index in job.given if start <= index < stop}
        shots.append(ShotPlan(start, stop, tuple(sorted(anchors))))
    return tuple(shots)


def first_frame_at(info: VideoInfo, seconds: float) -> int:
    """Index of the first frame at or after a moment counted from the first one; 0.1 is taken as typed, as a tenth."""
    ticks = math.ceil(Fraction(seconds).limit_denominator(1_000_000) / info.time_base)
    return int(np.searchsorted(info.pts, int(info.pts[0]) + ticks))


@dataclass(frozen=True)
class Selection:
    """Which frames of a source are edited, at what size, in which shots, and which of them are anchors."""

    info: VideoInfo
    size: tuple[int, int]
    """Columns and rows of the frames as they are edited."""
    shots: tuple[ShotPlan, ...]
    """Without gaps, at least one."""

    def __len__(self) -> int:
        return self.stop - self.start

    @property
    def start(self) -> int:
        """Index of the first frame."""
        return self.shots[0].start

    @property
    def stop(self) -> int:
        """Index after the last frame."""
        return self.shots[-1].stop

    @property
    def anchors(self) -> tuple[int, ...]:
        """The anchors of all shots."""
        return tuple(index for shot in self.shots for index in shot.anchors)

    @property
    def most_anchors(self) -> int:
        """Of any one shot."""
        return max(len(shot.anchors) for shot in self.shots)

    def shot_of(self, index: int) -> ShotPlan:
        """The shot that a frame belongs to."""
        return self.shots[bisect_right([shot.start for shot in self.shots], index) - 1]

    def fitted(self, long_side: int) -> Selection:
        """The same frames at a size whose longer side is `long_side`."""
        return replace(self, size=fit_size(self.info.width, self.info.height, long_side))

    def frames(self) -> Iterator[Frame]:
        """All selected frames in their order."""
        return read_frames(self.info, start=self.start, stop=self.stop, size=self.size)

    def frames_at(self, indices: Iterable[int]) -> Iterator[Frame]:
        """Some frames, in their order."""
        return read_at(self.info, indices, size=self.size)

    def pictures_at(self, indices: Sequence[int]) -> np.ndarray:
        """A few frames at once: uint8 (F, H, W, 3)."""
        width, height = self.size
        images = [frame.image for frame in self.frames_at(indices)]
        return np.stack(images) if images else np.zeros((0, height, width, 3), np.uint8)
