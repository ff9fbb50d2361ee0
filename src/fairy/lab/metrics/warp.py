"""Steadiness and motion along the source's optical flow: warp error, flicker and its spectrum, motion kept.

A step leads from frame t to frame t + 1. H, W: the frame's size; M steps, T tiles. Levels are those of 0..255.
"""

from __future__ import annotations

from array import array
from collections import defaultdict

import numpy as np
from einops import rearrange

from fairy.lab.metrics.flow import Estimated, Estimator, Flow, FlowSource, luma, resized, sample
from fairy.lab.metrics.scores import Measured, Spectrum, WorstStep, mean

TILES = 4
"""The picture is cut into 4 x 4 tiles, each with a brightness of its own, so that flicker here and there shows, too."""
LEAST_VISIBLE = 0.1
"""Share of a frame that must be seen in the next one, too: else the step counts for nothing."""
UNEXPLAINED = 0.5
"""Where the flow leaves so much of the source's contrast, the step is a cut, and counts for nothing. Without a cut 0.02
to 0.19 was seen, at cuts 0.79 to 1.59 (scripts/measure_flow.py)."""
FLATNESS = 4.0
"""Levels of contrast that even an empty picture is taken to have."""
LEAST_MOTION = 0.05
"""Pixels a frame: a source that moves less stands still."""
THUMBNAIL = 320
APART = 3
"""Steps nearer to each other than this count as one of the worst."""
SPARE = 4
"""So many times as many steps are kept as are shown."""


class MotionMeter:
    """Measures of steps: what changes from frame to frame beyond the source's own motion."""

    def __init__(self, flows: FlowSource, estimate: Estimator, *, fps: float, num_worst: int = 4) -> None:
        self._flows, self._estimate, self._fps, self._num_worst = flows, estimate, fps, num_worst
        self._before: tuple[np.ndarray, np.ndarray] | None = None
        self._series: dict[str, array[float]] = defaultdict(lambda: array("d"))
        self._changes = {"edited": array("f"), "source": array("f")}
        self._products = np.zeros(3)  # of the source's motion with itself, the edit's with itself, and of both
        self._worst: list[WorstStep] = []

    def add(self, source: np.ndarray, edited: np.ndarray) -> None:
        """The next frame of both, uint8 (H, W, 3)."""
        if self._before is not None:
            self._step(self._before, (source, edited))
        self._before = source, edited

    def _step(self, before: tuple[np.ndarray, np.ndarray], after: tuple[np.ndarray, np.ndarray]) -> None:
        flow = self._flows.between(before[0], after[0])
        self._series["visible"].append(float(flow.visible.mean()))
        differences = [sample(b, flow.vectors) - a for a, b in zip(before, after, strict=True)]
        counts = is_followed(before[0], differences[0], flow.visible)
        for name, difference in zip(("source", "edited"), differences, strict=True):
            seen = difference[flow.visible] if counts else np.full((1, 3), np.nan)
            self._series[f"warp_error_{name}"].append(float(np.abs(seen).mean()))
            self._series[f"warp_mse_{name}"].append(float(np.square(seen / 255).mean()))
            changes = tile_means(luma(difference), flow.visible) if counts else np.full(TILES**2, np.nan)
            self._changes[name].extend(changes)
            self._series[f"flicker_{name}"].append(mean(np.abs(changes)) * self._fps)
        self._add_motion(before, after, flow, counts)
        if counts:
            self._keep_worst(before[1], after[1], differences[1] * flow.visible[..., None])

    def _add_motion(
        self,
        before: tuple[np.ndarray, np.ndarray],
        after: tuple[np.ndarray, np.ndarray],
        flow: Flow,
        counts: bool,
    ) -> None:
        """Both motions are estimated alike: an exact flow is known of the source alone."""
        own = flow.vectors if isinstance(self._flows, Estimated) else self._estimate(before[0], after[0])
        own, edited = own[flow.visible], self._estimate(before[1], after[1])[flow.visible]
        for name, vectors in (("source", own), ("edited", edited)):
            length = np.sqrt((vectors**2).sum(-1)).mean() if counts else np.nan
            self._series[f"motion_{name}"].append(float(length))
        if counts:
            self._products += [np.mean((a * b).sum(-1)) for a, b in ((own, own), (edited, edited), (own, edited))]

    def _keep_worst(self, before: np.ndarray, after: np.ndarray, difference: np.ndarray) -> None:
        """Small pictures of the steps with the greatest excess, of more than will be shown: some are neighbours."""
        index = len(self._series["visible"]) - 1
        excess = self._series["warp_error_edited"][-1] - self._series["warp_error_source"][-1]
        if len(self._worst) == SPARE * self._num_worst:
            weakest = min(self._worst, key=lambda step: step.excess)
            if weakest.excess >= excess:
                return
            self._worst.remove(weakest)
        amplified = np.clip(128 + 4 * difference, 0, 255).astype(np.uint8)
        height, width = before.shape[:2]
        scale = min(1.0, THUMBNAIL / max(width, height))
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        first, second, change = (resized(picture, size) for picture in (before, after, amplified))
        self._worst.append(WorstStep(index, excess, (first, second, change)))

    def finish(self) -> Measured:
        """All values, series and notes."""
        values = {
            "warp_error": mean(self._series["warp_error_edited"]),
            "warp_error_source": mean(self._series["warp_error_source"]),
            "warp_mse": 1000 * mean(self._series["warp_mse_edited"]),
            "flicker": mean(self._series["flicker_edited"]),
            "flicker_source": mean(self._series["flicker_source"]),
        }
        tiles = {name: rearrange(np.array(each), "(m t) -> m t", t=TILES**2) for name, each in self._changes.items()}
        spectra = {name: spectrum(changes, self._fps) for name, changes in tiles.items()}
        of_edit = spectra["edited"]
        if of_edit.levels.size and of_edit.levels.max() > 0:
            values["flicker_hz"] = float(of_edit.hertz[of_edit.levels.argmax()])
        notes = []
        num_cuts = int(np.isnan(self._series["warp_error_edited"]).sum())
        if num_cuts:
            notes.append(f"steps not counted, for there is a cut or the motion is too fast to follow: {num_cuts}")
        motion = self._motion()
        if not motion:
            notes.append("the source stands still: there is no motion to keep")
        series = {name.removesuffix("_edited"): np.array(each) for name, each in self._series.items()}
        worst = apart(self._worst)[: self._num_worst]
        return Measured(values | motion, series, tuple(notes), spectra=(of_edit, spectra["source"]), worst=worst)

    def _motion(self) -> dict[str, float]:
        """How much of the source's motion is left; nothing where it has none."""
        length = mean(self._series["motion_source"])
        if not length >= LEAST_MOTION:
            return {}
        source, edited, shared = self._products
        agreement = shared / np.sqrt(source * edited) if edited > 0 else np.nan
        return {"motion_kept": mean(self._series["motion_edited"]) / length, "motion_agreement": agreement}


