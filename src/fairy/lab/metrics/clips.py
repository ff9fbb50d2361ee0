"""Two videos on disk: opened, brought to one size and number of frames, and scored."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import repeat
from pathlib import Path

import numpy as np

from fairy.errors import UsageError
from fairy.lab.metrics.flow import find_truth
from fairy.lab.metrics.scores import Scores
from fairy.lab.metrics.scoring import score
from fairy.lab.metrics.settings import ESTIMATORS, MetricSettings
from fairy.lab.metrics.tools import Tools
from fairy.video import VideoInfo, probe, read_frames

RATIO = 1.02
"""By how much the ratios of sides may differ before it is worth a note."""


def score_videos(
    source: Path,
    edited: Path,
    settings: MetricSettings | None = None,
    *,
    mask: Path | None = None,
    common: bool = False,
    tools: Tools | None = None,
    on_frame: Callable[[int, int], None] | None = None,
) -> Scores:
    """Measure an edited video beside its source, at the size of the edit and its frame rate.

    Args:
        source, edited: any file that FFmpeg reads, or a folder of numbered images.
        settings: prompts, and what to measure with. A `flow` that is a dataset's folder means the clip of the source.
        mask: a picture or a video, black where the edit was not to touch anything.
        common: where one is longer, compare only the frames that both have, counted from the first.
        tools: `load_tools(settings)`, to be used for many videos.
        on_frame: told the frames done and their number.

    Raises MediaError where a video cannot be read, UsageError where they do not belong together, and as `score` does.
    """
    settings = settings or MetricSettings()
    if settings.flow not in ESTIMATORS:
        settings = replace(settings, flow=str(find_truth(Path(settings.flow), Path(source))))
    own, other = probe(source), probe(edited)
    count = _common_length(own, other, common)
    size = other.width, other.height
    scores = score(
        _images(own, count, size),
        _images(other, count, size),
        settings,
        fps=float(other.fps),
        masks=None if mask is None else _masks(probe(mask), mask, count, size),
        tools=tools,
        on_frame=on_frame and (lambda done: on_frame(done, count)),
    )
    return replace(scores, notes=(*_differences(own, other, count), *scores.notes))


def _images(info: VideoInfo, count: int, size: tuple[int, int]) -> Iterator[np.ndarray]:
    return (frame.image for frame in read_frames(info, stop=count, size=size))


def _masks(info: VideoInfo, path: Path, count: int, size: tuple[int, int]) -> Iterator[np.ndarray]:
    if len(info) == 1:
        return repeat(next(_images(info, 1, size)))
    if len(info) < count:
        raise UsageError(f"--mask {path} has {len(info)} frames, but {count} are compared; or give one picture for all")
    return _images(info, count, size)


def _common_length(source: VideoInfo, edited: VideoInfo, common: bool) -> int:
    if len(source) != len(edited) and not common:
        raise UsageError(
            f"{edited.path} has {len(edited)} frames, but {source.path} has {len(source)}; frame t of both must show"
            " the same. --common compares the first ones that both have"
        )
    return min(len(source), len(edited))


def _differences(source: VideoInfo, edited: VideoInfo, count: int) -> Iterator[str]:
    """What a user should know about the pair."""
    if len(source) != len(edited):
        yield f"compared are the first {count} frames: the source has {len(source)}, the edit {len(edited)}"
    ratio = source.width * edited.height / (source.height * edited.width)
    if max(ratio, 1 / ratio) > RATIO:
        sizes = f"{edited.width}x{edited.height}, the source {source.width}x{source.height}"
        yield f"the edit is {sizes}: the source is stretched to that. If the edit is cropped, the numbers are wrong"
    if source.fps != edited.fps:
        yield f"the edit has {float(edited.fps):.5g} frames a second, the source {float(source.fps):.5g}"
