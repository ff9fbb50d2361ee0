"""Measures of edited videos: two clips in, numbers out. Nothing here knows how a clip was edited. docs/lab/metrics.md

    from fairy.lab import metrics

    scores = metrics.score(source_frames, edited_frames, metrics.MetricSettings(target_prompt="a snowy street"))
    scores["warp_error"], scores["motion_kept"], scores.notes

`score` takes any two iterables of uint8 (H, W, 3) frames, `score_videos` two paths; `load_tools` loads CLIP and its
like once for many calls of either. The names are imported when they are first used: importing this imports no torch.
"""

from typing import TYPE_CHECKING

from fairy.lazy import lazy_names

if TYPE_CHECKING:
    from fairy.lab.metrics.scores import METRICS as METRICS
    from fairy.lab.metrics.scores import Metric as Metric
    from fairy.lab.metrics.scores import Scores as Scores
    from fairy.lab.metrics.scoring import score as score
    from fairy.lab.metrics.scoring import score_videos as score_videos
    from fairy.lab.metrics.settings import MetricSettings as MetricSettings
    from fairy.lab.metrics.tools import Tools as Tools
    from fairy.lab.metrics.tools import load_tools as load_tools

__getattr__ = lazy_names(
    __name__,
    {
        "scores": "METRICS Metric Scores",
        "scoring": "score score_videos",
        "settings": "MetricSettings",
        "tools": "Tools load_tools",
    },
)
