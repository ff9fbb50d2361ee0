"""Clips with true tracks: the synthetic world's are those of `fairy lab synth`, TAP-Vid's are read from .npz."""

import numpy as np
import pytest

from fairy.errors import MediaError, UsageError
from fairy.lab.synthetic.dataset import write_dataset
from fairy.lab.tracking.points import open_clips, resized, synthetic_clips

SMALL = {"num_frames": 3, "size": (64, 48), "seed": 5, "speed": 4.0}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("synth") / "data"
    write_dataset(path, num_clips=2, edits=("night", "wood"), **SMALL)
    return path


def davis(num_frames=4):
    """A file laid out as TAP-Vid's: points in 0..1 of the width and height."""
    rng = np.random.default_rng(0)
    video = rng.integers(0, 256, (num_frames, 24, 32, 3), np.uint8)
    points = rng.random((5, num_frames, 2)).astype(np.float32)
    return {"bear": {"video": video, "points": points, "occluded": rng.random((5, num_frames)) < 0.3}}


def store(path, content):
    """As docs/lab/tracking.md does it."""
    arrays = {f"{name}/{key}": value for name, clip in content.items() for key, value in clip.items()}
    np.savez(path, **arrays)
    return path


def test_fresh_clips_are_those_of_the_folder(folder):
    written, fresh = open_clips(folder), synthetic_clips(2, **SMALL)
    assert len(written) == len(fresh) == 2
    for one, other in zip(written, fresh, strict=True):
        assert one.name == other.name
        assert np.array_equal(one.tracks, other.tracks)
        assert np.array_equal(one.occluded, other.occluded)
        assert np.array_equal(list(one.frames((64, 48))), list(other.frames((64, 48))))


def test_synthetic_tracks_are_shares_of_the_picture_from_its_corner(folder):
    clip = open_clips(folder)[0]
    with np.load(folder / "000000" / "truth.npz") as truth:
        assert np.allclose(clip.tracks * (64, 48) - 0.5, truth["tracks"], atol=1e-4)
        assert np.array_equal(clip.occluded, truth["track_occluded"])


def test_frames_come_at_the_size_asked_for(folder):
    assert [frame.shape for frame in open_clips(folder)[0].thinned(2).frames((32, 40))] == [(40, 32, 3)] * 2


def test_tap_vid_is_read(tmp_path):
    content = davis()
    (clip,) = open_clips(store(tmp_path / "davis.npz", content))
    assert clip.name == "bear"
    assert np.array_equal(clip.tracks, content["bear"]["points"])
    assert np.array_equal(clip.occluded, content["bear"]["occluded"])
    assert np.array_equal(list(clip.frames((32, 24))), content["bear"]["video"])


def test_some_frames_are_read_at_another_size(tmp_path):
    (clip,) = open_clips(store(tmp_path / "davis.npz", davis()))
    frames = list(clip.thinned(2).frames((16, 12)))
    assert [frame.shape for frame in frames] == [(12, 16, 3)] * 2


def test_a_pickle_is_refused_with_the_way_to_an_npz(tmp_path):
    (tmp_path / "davis.pkl").write_bytes(b"x")
    with pytest.raises(
        MediaError, match=r"is a pickle, which runs when it is read: docs/lab/tracking\.md makes an \.npz"
    ):
        open_clips(tmp_path / "davis.pkl")


def test_a_uniform_picture_stays_so_at_any_size():
    assert (resized(np.full((24, 32, 3), 77, np.uint8), (256, 256)) == 77).all()


@pytest.mark.parametrize(
    "change",
    [
        {"video": np.zeros((4, 24, 32), np.uint8)},
        {"video": np.zeros((4, 24, 32, 3), np.float32)},
        {"points": np.zeros((5, 3, 2), np.float32)},
        {"occluded": np.zeros((5, 3), bool)},
    ],
)
def test_another_layout_is_refused(tmp_path, change):
    content = {"bear": davis()["bear"] | change}
    with pytest.raises(MediaError, match="the clip bear is not laid out as in TAP-Vid's DAVIS file"):
        open_clips(store(tmp_path / "davis.npz", content))


@pytest.mark.parametrize("content", [{}, {"bear": {"video": np.zeros((2, 3))}}, {"a": {"points": np.zeros(3)}}])
def test_a_file_without_clips_is_refused(tmp_path, content):
    with pytest.raises(MediaError, match="holds no clips"):
        open_clips(store(tmp_path / "davis.npz", content))


@pytest.mark.parametrize("name", ["none.npz", "data.txt", ""])
def test_what_holds_no_tracks_is_refused(tmp_path, name):
    (tmp_path / "data.txt").write_bytes(b"x")
    with pytest.raises(MediaError, match=r"neither a folder|no whole folder"):
        open_clips(tmp_path / name)


def test_a_damaged_folder_is_refused(folder, tmp_path):
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "metadata.jsonl").write_text((folder / "metadata.jsonl").read_text())
    with pytest.raises(MediaError, match="no whole folder"):
        open_clips(broken)


def test_too_few_frames_are_refused():
    with pytest.raises(UsageError, match="--frames 1"):
        synthetic_clips(1, **SMALL | {"num_frames": 1})
