"""`score` and `score_videos`: one pass over two clips that feeds every meter. Memory does not grow with the frames.

H, W: the frame's size; N frames. What is kept of each frame is a handful of numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from itertools import repeat
from pathlib import Path
from typing import Protocol

import numpy as np

from fairy.errors import UsageError
from fairy.lab.metrics.fidelity import FidelityMeter
from fairy.lab.metrics.flow import SMALLEST, Estimated, Exact, FlowSource, find_truth, resized
from fairy.lab.metrics.scores import Measured, Scores, ordered
from fairy.lab.metrics.settings import ESTIMATORS, MetricSettings
from fairy.lab.metrics.tools import Tools, load_tools
from fairy.lab.metrics.warp import MotionMeter
from fairy.video import VideoInfo, probe, read_frames

RATIO = 1.02
"""By how much the ratios of sides may differ before it is worth a note."""


class Meter(Protocol):
    """Takes frames in order, and tells in the end what it has found."""

    def add(self, source: np.ndarray, edited: np.ndarray) -> None:
        """The next frame of both, uint8 (H, W, 3)."""

    def finish(self) -> Measured:
        """All values, series and notes."""


def score(
    source: Iterable[np.ndarray],
    edited: Iterable[np.ndarray],
    settings: MetricSettings | None = None,
    *,
    fps: float = 25.0,
    masks: Iterable[np.ndarray] | None = None,
    tools: Tools | None = None,
    on_frame: Callable[[int], None] | None = None,
) -> Scores:
    """Measure an edited clip beside its source.

    Args:
        source, edited: frames in order, uint8 RGB (H, W, 3), each clip of one size. Frame t of the one is compared with
            frame t of the other, at the edit's size: source frames of another size are scaled. They are read once, and
            never held.
        settings: prompts, and what to measure with; the defaults need no network.
        fps: frames a second, for the measures that are in seconds or Hz.
        masks: a picture for each frame, uint8 (H, W, 3), black where the edit was not to touch anything.
        tools: `load_tools(settings)`, to be used for many clips; else they are loaded here.
        on_frame: told the number of frames done.

    Raises UsageError where the clips have different numbers of frames, fewer than two, or less than 16 pixels a side;
    ModelError and MissingPackageError as `load_tools` does.
    """
    settings = settings or MetricSettings()
    tools = tools or load_tools(settings)
    if not 0 < fps < float("inf"):
        raise UsageError(f"{fps} frames a second: must be a finite number above 0")
    fidelity = FidelityMeter(tools.lpips)
    meters = list(_meters(settings, tools, fps))
    count, size = 0, (0, 0)
    for count, (own, other, mask) in enumerate(_aligned(source, edited, masks), 1):
        size = other.shape[1], other.shape[0]
        fidelity.add(own, other, mask)
        for meter in meters:
            meter.add(own, other)
        if on_frame:
            on_frame(count)
    if count < 2:
        raise UsageError(
            f"a clip of {count} frames: at least two are needed, for most measures compare successive ones"
        )
    found = [fidelity.finish(), *(meter.finish() for meter in meters)]
    return _join(found, tools.notes, num_frames=count, size=size, fps=float(fps))


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


def _meters(settings: MetricSettings, tools: Tools, fps: float) -> Iterator[Meter]:
    flows: FlowSource = Estimated(tools.estimate)
    if settings.flow not in ESTIMATORS:
        flows = Exact(find_truth(Path(settings.flow)))
    yield MotionMeter(flows, tools.estimate, fps=fps)
    if tools.clip:
        from fairy.lab.metrics.clip import ClipMeter

        yield ClipMeter(tools.clip, settings.source_prompt, settings.target_prompt)
    if tools.pickscore and (text := settings.target_prompt or settings.instruction):
        from fairy.lab.metrics.clip import PickMeter

        yield PickMeter(tools.pickscore, text)


def _aligned(
    source: Iterable[np.ndarray], edited: Iterable[np.ndarray], masks: Iterable[np.ndarray] | None
) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray | None]]:
    """Frames and masks that belong together, all of the size of the first edited frame."""
    size = (0, 0)
    every = iter(source), iter(edited), iter(repeat(None) if masks is None else masks)
    for count, (own, other) in enumerate(_in_step(every[0], every[1])):
        _check(own, other)
        size = size if count else (other.shape[1], other.shape[0])
        if (other.shape[1], other.shape[0]) != size:
            raise UsageError(f"frame {count} of the edit is {other.shape[1]}x{other.shape[0]}, those before {size}")
        mask = next(every[2], None)
        if masks is not None and mask is None:
            raise UsageError(f"the mask has {count} frames, the clips have more; give one for each frame")
        yield resized(own, size), other, mask if mask is None else resized(mask, size)


def _in_step(source: Iterator[np.ndarray], edited: Iterator[np.ndarray]) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    for count, own in enumerate(source):
        if (other := next(edited, None)) is None:
            raise UsageError(f"the edit has {count} frames, the source has more; frame t of both must show the same")
        yield own, other
    if next(edited, None) is not None:
        raise UsageError("the edit has more frames than the source; frame t of both must show the same")


def _check(*frames: np.ndarray) -> None:
    for frame in frames:
        if frame.dtype != np.uint8 or frame.ndim != 3 or frame.shape[2] != 3:
            raise UsageError(f"a frame of type {frame.dtype} and shape {frame.shape}: must be uint8 (H, W, 3)")
        if min(frame.shape[:2]) < SMALLEST:
            raise UsageError(f"frames of {frame.shape[1]}x{frame.shape[0]}: both sides must be {SMALLEST} or more")


def _join(
    found: list[Measured], notes: tuple[str, ...], *, num_frames: int, size: tuple[int, int], fps: float
) -> Scores:
    values = {key: value for each in found for key, value in each.values.items()}
    series = {name: np.full(num_frames, np.nan) for each in found for name in each.series}
    for each in found:
        for name, numbers in each.series.items():
            series[name][: len(numbers)] = numbers
    motion = found[1]
    return Scores(
        num_frames=num_frames,
        size=size,
        fps=fps,
        values=ordered(values),
        series=series,
        spectrum=motion.spectra[0],
        spectrum_source=motion.spectra[1],
        worst=motion.worst,
        notes=notes + tuple(note for each in found for note in each.notes),
    )


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
