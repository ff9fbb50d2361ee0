"""Every metric: its key, its name in tables, its unit, and which way is better. docs/metrics.md has the formulae."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


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
