"""Learned judges: PickScore by a CLIP of its own, LPIPS by the package of that name. Both are optional."""

from __future__ import annotations

from array import array
from importlib import import_module
from typing import Any

import numpy as np
import torch

from fairy.errors import MissingPackageError
from fairy.lab.metrics.clip import BATCH, Clip, choose_device
from fairy.lab.metrics.scores import Measured, mean


class PickMeter:
    """PickScore (Kirstain et al., arXiv 2305.01569): how well people would like each frame for a text."""

    def __init__(self, clip: Clip, text: str) -> None:
        self._clip = clip
        self._text = clip.embed_texts([text])[0]
        self._waiting: list[torch.Tensor] = []
        self._series = array("d")

    def add(self, source: np.ndarray, edited: np.ndarray) -> None:  # noqa: ARG002 - it knows no source
        """The next frame, uint8 (H, W, 3)."""
        self._waiting.append(self._clip.prepare(edited))
        if len(self._waiting) == BATCH:
            self._measure()

    def _measure(self) -> None:
        cosines = self._clip.embed_pictures(self._waiting) @ self._text
        self._series.extend((self._clip.scale * cosines).tolist())
        self._waiting = []

    def finish(self) -> Measured:
        """The value and its series."""
        if self._waiting:
            self._measure()
        return Measured({"pickscore": mean(self._series)}, {"pickscore": np.array(self._series)})


class Lpips:
    """LPIPS (Zhang et al., arXiv 1801.03924) with AlexNet: how different two pictures look; 0 is alike."""

    def __init__(self, network: Any, device: torch.device) -> None:
        self._network, self._device = network.eval().to(device), device

    @torch.inference_mode()
    def __call__(self, source: np.ndarray, edited: np.ndarray) -> float:
        """Two frames, uint8 (H, W, 3)."""
        pair = (torch.from_numpy(np.ascontiguousarray(frame)).to(self._device) for frame in (source, edited))
        return float(self._network(*(frame.permute(2, 0, 1)[None].float() / 127.5 - 1 for frame in pair)))


class LpipsMeter:
    """LPIPS of each frame and its edit."""

    def __init__(self, measure: Lpips) -> None:
        self._measure = measure
        self._series = array("d")

    def add(self, source: np.ndarray, edited: np.ndarray) -> None:
        """The next frame of both, uint8 (H, W, 3)."""
        self._series.append(self._measure(source, edited))

    def finish(self) -> Measured:
        """The value and its series."""
        return Measured({"lpips": mean(self._series)}, {"lpips": np.array(self._series)})


def load_lpips(device: str) -> Lpips:
    """Needs the package lpips, and so torchvision. MissingPackageError where they are missing."""
    try:
        lpips = import_module("lpips")
    except ImportError as error:
        raise MissingPackageError(
            "--lpips needs the package lpips and a torchvision that fits your torch: pip install lpips"
        ) from error
    return Lpips(lpips.LPIPS(net="alex", verbose=False), choose_device(device))
