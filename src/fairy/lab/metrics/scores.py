"""Every metric, and what comes out of a measurement. N frames; a step t leads from frame t to frame t + 1.

docs/lab/metrics.md has the formulae.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

import numpy as np


class Better(Enum):
    """Where the best value lies."""

    HIGHER = "higher"
    LOWER = "lower"
    ONE = "nearest to 1"
    NONE = ""
    """A reading to see others by, such as what the source itself measures: nothing is ranked by it."""


@dataclass(frozen=True)
class Metric:
    """One number of a clip."""

    key: str
    title: str
    better: Better
    unit: str = ""
    digits: int = 3
    group: str = ""

    def show(self, value: float) -> str:
        """A value with as many digits as it deserves."""
        return f"{value:.{self.digits}f}"


METRICS = (
    Metric("tem_con", "Tem-Con", Better.HIGHER, group="CLIP"),
    Metric("tem_con_source", "  of the source", Better.NONE, group="CLIP"),
    Metric("frame_acc", "Frame-Acc", Better.HIGHER, group="CLIP"),
    Metric("clip_text", "likeness to the target prompt", Better.HIGHER, group="CLIP"),
    Metric("clip_direction", "direction similarity", Better.HIGHER, group="CLIP"),
    Metric("clip_image", "likeness to the source", Better.HIGHER, group="CLIP"),
    Metric("pickscore", "PickScore", Better.HIGHER, digits=2, group="CLIP"),
    Metric("warp_error", "warp error", Better.LOWER, "levels", 2, "steadiness"),
    Metric("warp_error_source", "  of the source", Better.NONE, "levels", 2, "steadiness"),
    Metric("warp_mse", "warp error, squared", Better.LOWER, "1e-3", 2, "steadiness"),
    Metric("flicker", "flicker", Better.LOWER, "levels/s", 2, "steadiness"),
    Metric("flicker_source", "  of the source", Better.NONE, "levels/s", 2, "steadiness"),
    Metric("flicker_hz", "  strongest at", Better.NONE, "Hz", 2, "steadiness"),
    Metric("edges", "edges", Better.HIGHER, group="fidelity"),
    Metric("ssim", "SSIM of luma", Better.HIGHER, group="fidelity"),
    Metric("lpips", "LPIPS", Better.LOWER, group="fidelity"),
    Metric("unedited_kept", "unedited area kept", Better.HIGHER, group="fidelity"),
    Metric("unedited_error", "  its error", Better.LOWER, "levels", 2, "fidelity"),
    Metric("motion_kept", "motion kept", Better.ONE, group="motion"),
    Metric("motion_agreement", "motion agreement", Better.HIGHER, group="motion"),
)
BY_KEY = {metric.key: metric for metric in METRICS}


@dataclass(frozen=True)
class Spectrum:
    """How strongly brightness swings at each frequency: `hertz` and `levels` (amplitude, of 255), float64 (K,)."""

    hertz: np.ndarray
    levels: np.ndarray


NO_SPECTRUM = Spectrum(np.zeros(0), np.zeros(0))


@dataclass(frozen=True, eq=False)
class WorstStep:
    """One of the steps at which the edit is least steady."""

    index: int
    """From frame `index` to the next one."""
    excess: float
    """Its warp error less the source's own there, in levels."""
    pictures: tuple[np.ndarray, np.ndarray, np.ndarray]
    """Both frames and the difference along the motion, uint8 (h, w, 3), made small."""


@dataclass(frozen=True)
class Measured:
    """What one meter has found; `score` puts those of all meters together."""

    values: dict[str, float]
    """By the keys of METRICS; NaN and what is missing was not measured."""
    series: dict[str, np.ndarray]
    """Float64, (N,) or (N - 1,)."""
    notes: tuple[str, ...] = ()
    spectra: tuple[Spectrum, Spectrum] = (NO_SPECTRUM, NO_SPECTRUM)
    worst: tuple[WorstStep, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Scores:
    """The numbers of one edited clip. `scores["warp_error"]` is a float, or None where that was not measured."""

    num_frames: int
    size: tuple[int, int]
    """(width, height) at which was measured: that of the edit."""
    fps: float
    values: dict[str, float | None]
    """One entry for each of METRICS, in that order."""
    series: dict[str, np.ndarray] = field(repr=False)
    """What the values are means of, float64 (N,): entry t of a measure of steps is the step from t to t + 1, and the
    last one NaN. Wherever something is not defined it is NaN."""
    spectrum: Spectrum = field(default=NO_SPECTRUM, repr=False)
    """Of the edit's flicker."""
    spectrum_source: Spectrum = field(default=NO_SPECTRUM, repr=False)
    worst: tuple[WorstStep, ...] = field(default=(), repr=False)
    """The least steady steps, the worst one first."""
    notes: tuple[str, ...] = ()
    """What a user should know: what was left out, and why."""

    def __getitem__(self, key: str) -> float | None:
        return self.values[key]

    def as_json(self) -> dict[str, Any]:
        """One flat object: what was compared, every value (None where it was not measured), the worst frames."""
        return {
            "num_frames": self.num_frames,
            "size": list(self.size),
            "fps": self.fps,
            **{key: None if value is None else round(value, 6) for key, value in self.values.items()},
            "worst_frames": [step.index for step in self.worst],
            "notes": list(self.notes),
        }

    def details(self) -> dict[str, Any]:
        """The same with the spectra, and by how much the worst steps exceed the source."""
        spectra = {"edit": self.spectrum, "source": self.spectrum_source}
        return {
            **self.as_json(),
            "worst_steps": [{"frame": step.index, "excess": round(step.excess, 4)} for step in self.worst],
            "spectrum": {
                name: {"hertz": each.hertz.round(4).tolist(), "levels": each.levels.round(6).tolist()}
                for name, each in spectra.items()
            },
        }


def ordered(values: dict[str, float]) -> dict[str, float | None]:
    """Measured values in the order of METRICS; None for what is missing or not a number."""
    unknown = set(values) - set(BY_KEY)
    if unknown:
        raise KeyError(f"no metrics: {', '.join(sorted(unknown))}")
    found = {metric.key: values.get(metric.key) for metric in METRICS}
    return {key: float(value) if value is not None and np.isfinite(value) else None for key, value in found.items()}


def mean(values: Sequence[float] | array[float] | np.ndarray) -> float:
    """The mean of what is a number; NaN where nothing is."""
    numbers = np.asarray(values, np.float64)
    numbers = numbers[np.isfinite(numbers)]
    return float(numbers.mean()) if numbers.size else float("nan")
