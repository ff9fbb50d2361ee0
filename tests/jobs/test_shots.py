"""Cuts: found while a video is counted, and read from a file."""

from pathlib import Path

import av
import numpy as np
import pytest

from clips import make
from fairy.errors import UsageError
from fairy.jobs.shots import describe_cuts, read_cuts
from fairy.lab.synthetic import render_clip
from fairy.pictures.cuts import CutDetector
from fairy.video import VideoInfo, probe


def scene(seed: int, num_frames: int) -> list[np.ndarray]:
    return list(render_clip(seed, num_frames, (32, 24)))


def cuts_of(frames: list[np.ndarray]) -> list[int]:
    detector = CutDetector()
    for index, frame in enumerate(frames):
        detector.push(index, frame)
    return detector.cuts


def noise(seed: int, width: int) -> np.ndarray:
    """A smooth random picture (24, width, 3)."""
    small = np.random.default_rng(seed).integers(0, 256, (4, width // 6, 3), np.uint8)
    return av.VideoFrame.from_ndarray(small, "rgb24").reformat(width, 24, interpolation="BICUBIC").to_ndarray()


def test_joined_scenes_are_cut_where_they_join() -> None:
    assert cuts_of(scene(1, 8) + scene(2, 5) + scene(3, 7)) == [8, 13]


def test_scenes_of_equal_brightness_are_cut() -> None:
    picture = noise(1, 36)[:, :32]
    assert cuts_of([picture] * 6 + [picture[::-1, ::-1]] * 6) == [6]


@pytest.mark.parametrize("seed", range(4))
def test_one_moving_scene_has_no_cut(seed: int) -> None:
    assert cuts_of(scene(seed, 24)) == []


@pytest.mark.parametrize("step", [1, 3, 7])
def test_a_pan_that_begins_at_once_is_no_cut(step: int) -> None:
    picture = noise(3, 180)
    frames = [picture[:, :32]] * 6 + [picture[:, left : left + 32] for left in range(0, 120, step)]
    assert cuts_of(frames) == []


@pytest.mark.parametrize("length", [1, 2])
def test_a_flash_is_no_cut(length: int) -> None:
    frames = scene(5, 16)
    for index in range(8, 8 + length):
        frames[index] = 255 - (255 - frames[index]) // 5
    assert cuts_of(frames) == []


def test_a_cut_beside_a_flash_is_found() -> None:
    frames = scene(5, 8) + scene(6, 8)
    frames[6] = 255 - (255 - frames[6]) // 5
    assert cuts_of(frames) == [8]


def test_a_shot_has_at_least_three_frames() -> None:
    assert cuts_of(scene(1, 6) + scene(2, 1) + scene(3, 6)) == [6]


def test_index_zero_begins_anew() -> None:
    detector = CutDetector()
    for frames in (scene(1, 6) + scene(2, 6), scene(3, 9)):
        for index, frame in enumerate(frames):
            detector.push(index, frame)
    assert detector.cuts == []


@pytest.fixture(scope="module")
def joined(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two scenes of ten frames at 25 a second, each picture two rows of the codec's blocks high."""
    pictures = scene(1, 10) + scene(2, 10)
    path = tmp_path_factory.mktemp("shots") / "joined.mp4"
    return make(path, size=(32, 24), num_frames=20, image=lambda index, size: pictures[index])  # noqa: ARG005


@pytest.fixture(scope="module")
def info(joined: Path) -> VideoInfo:
    return probe(joined)


def test_probing_a_file_finds_its_cuts(joined: Path) -> None:
    detector = CutDetector()
    probe(joined, on_frame=detector.push)
    assert detector.cuts == [10]


@pytest.mark.parametrize("size", [(96, 40), (40, 96), (2, 90)])
def test_thumbnails_are_small_and_one_a_frame(tmp_path: Path, size: tuple[int, int]) -> None:
    shapes = []
    clip = make(tmp_path / "clip.mkv", codec="ffv1", pix_fmt="bgr0", size=size, num_frames=5)
    probe(clip, on_frame=lambda index, small: shapes.append((index, max(small.shape))))
    assert shapes == [(index, 32) for index in range(5)]


def test_a_folder_of_images_shows_thumbnails(tmp_path: Path) -> None:
    for index, picture in enumerate(scene(1, 5) + scene(2, 5)):
        av.VideoFrame.from_ndarray(picture, "rgb24").to_image().save(tmp_path / f"{index}.png")
    detector = CutDetector()
    probe(tmp_path, on_frame=detector.push)
    assert detector.cuts == [5]


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "cuts.txt"
    path.write_text(text, encoding="utf-8")
    return path


def test_cuts_are_read_as_indices_seconds_and_time_codes(tmp_path: Path, info: VideoInfo) -> None:
    text = "# my cuts\n4\n0.2  # frame 5\n\n0.21s\n0:0.28\n00:00:00.320\n0\n"
    assert read_cuts(write(tmp_path, text), info) == [4, 5, 6, 7, 8]


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("soon", "line 2: 'soon' is no cut"),
        ("-3", "line 2: '-3' is no cut"),
        ("1:2:3:4", "is no cut"),
        ("20", "line 2: 20 lies outside"),
        ("0.8", "has 20 frames in 0.800 s"),
    ],
)
def test_a_wrong_line_is_named(tmp_path: Path, info: VideoInfo, line: str, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        read_cuts(write(tmp_path, f"3\n{line}\n"), info)


def test_a_file_of_cuts_that_is_missing_or_no_text(tmp_path: Path, joined: Path, info: VideoInfo) -> None:
    for path in (tmp_path / "none.txt", tmp_path, joined):
        with pytest.raises(UsageError, match=r"--shots .* cannot be read"):
            read_cuts(path, info)


def test_the_listing_reads_back_as_the_same_cuts(tmp_path: Path, info: VideoInfo) -> None:
    cuts = [3, 10, 14, 15, 17, 19]
    words = " ".join(describe_cuts(cuts, info)).replace("(", " ").replace(")", " ").replace(",", " ").split()
    codes = [word for word in words if ":" in word]
    assert read_cuts(write(tmp_path, "\n".join(codes)), info) == cuts
    assert describe_cuts(cuts, info)[0].startswith("cuts at frames 3 (0:00:00.120), 10")
    assert describe_cuts([], info) == []
