"""Measures of edited videos: two clips in, numbers out. Nothing here knows how a clip was edited; see docs/metrics.md.

    from fairy import metrics

    scores = metrics.score(source_frames, edited_frames, metrics.MetricSettings(target_prompt="a snowy street"))
    scores["warp_error"], scores["motion_kept"], scores.notes

`score` takes any two iterables of uint8 (H, W, 3) frames, `score_videos` two paths; `load_tools` loads CLIP and its
like once for many calls of either. The names are imported when they are first used: importing this imports no torch.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fairy.metrics.catalog import METRICS as METRICS
    from fairy.metrics.catalog import Metric as Metric
    from fairy.metrics.clips import score_videos as score_videos
    from fairy.metrics.scores import Scores as Scores
    from fairy.metrics.scoring import score as score
    from fairy.metrics.settings import MetricSettings as MetricSettings
    from fairy.metrics.tools import Tools as Tools
    from fairy.metrics.tools import load_tools as load_tools

MODULES = {
    "METRICS": "catalog",
    "Metric": "catalog",
    "MetricSettings": "settings",
    "Scores": "scores",
    "Tools": "tools",
    "load_tools": "tools",
    "score": "scoring",
    "score_videos": "clips",
}


def __getattr__(name: str) -> Any:
    if name not in MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{MODULES[name]}"), name)
