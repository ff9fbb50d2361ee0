"""Optical flow with occlusion: estimated by DIS or RAFT, or exact, from the truth of a synthetic clip.

H, W: the frame's size. Frames are uint8 (H, W, 3); flow is as in `fairy.lab.metrics.pictures`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Protocol

import numpy as np

from fairy.errors import MissingPackageError, UsageError
from fairy.lab.metrics.pictures import dis, resized, sample
from fairy.lab.results.arrays import read_steps

Estimator = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""Two frames -> flow from the first to the second."""

TRUTH = "truth.npz"


@dataclass(frozen=True)
class Flow:
    """From one frame to the next. vectors: float32 (H, W, 2). visible: bool (H, W), seen in both frames."""

    vectors: np.ndarray
    visible: np.ndarray


class FlowSource(Protocol):
    """Where the flow of successive frames comes from. It is asked for in order."""

    def between(self, before: np.ndarray, after: np.ndarray) -> Flow:
        """The flow from one frame to the next."""


class Estimated:
    """Flow by an estimator, forwards and backwards, which also tells what is hidden."""

    def __init__(self, estimate: Estimator) -> None:
        self._estimate = estimate

    def between(self, before: np.ndarray, after: np.ndarray) -> Flow:
        """The flow from one frame to the next."""
        forward = self._estimate(before, after)
        return Flow(forward, consistent(forward, self._estimate(after, before)))


class Exact:
    """Flow as `fairy synth` has written it: exact, and so is what is hidden. One step is in memory at a time."""

    def __init__(self, path: Path) -> None:
        self._steps = zip(read_steps(path, "flow_forward"), read_steps(path, "occluded_forward"), strict=True)
        self._path = path

    def between(self, before: np.ndarray, after: np.ndarray) -> Flow:  # noqa: ARG002 - the truth knows them
        """The flow from one frame to the next, at the size of these frames."""
        height, width = before.shape[:2]
        step = next(self._steps, None)
        if step is None:
            raise UsageError(f"--flow {self._path}: this truth is of a shorter clip; give that of the source")
        vectors, occluded = step
        scale = np.array([width / vectors.shape[1], height / vectors.shape[0]], np.float32)
        hidden = resized(occluded.astype(np.float32), (width, height)) > 0
        return Flow(resized(vectors.astype(np.float32), (width, height)) * scale, ~hidden)


def consistent(forward: np.ndarray, backward: np.ndarray) -> np.ndarray:
    """Where going there and back again ends near the start, within the picture: bool (H, W).

    The bound is that of Sundaram, Brox and Keutzer (ECCV 2010): 0.01 of both squared lengths, and half a pixel.
    """
    height, width = forward.shape[:2]
    rows, columns = np.indices((height, width), np.float32)
    x, y = columns + forward[..., 0], rows + forward[..., 1]
    inside = (x >= -0.5) & (x <= width - 0.5) & (y >= -0.5) & (y <= height - 0.5)
    back = sample(backward, forward)
    lengths = (forward**2).sum(-1) + (back**2).sum(-1)
    return inside & (((forward + back) ** 2).sum(-1) <= 0.01 * lengths + 0.5)


def load_estimator(name: str, device: str) -> Estimator:
    """`dis` or `raft`. Raises MissingPackageError where torchvision is missing for the latter."""
    return {"dis": lambda: dis(), "raft": lambda: raft(device)}[name]()


def raft(device: str) -> Estimator:
    """RAFT (Teed and Deng, arXiv 2003.12039) as torchvision has it, small, trained on FlyingChairs and FlyingThings."""
    try:
        networks = import_module("torchvision.models.optical_flow")
    except ImportError as error:
        raise MissingPackageError(
            "--flow raft needs torchvision in the build that fits your torch: see pytorch.org/get-started; or take dis"
        ) from error
    import torch

    from fairy.models.device import choose_device

    place = choose_device(device)
    network = networks.raft_small(weights=networks.Raft_Small_Weights.DEFAULT).eval().to(place)

    def estimate(before: np.ndarray, after: np.ndarray) -> np.ndarray:
        height, width = before.shape[:2]
        # It takes multiples of 8, from 128 on.
        padding = (*((0, max(-side % 8, 128 - side)) for side in (height, width)), (0, 0))
        pair = [torch.from_numpy(np.pad(frame, padding, "edge")).permute(2, 0, 1)[None] for frame in (before, after)]
        with torch.inference_mode():
            found = network(*(frame.to(place).float().div(127.5).sub(1.0) for frame in pair))[-1]
        return found[0, :, :height, :width].permute(1, 2, 0).cpu().numpy()

    return estimate


def find_truth(given: Path, source: Path | None = None) -> Path:
    """The truth file that `--flow` means: it, the one in that folder, or in a dataset the one beside the source."""
    if given.is_file():
        return given
    if (given / TRUTH).is_file():
        return given / TRUTH
    beside = None if source is None else source.resolve().parent / TRUTH
    if beside is not None and beside.is_file() and given.resolve() in beside.parents:
        return beside
    raise UsageError(f"--flow {given}: has no {TRUTH} for this source. Give the folder of the clip, as data/000000.")
