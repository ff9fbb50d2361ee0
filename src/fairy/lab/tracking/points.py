"""Clips with true tracks of points: the synthetic world's, folders that `fairy lab synth` wrote, and TAP-Vid's as .npz.

N points, T frames. Positions are (x, y) in 0..1 of the picture's width and height, from the corner of the first pixel:
TAP-Vid's convention (arXiv 2211.03726). Frames are read when they are needed and never kept.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from zipfile import BadZipFile

import numpy as np
from PIL import Image

from fairy.errors import MediaError
from fairy.lab.results.arrays import array_header, read_steps
from fairy.video import probe, read_at

if TYPE_CHECKING:
    from fairy.lab.synthetic import Scene

ReadFrames = Callable[[Sequence[int], tuple[int, int]], Iterator[np.ndarray]]
"""Indices of frames, rising, and (width, height) -> the frames at that size, uint8 (H, W, 3)."""


@dataclass(frozen=True, eq=False)
class TrackedClip:
    """A clip and where points of it truly are."""

    name: str
    tracks: np.ndarray
    """float (N, T, 2)."""
    occluded: np.ndarray
    """bool (N, T): hidden or outside."""
    read: ReadFrames
    indices: tuple[int, ...]
    """Which frames of the source are the T frames."""

    def frames(self, size: tuple[int, int]) -> Iterator[np.ndarray]:
        """The T frames at (width, height)."""
        return self.read(self.indices, size)

    @property
    def asked_at(self) -> np.ndarray:
        """int64 (N,): the first frame in which each point is seen, where it is asked for; T for one that never is."""
        return np.where(self.occluded.all(axis=1), self.occluded.shape[1], self.occluded.argmin(axis=1))

    @property
    def counted(self) -> np.ndarray:
        """bool (N, T): the point is seen, and later than where it is asked for (TAP-Vid's mode "first")."""
        return ~self.occluded & (np.arange(len(self.indices)) > self.asked_at[:, None])

    def thinned(self, num_frames: int | None) -> TrackedClip:
        """The same with `num_frames` frames evenly spread over it; as it is where it has no more, or for None."""
        if num_frames is None or num_frames >= len(self.indices):
            return self
        kept = np.linspace(0, len(self.indices) - 1, num_frames).round().astype(int)
        indices = tuple(self.indices[index] for index in kept)
        return replace(self, tracks=self.tracks[:, kept], occluded=self.occluded[:, kept], indices=indices)


def open_clips(path: Path) -> list[TrackedClip]:
    """The clips of a folder of `fairy lab synth`, or of TAP-Vid as an .npz file. MediaError where it is neither."""
    if path.is_dir():
        return folder_clips(path)
    if path.suffix.lower() == ".npz" and path.is_file():
        return tapvid_clips(path)
    if path.suffix.lower() in (".pkl", ".pickle"):
        raise MediaError(f"{path} is a pickle, which runs when it is read: docs/lab/tracking.md makes an .npz of it.")
    raise MediaError(f"{path} is neither a folder that `fairy lab synth` wrote nor clips of TAP-Vid as .npz.")


def synthetic_clips(
    num_clips: int, *, num_frames: int, size: tuple[int, int], seed: int = 0, speed: float = 1.0
) -> list[TrackedClip]:
    """Clips of the synthetic world, drawn at (width, height), with 64 exact tracks each.

    They are those of `fairy lab synth` at that size, seed and speed.
    """
    from fairy.lab.synthetic import draw_queries, follow, sample_scene
    from fairy.lab.synthetic.dataset import EDITS, NUM_POINTS, check, clip_seed

    check(num_clips, seed, num_frames, size, speed, tuple(EDITS))
    clips = []
    for number in range(num_clips):
        own_seed = clip_seed(seed, number)
        scene = sample_scene(own_seed, size).faster(speed)
        queries = draw_queries(scene, num_frames, NUM_POINTS, np.random.default_rng([own_seed, 3]))
        known = follow(scene, queries, num_frames)
        clips.append(exact_clip(f"{number:06d}", known.tracks, known.occluded, size, partial(draw_scene, scene)))
    return clips


def draw_scene(scene: Scene, indices: Sequence[int], size: tuple[int, int]) -> Iterator[np.ndarray]:
    """Frames of a scene."""
    from fairy.lab.synthetic.pairs import to_pixels

    for index in indices:
        yield resized(to_pixels(scene.render(float(index)).picture), size)


def folder_clips(folder: Path) -> list[TrackedClip]:
    """The source clips in a folder that `fairy lab synth` wrote."""
    from fairy.lab.synthetic.dataset import METADATA

    clips = {}
    try:
        for line in (folder / METADATA).read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            path, size = folder / row["file_name"], (int(row["width"]), int(row["height"]))
            with np.load(folder / row["truth"]) as truth:
                tracks, occluded = truth["tracks"], truth["track_occluded"]
            clips[path] = exact_clip(path.parent.name, tracks, occluded, size, partial(read_video, path))
    except (OSError, ValueError, KeyError, TypeError, BadZipFile) as error:
        reason = f"{type(error).__name__}: {error}"
        raise MediaError(f"{folder} is no whole folder that `fairy lab synth` wrote ({reason}).") from error
    return list(clips.values())


def exact_clip(
    name: str, tracks: np.ndarray, occluded: np.ndarray, size: tuple[int, int], read: ReadFrames
) -> TrackedClip:
    """A clip of (width, height) with the synthetic world's tracks: pixels, counted from the first one's centre."""
    return TrackedClip(name, (tracks + 0.5) / size, occluded, read, tuple(range(tracks.shape[1])))


def read_video(path: Path, indices: Sequence[int], size: tuple[int, int]) -> Iterator[np.ndarray]:
    """Frames of a video file."""
    return (frame.image for frame in read_at(probe(path), indices, size=size))


def tapvid_clips(path: Path) -> list[TrackedClip]:
    """The clips of an .npz that holds NAME/video, NAME/points and NAME/occluded for each: docs/lab/tracking.md."""
    try:
        with np.load(path) as arrays:
            names = [key.removesuffix("/video") for key in arrays.files if key.endswith("/video")]
            clips = [tapvid_clip(path, name, arrays[f"{name}/points"], arrays[f"{name}/occluded"]) for name in names]
    except (OSError, ValueError, KeyError, BadZipFile) as error:
        raise MediaError(f"{path} holds no clips of TAP-Vid, or is damaged ({error}).") from error
    if not clips:
        raise MediaError(f"{path} holds no clips: NAME/video, NAME/points and NAME/occluded are needed for each.")
    return clips


def tapvid_clip(path: Path, name: str, points: np.ndarray, occluded: np.ndarray) -> TrackedClip:
    """One clip: video uint8 (T, H, W, 3), points float (N, T, 2) in 0..1, occluded bool (N, T)."""
    shape, dtype = array_header(path, f"{name}/video")
    fits = len(shape) == 4 and shape[3] == 3 and points.shape == (*occluded.shape, 2)
    if not (fits and dtype == np.uint8 and occluded.shape[1:] == shape[:1] and shape[0]):
        raise MediaError(
            f"{path}: the clip {name[:80]} is not laid out as in TAP-Vid's DAVIS file: video uint8 (T, H, W, 3), "
            "points float (N, T, 2), occluded bool (N, T)."
        )
    return TrackedClip(name, points, occluded != 0, partial(read_array, path, f"{name}/video"), tuple(range(shape[0])))


def read_array(path: Path, name: str, indices: Sequence[int], size: tuple[int, int]) -> Iterator[np.ndarray]:
    """Frames of an array (T, H, W, 3) in an .npz, one after the other."""
    wanted = set(indices)
    return (resized(frame, size) for index, frame in enumerate(read_steps(path, name)) if index in wanted)


def resized(picture: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """A picture at (width, height), the ratio not kept, as TAP-Vid does."""
    if picture.shape[1::-1] == size:
        return picture
    return np.asarray(Image.fromarray(picture).resize(size, Image.Resampling.LANCZOS))
