"""The picture in docs/lab/metrics.md: `python scripts/make_metrics_picture.py docs/images/metrics.png`, some seconds.

An exact night edit of a synthetic clip, made brighter by 12 levels in frames 8 to 10, and what `fairy lab eval` draws.
"""

import sys
from pathlib import Path

import numpy as np

from fairy.lab.metrics import MetricSettings, score
from fairy.lab.metrics.picture import draw_scores
from fairy.lab.synthetic import edit_clip, render_clip

SEED, NUM_FRAMES = 7, 24


def main() -> None:
    """Render, measure, draw."""
    edited = [frame.astype(np.int16) for frame in edit_clip(SEED, "night", NUM_FRAMES)]
    for frame in edited[8:11]:
        frame += 12
    frames = [np.clip(frame, 0, 255).astype(np.uint8) for frame in edited]
    scores = score(render_clip(SEED, NUM_FRAMES), frames, MetricSettings(clip="off"))
    draw_scores(scores, Path(sys.argv[1]), title="make it night")


if __name__ == "__main__":
    main()
