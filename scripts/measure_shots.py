"""Precision and recall of the cut detector on joined random clips, with slow and fast pans, flashes, a codec.

`python scripts/measure_shots.py [SEED] [NUM_CLIPS]` prints the counts.
"""

import sys
import tempfile
from pathlib import Path

import av
import numpy as np

from fairy.lab.synthetic import photographs, render_clip
from fairy.pictures.cuts import CutDetector
from fairy.video import probe

SIZE = (96, 72)


def scene(rng: np.random.Generator, count: int, photo: np.ndarray) -> list[np.ndarray]:
    """A rendered scene, or a pan over the photograph at 1 to 15 % of the width a frame, there and back."""
    if rng.random() < 0.5:
        return list(render_clip(int(rng.integers(1 << 30)), count, SIZE))
    width = photo.shape[1] // 2
    height = min(photo.shape[0], width * SIZE[1] // SIZE[0])
    top = int(rng.integers(photo.shape[0] - height + 1))
    room, at = photo.shape[1] - width, np.arange(count) * rng.uniform(0.01, 0.15) * width
    lefts = np.abs((at + rng.uniform(0, 2 * room)) % (2 * room) - room).astype(int)
    return [shrink(photo[top : top + height, left : left + width]) for left in lefts]


def shrink(picture: np.ndarray) -> np.ndarray:
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), "rgb24")
    return frame.reformat(*SIZE, interpolation="AREA").to_ndarray()


def flashed(frames: list[np.ndarray], rng: np.random.Generator) -> list[np.ndarray]:
    """One or two bright frames somewhere inside."""
    frames, at = list(frames), int(rng.integers(3, len(frames) - 5))
    for index in range(at, at + int(rng.integers(1, 3))):
        frames[index] = (255 - (255 - frames[index].astype(float)) * rng.uniform(0, 0.4)).astype(np.uint8)
    return frames


def joined(rng: np.random.Generator) -> tuple[list[np.ndarray], list[int]]:
    """Frames of one to five scenes, and where they cut."""
    photos = photographs()
    order = rng.permutation(len(photos))[: rng.integers(1, 6)]  # no photograph twice: that would hardly be a cut
    shots = [scene(rng, int(rng.integers(8, 20)), photos[index]) for index in order]
    shots = [flashed(shot, rng) if len(shot) > 10 and rng.random() < 0.3 else shot for shot in shots]
    ends = np.cumsum([len(shot) for shot in shots])
    return [frame for shot in shots for frame in shot], [int(end) for end in ends[:-1]]


def write(path: Path, frames: list[np.ndarray]) -> None:
    with av.open(str(path), "w") as output:
        stream = output.add_stream("libx264", rate=25, options={"crf": "30"})
        stream.width, stream.height, stream.pix_fmt = *SIZE, "yuv420p"
        for frame in frames:
            output.mux(stream.encode(av.VideoFrame.from_ndarray(frame, "rgb24")))
        output.mux(stream.encode(None))


def main(seed: int = 0, num_clips: int = 40) -> None:
    hits = false = missed = num_frames = 0
    with tempfile.TemporaryDirectory() as folder:
        for number in range(num_clips):
            frames, cuts = joined(np.random.default_rng([seed, number]))
            write(Path(folder) / "clip.mp4", frames)
            detector = CutDetector()
            probe(Path(folder) / "clip.mp4", on_frame=detector.push)
            found, true = set(detector.cuts), set(cuts)
            hits, false, missed = hits + len(found & true), false + len(found - true), missed + len(true - found)
            num_frames += len(frames)
            if found != true:
                print(f"clip {number}: false {sorted(found - true)}, missed {sorted(true - found)}")  # noqa: T201
    print(f"{num_clips} clips, {num_frames} frames, {hits + missed} cuts")  # noqa: T201
    print(f"precision {hits / (hits + false):.3f}, recall {hits / (hits + missed):.3f}")  # noqa: T201


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
