"""The networks and estimators of a measurement: loaded once, used for many clips."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from fairy.errors import ModelError
from fairy.lab.metrics.checkpoint import find_checkpoint
from fairy.lab.metrics.flow import Estimator, load_estimator
from fairy.lab.metrics.settings import DEFAULT_CLIP, ESTIMATORS, OFF, MetricSettings

if TYPE_CHECKING:
    from fairy.lab.metrics.clip import Clip
    from fairy.lab.metrics.perceptual import Lpips


@dataclass(frozen=True, kw_only=True)
class Tools:
    """What `score` measures with; what is None is left out."""

    estimate: Estimator
    """Optical flow between any two pictures."""
    clip: Clip | None = None
    pickscore: Clip | None = None
    lpips: Lpips | None = None
    notes: tuple[str, ...] = ()
    """Why something is left out."""


def load_tools(settings: MetricSettings) -> Tools:
    """Load what `settings` ask for; they depend on its flow, clip, pickscore, lpips and device alone.

    Raises ModelError where a model that was asked for cannot be loaded, MissingPackageError where a package is missing.
    """
    clip, notes = _load_clip(settings)
    estimator = settings.flow if settings.flow in ESTIMATORS else ESTIMATORS[0]
    return Tools(
        estimate=load_estimator(estimator, settings.device),
        clip=clip,
        pickscore=_load_pickscore(settings),
        lpips=_load_lpips(settings),
        notes=notes,
    )


def find_clip(settings: MetricSettings) -> Path | None:
    """The folder of the CLIP that `settings` mean; None where there is to be none, or the usual one is not at hand.

    Raises ModelError where one was asked for that cannot be had. Imports no torch.
    """
    if settings.clip == OFF:
        return None
    if settings.clip is not None:
        return find_checkpoint(settings.clip)
    try:
        return find_checkpoint(DEFAULT_CLIP, download=False)
    except ModelError:
        return None


def _load_clip(settings: MetricSettings) -> tuple[Clip | None, tuple[str, ...]]:
    folder = find_clip(settings)
    if folder is not None:
        from fairy.lab.metrics.clip import load_clip

        return load_clip(str(folder), settings.device), ()
    if settings.clip == OFF:
        return None, ()
    return None, (
        f"the CLIP metrics are left out: {DEFAULT_CLIP} is not on this machine. --clip {DEFAULT_CLIP} downloads it"
        " (1.7 GB), --clip FOLDER takes another, --clip off says that none is wanted",
    )


def _load_pickscore(settings: MetricSettings) -> Clip | None:
    if settings.pickscore is None:
        return None
    from fairy.lab.metrics.clip import load_clip

    return load_clip(settings.pickscore, settings.device)


def _load_lpips(settings: MetricSettings) -> Lpips | None:
    if not settings.lpips:
        return None
    from fairy.lab.metrics.perceptual import load_lpips

    return load_lpips(settings.device)
