"""`fairy lab synth`: the folder it writes, what it refuses, and that the seed decides all of it."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from fairy.cli.main import main
from fairy.lab.synthetic import edit_clip, flow_between, render_clip, sample_scene
from fairy.video import probe, read_frames
from fairy.video.lossless import read_lossless

EDITS = "night,wood"
SMALL = ["--frames", "3", "--size", "64x48", "--edits", EDITS, "--quiet"]


def synth(folder: Path, *words: str, clips: int = 1) -> int:
    return main(["lab", "synth", "-o", str(folder), "--clips", str(clips), *SMALL, *words])


def rows_of(folder: Path) -> list[dict]:
    return [json.loads(line) for line in (folder / "metadata.jsonl").read_text().splitlines()]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("synth") / "data"
    assert synth(path, "--seed", "5", clips=2) == 0
    return path


def test_metadata_has_a_line_for_each_clip_and_edit(folder: Path) -> None:
    rows = rows_of(folder)
    assert [(row["clip"], row["edit"]) for row in rows] == [(0, "night"), (0, "wood"), (1, "night"), (1, "wood")]
    for row in rows:
        assert all((folder / row[name]).is_file() for name in ("file_name", "edited_file_name", "truth"))
        assert row["instruction"] in row["wordings"]["heldout"]
        assert not set(row["wordings"]["train"]) & set(row["wordings"]["heldout"])


def test_videos_are_the_clips_that_their_seeds_give(folder: Path) -> None:
    row = rows_of(folder)[3]
    exact = list(edit_clip(row["seed"], "wood", 3, (64, 48), choice_seed=row["choice_seed"]))
    assert np.array_equal(list(read_lossless(folder / row["edited_file_name"])), exact)


def test_videos_are_read_by_fairy_without_loss(folder: Path) -> None:
    row = rows_of(folder)[0]
    pictures = [frame.image for frame in read_frames(probe(folder / row["file_name"]))]
    assert np.array_equal(pictures, list(render_clip(row["seed"], 3, (64, 48))))


def test_truth_is_that_of_the_scene(folder: Path) -> None:
    row = rows_of(folder)[0]
    scene = sample_scene(row["seed"], (64, 48))
    flow = flow_between(scene, 2, 1)
    with np.load(folder / row["truth"]) as truth:
        assert np.allclose(truth["flow_backward"][1], flow.vectors, rtol=1 / 2048, atol=1e-6)
        assert np.array_equal(truth["occluded_backward"][1], flow.occluded)
        assert truth["masks"].max() <= len(row["objects"]) == truth["of_screen"].shape[1] - 1
        assert truth["tracks"].shape == (64, 3, 2)
        assert truth["track_occluded"].shape == (64, 3)


def test_stored_motion_gives_the_tracks(folder: Path) -> None:
    """The matrices lead from a track on the screen to one place on its surface, at all times."""
    with np.load(folder / rows_of(folder)[0]["truth"]) as truth:
        places = np.concatenate([truth["tracks"], np.ones((64, 3, 1))], axis=-1)
        matrices = truth["of_screen"][:, truth["track_surface"]]  # (T, N, 2, 3)
        fixed = np.einsum("tnij,ntj->nti", matrices, places)
    assert np.ptp(fixed, axis=1).max() < 1e-5


def test_speed_takes_frames_from_farther_on(tmp_path: Path) -> None:
    assert synth(tmp_path / "data", "--speed", "4") == 0
    row = rows_of(tmp_path / "data")[0]
    last = list(read_lossless(tmp_path / "data" / row["file_name"]))[2].astype(int)
    assert np.abs(last - list(render_clip(row["seed"], 9, (64, 48)))[8]).max() <= 1
    assert row["speed"] == 4


def test_swapped_clip_has_a_truth_of_its_own(tmp_path: Path) -> None:
    assert synth(tmp_path / "data", "--edits", "swap,hat") == 0
    swap, hat = rows_of(tmp_path / "data")
    assert (hat["edited_truth"], swap["edited_truth"]) == ("000000/truth.npz", "000000/swap-truth.npz")
    own, other = (np.load(tmp_path / "data" / name)["masks"] for name in (swap["truth"], swap["edited_truth"]))
    assert not np.array_equal(own, other)
    assert swap["choice"]["shape_name"] in swap["instruction"]


def test_same_seed_same_clips_however_many(folder: Path, tmp_path: Path) -> None:
    assert synth(tmp_path / "again", "--seed", "5") == 0
    assert rows_of(tmp_path / "again") == rows_of(folder)[:2]
    for name in ("source.mkv", "night.mkv", "wood.mkv"):
        first, again = (list(read_lossless(path / "000000" / name)) for path in (folder, tmp_path / "again"))
        assert np.array_equal(first, again)
    truths = [(path / "000000" / "truth.npz").read_bytes() for path in (folder, tmp_path / "again")]
    assert truths[0] == truths[1]


def test_existing_folder_is_replaced_only_when_asked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert synth(tmp_path / "data", clips=2) == 0
    assert synth(tmp_path / "data") == 1
    assert "overwrite it with --overwrite" in capsys.readouterr().err
    assert synth(tmp_path / "data", "--overwrite") == 0
    assert len(rows_of(tmp_path / "data")) == 2
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


def test_nothing_but_an_earlier_dataset_is_replaced(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "thesis.txt").write_text("x")
    assert synth(tmp_path, "--overwrite") == 1
    assert "thesis.txt is not of an earlier dataset" in capsys.readouterr().err
    assert (tmp_path / "thesis.txt").exists()


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["--edits", "night,wod"], "--edits wod: unknown; known are night, "),
        (["--size", "64"], "--size 64: must be width and height, such as 192x144"),
        (["--size", "8x8"], "--size 8x8: both sides must be 32 or more"),
        (["--frames", "1"], "--frames 1: must be 2 or more"),
        (["--speed", "0"], "--speed 0: must be above 0 and at most 20"),
        (["--seed", "-1"], "--seed -1: must be 0 or more"),
    ],
)
def test_wrong_arguments(words: list[str], line: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert synth(tmp_path / "data", *words) == 2
    assert line in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_missing_opencv_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in [name for name in sys.modules if name.startswith("fairy.lab.synthetic")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "cv2", None)
    assert synth(tmp_path / "data") == 1
    assert capsys.readouterr().err == "fairy: the synthetic world needs OpenCV: pip install 'fairy-video[train]'\n"
