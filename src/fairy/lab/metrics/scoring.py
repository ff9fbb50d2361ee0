"""`score`: one pass over two clips that feeds every meter. Memory does not grow with the frames.

H, W: the frame's size; N frames. What is kept of each frame is a handful of numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import repeat
from pathlib import Path
from typing import Protocol

import numpy as np

from fairy.errors import UsageError
from fairy.lab.metrics.fidelity import FidelityMeter
from fairy.lab.metrics.flow import Estimated, Exact, FlowSource, find_truth
from fairy.lab.metrics.pictures import SMALLEST, resized
from fairy.lab.metrics.scores import Measured, Scores, ordered
from fairy.lab.metrics.settings import ESTIMATORS, MetricSettings
from fairy.lab.metrics.tools import Tools, load_tools
from fairy.lab.metrics.warp import MotionMeter


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
    fidelity = FidelityMeter()
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


def _meters(settings: MetricSettings, tools: Tools, fps: float) -> Iterator[Meter]:
    flows: FlowSource = Estimated(tools.estimate)
    if settings.flow not in ESTIMATORS:
        flows = Exact(find_truth(Path(settings.flow)))
    yield MotionMeter(flows, tools.estimate, fps=fps)
    if tools.clip:
        from fairy.lab.metrics.clip import ClipMeter

        yield ClipMeter(tools.clip, settings.source_prompt, settings.target_prompt)
    if tools.pickscore and (text := settings.target_prompt or settings.instruction):
        from fairy.lab.metrics.perceptual import PickMeter

        yield PickMeter(tools.pickscore, text)
    if tools.lpips:
        from fairy.lab.metrics.perceptual import LpipsMeter

        yield LpipsMeter(tools.lpips)


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
