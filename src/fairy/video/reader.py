"""Frames of a probed video as upright RGB, in order or at random, always the same pixels. H rows, W columns.

Decoding starts at the key frame before the first frame asked for; what comes out is checked against the fingerprints
that probing took, and where a container or codec cannot be entered exactly, decoding starts again from the beginning.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import Any

import av
import numpy as np

from fairy.errors import MediaError, UsageError
from fairy.video.colour import Converter
from fairy.video.decode import Damage, fingerprint, frames_of, open_input
from fairy.video.images import read_images
from fairy.video.info import VideoInfo


@dataclass(frozen=True, eq=False)
class Frame:
    """One picture of a video."""

    index: int
    """In display order, from 0."""
    pts: int
    """In units of the video's time base."""
    image: np.ndarray
    """RGB (H, W, 3), upright: uint8 in 0..255, or of a reader of 16 bits uint16 in 0..65535."""


def read_frames(
    info: VideoInfo,
    *,
    start: int = 0,
    stop: int | None = None,
    size: tuple[int, int] | None = None,
    bit_depth: int = 8,
) -> Iterator[Frame]:
    """Frames start to stop (indices; all of them by default), scaled to `size` = (width, height) if given."""
    stop = len(info) if stop is None else stop
    if not 0 <= start <= stop <= len(info):
        raise UsageError(
            f"frames {start} to {stop}: {info.path} has {len(info)} frames, 0 to {len(info)} are accepted."
        )
    return read_at(info, range(start, stop), size=size, bit_depth=bit_depth)


def read_at(
    info: VideoInfo, indices: Iterable[int], *, size: tuple[int, int] | None = None, bit_depth: int = 8
) -> Iterator[Frame]:
    """The frames at `indices`, sorted, each once; the same pixels that `read_frames` gives."""
    wanted = sorted(set(indices))
    if wanted and (wanted[0] < 0 or wanted[-1] >= len(info)):
        raise UsageError(f"frame {wanted[0]} or {wanted[-1]}: {info.path} has {len(info)} frames, counted from 0.")
    return _read(info, wanted, size or (info.width, info.height), bit_depth)


def _read(info: VideoInfo, wanted: list[int], size: tuple[int, int], bit_depth: int) -> Iterator[Frame]:
    if info.images:
        pictures = read_images(tuple(info.images[index] for index in wanted), size, bit_depth)
        for index, image in zip(wanted, pictures, strict=True):
            yield Frame(index, int(info.pts[index]), image)
        return
    convert = Converter(info.colour, info.orientation, size, bit_depth)
    for run in _runs(info, wanted):
        chosen = set(run)
        for index, decoded in _decode(info, run[0], run[-1] + 1):
            if index in chosen:
                yield Frame(index, int(info.pts[index]), convert(decoded))


def _runs(info: VideoInfo, wanted: list[int]) -> Iterator[list[int]]:
    """Split where jumping to a key frame saves decoding: at gaps that hold one."""
    if not info.scan.seekable:
        yield from [wanted] if wanted else []
        return
    gaps = [0]
    for before, after in pairwise(wanted):
        entry = np.searchsorted(info.scan.keyframes, after, side="right")
        gaps.append(gaps[-1] + int(entry > 0 and info.scan.keyframes[entry - 1] > before + 1))
    for _, group in groupby(zip(gaps, wanted, strict=False), key=lambda pair: pair[0]):
        yield [index for _, index in group]


def _decode(info: VideoInfo, start: int, stop: int) -> Iterator[tuple[int, av.VideoFrame]]:
    """(index, decoded frame) from start to stop, entering at the key frame before, else at the beginning."""
    entry = int(np.searchsorted(info.scan.keyframes, start, side="right")) - 1
    entries = [int(info.scan.keyframes[entry]), 0] if info.scan.seekable and entry > 0 else [0]
    for enter in entries:
        for index, frame in _decode_from(info, enter):
            if index > start or index >= stop:
                break
            if index == start:
                if fingerprint(frame) != info.scan.fingerprints[index]:
                    break
                yield index, frame
                start += 1
        if start == stop:
            return
    raise MediaError(f"{info.path}: frame {start} is not what it was when the file was opened. Has the file changed?")


def _decode_from(info: VideoInfo, enter: int) -> Iterator[tuple[int, av.VideoFrame]]:
    """(index, decoded frame) of every frame from about index `enter` on."""
    scan = info.scan
    with open_input(info.path) as container:
        stream: Any = container.streams[info.stream]
        stream.thread_type, stream.codec_context.thread_count = "AUTO", 1 if scan.damaged else 0
        if not enter:
            yield from enumerate(frames_of(container, stream, Damage()))
            return
        container.seek(int(scan.raw_pts[enter]), stream=stream)
        for frame in frames_of(container, stream, Damage()):
            index = int(np.searchsorted(scan.raw_pts, frame.pts)) if frame.pts is not None else len(info)
            if index < len(info) and scan.raw_pts[index] == frame.pts:
                yield index, frame
