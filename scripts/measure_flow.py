"""Facts behind `fairy lab eval`: how exact its optical flow is, how well it tells a cut, what blur does. Some seconds.

`python scripts/measure_flow.py` prints, for synthetic clips of 192x144 with exact flow, the mean error of OpenCV's DIS
as the preset has it and as `fairy.lab.metrics` sets it; and what share of the source's contrast the flow leaves
unexplained, within clips and at cuts between them; and how much motion is found in a source that was blurred.
"""

import sys
from collections.abc import Iterator
from itertools import pairwise

import cv2
import numpy as np

from fairy.lab.metrics import MetricSettings, score
from fairy.lab.metrics.flow import Estimated, Estimator, dis, sample
from fairy.lab.metrics.warp import unexplained
from fairy.lab.synthetic import flow_between, render_clip, sample_scene

SEEDS = range(200, 212)
SIZE = (192, 144)


def preset(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """DIS as the medium preset has it."""
    search = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    first, second = (cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) for frame in (before, after))
    return search.calc(first, second, None)


def errors(estimate: Estimator) -> Iterator[float]:
    """Mean distance from the exact flow where that is visible, pixels, a value for each clip."""
    for seed in SEEDS:
        before, after = render_clip(seed, 2, SIZE)
        exact = flow_between(sample_scene(seed, SIZE), 0, 1)
        difference = estimate(before, after) - exact.vectors
        yield float(np.linalg.norm(difference, axis=-1)[~exact.occluded].mean())


def left_over(before: np.ndarray, after: np.ndarray) -> tuple[float, float]:
    """What is visible, and what share of the contrast the flow leaves there."""
    flow = Estimated(dis()).between(before, after)
    return float(flow.visible.mean()), unexplained(before, sample(after, flow.vectors) - before, flow.visible)


def motion_of_blurred(sigma: float) -> Iterator[float]:
    """`motion_kept` of a source that was blurred by a Gaussian, a value for each clip."""
    for seed in SEEDS:
        frames = list(render_clip(seed, 3, SIZE))
        blurred = [cv2.GaussianBlur(frame, (0, 0), sigma) for frame in frames]
        yield score(frames, blurred, MetricSettings(clip="off"))["motion_kept"] or 0.0


def main() -> None:
    """Print them."""
    lengths = [np.linalg.norm(flow_between(sample_scene(seed, SIZE), 0, 1).vectors, axis=-1).mean() for seed in SEEDS]
    sys.stdout.write(f"mean motion {np.mean(lengths):.2f} pixels a frame, {len(SEEDS)} clips\n")
    for name, estimate in (("medium preset", preset), ("as we set it", dis())):
        sys.stdout.write(f"mean error of DIS, {name}: {np.mean(list(errors(estimate))):.2f} pixels\n")
    firsts = [list(render_clip(seed, 2, SIZE)) for seed in SEEDS]
    pairs = {"within a clip": firsts, "at a cut": [[a[0], b[0]] for a, b in pairwise(firsts)]}
    for name, found in pairs.items():
        visible, shares = zip(*(left_over(*pair) for pair in found), strict=True)
        sys.stdout.write(f"{name}: visible {min(visible):.2f} to {max(visible):.2f}, ")
        sys.stdout.write(f"unexplained {min(shares):.2f} to {max(shares):.2f}\n")
    for sigma in (1, 2):
        kept = list(motion_of_blurred(sigma))
        sys.stdout.write(
            f"motion kept, blurred by {sigma}: mean {np.mean(kept):.2f}, {min(kept):.2f} to {max(kept):.2f}\n"
        )


if __name__ == "__main__":
    main()
