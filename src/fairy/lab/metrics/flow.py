"""Optical flow with occlusion, estimated by DIS or RAFT or exact, and the picture primitives that it stands on.

The only file of the metrics that imports OpenCV. H, W: the frame's size. Pictures: uint8 or float32 (H, W, 3) RGB in
0..255. Luma: float32 (H, W) in 0..255. Flow: float32 (H, W, 2), x then y, in pixels: what is at p in the one picture is
at p + flow[p] in the other.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Protocol

import numpy as np

from fairy.errors import MissingPackageError, UsageError
from fairy.lab.results.arrays import read_steps

try:
    import cv2
except ImportError as error:
    raise MissingPackageError("measuring needs OpenCV: pip install 'fairy-video[eval]'") from error

Estimator = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""Two frames, uint8 (H, W, 3), of one size -> flow from the first to the second."""
TRUTH = "truth.npz"
LUMA = np.array([[0.299, 0.587, 0.114]], np.float32)
SMALLEST = 16
"""Pixels of the shorter side: below that DIS has nothing to search in."""


def luma(picture: np.ndarray) -> np.ndarray:
    """Brightness as BT.601 weighs it, float32 (H, W), not rounded."""
    return np.asarray(cv2.transform(picture.astype(np.float32), LUMA))


def resized(picture: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """A picture, flow or map at `size` (width, height): averaged where it shrinks, else interpolated."""
    height, width = picture.shape[:2]
    if (width, height) == size:
        return picture
    shrinks = size[0] * size[1] < width * height
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR))


def sample(picture: np.ndarray, flow: np.ndarray) -> np.ndarray:
    """The other picture's values where the flow leads, float32: that picture as it would look in this one's place.

    Between pixels it is linear; outside it goes on with the values of the border.
    """
    rows, columns = np.indices(flow.shape[:2], np.float32)
    maps = columns + flow[..., 0], rows + flow[..., 1]
    return np.asarray(cv2.remap(picture.astype(np.float32), *maps, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE))


def gradient(brightness: np.ndarray) -> np.ndarray:
    """How steep (H, W) is at each pixel, by Sobel's operator; float32."""
    x, y = (cv2.Sobel(brightness, cv2.CV_32F, *order, ksize=3, scale=1 / 8) for order in ((1, 0), (0, 1)))
    return np.hypot(x, y)


def dis() -> Estimator:
    """Dense inverse search (Kroeger et al., arXiv 1603.03590): flow between two pictures.

    OpenCV's medium preset, but without spatial propagation, which carries outliers over smooth areas, and with more
    refinement: on 12 synthetic clips the mean error falls from 0.63 to 0.34 pixels (scripts/measure_flow.py).
    """
    # It searches in stripes, one a thread: with one the result is the same on every machine.
    cv2.setNumThreads(1)
    search = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    search.setUseSpatialPropagation(False)
    search.setVariationalRefinementIterations(20)

    def estimate(before: np.ndarray, after: np.ndarray) -> np.ndarray:
        first, second = (cv2.cvtColor(np.ascontiguousarray(each), cv2.COLOR_RGB2GRAY) for each in (before, after))
        return np.asarray(search.calc(first, second, None))

    return estimate


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
    """Flow as `fairy lab synth` has written it: exact, and so is what is hidden. One step is in memory at a time."""

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