def apart(steps: list[WorstStep]) -> tuple[WorstStep, ...]:
    """The worst first; of steps that are near to each other only the worst."""
    chosen: list[WorstStep] = []
    for step in sorted(steps, key=lambda step: -step.excess):
        if all(abs(step.index - other.index) >= APART for other in chosen):
            chosen.append(step)
    return tuple(chosen)


def is_followed(before: np.ndarray, difference: np.ndarray, visible: np.ndarray) -> bool:
    """Whether the flow explains a step of the source, by the difference (H, W, 3) that is left of what is visible."""
    return visible.mean() >= LEAST_VISIBLE and unexplained(before, difference, visible) < UNEXPLAINED


def unexplained(before: np.ndarray, difference: np.ndarray, visible: np.ndarray) -> float:
    """What is left of what is visible, as a share of the frame's contrast: near 0 where the flow is right."""
    if not visible.any():
        return 1.0
    left = difference[visible] - difference[visible].mean(0)  # a lamp that goes on is no cut
    contrast = np.abs(before - before.mean((0, 1))).mean() + FLATNESS
    return float(np.abs(left).mean() / contrast)


def tile_means(values: np.ndarray, visible: np.ndarray) -> np.ndarray:
    """The mean over what is visible of each tile, (H, W) -> (T,); NaN where nothing is."""
    rows, columns = (np.linspace(0, side, TILES + 1).round().astype(int) for side in values.shape)
    means = np.full((TILES, TILES), np.nan)
    for y in range(TILES):
        for x in range(TILES):
            tile = np.s_[rows[y] : rows[y + 1], columns[x] : columns[x + 1]]
            seen = values[tile][visible[tile]]
            if seen.size:
                means[y, x] = seen.mean(dtype=np.float64)
    return means.reshape(-1)


def spectrum(changes: np.ndarray, fps: float) -> Spectrum:
    """How strongly brightness swings at each frequency, from its changes at each step, (M, T), in levels.

    An oscillation of amplitude a at f changes by at most 2 a sin(pi f / fps) from frame to frame; so the spectrum of
    the changes, divided by 2 sin(pi f / fps), gives back a. A steady fade changes alike at every step: it is not
    here. The root mean square over tiles.
    """
    num_steps = len(changes)
    if num_steps < 2:
        return Spectrum(np.zeros(0), np.zeros(0))
    waves = np.abs(np.fft.rfft(np.nan_to_num(changes), axis=0))[1:] * 2 / num_steps
    hertz = np.fft.rfftfreq(num_steps, 1 / fps)[1:]
    if num_steps % 2 == 0:
        waves[-1] /= 2  # half the frame rate has no negative twin
    return Spectrum(hertz, np.sqrt((waves**2).mean(1)) / (2 * np.sin(np.pi * hertz / fps)))
