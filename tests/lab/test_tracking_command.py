"""`fairy lab track`: pictures and videos of heat, folders of accuracy, and what it refuses."""

import csv
import json
import sys

import numpy as np
import pytest
from PIL import Image

from clips import make
from fairy.cli.main import main
from fairy.lab.tracking.measure import DISTANCES
from fairy.lab.tracking.show import PointQuestion
from fairy.video import probe

FAST = ["--num-steps", "2", "--instruction", "make it snow"]


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    return make(tmp_path_factory.mktemp("clip") / "clip.mp4", num_frames=4)


@pytest.fixture
def track(sd_folder, tmp_path, monkeypatch, capsys):
    """Runs the command in an empty folder; returns the exit code, stdout and stderr."""
    monkeypatch.chdir(tmp_path)

    def run(command, *words):
        fast = FAST if command != "layers" else []
        code = main(["lab", "track", command, "--model", str(sd_folder), *fast, *map(str, words)])
        return code, *capsys.readouterr()

    return run


def test_a_picture_of_heat(track, clip, tmp_path):
    code, said, _ = track("heat", clip, "--point", "10,8", "--to", "1,3", "-o", "heat.png", "--size", "64x48")
    assert code == 0
    assert "heat.png: up_blocks.1.attentions.0.transformer_blocks.0.attn1, step 1 of 2\nframe 1: " in said
    with Image.open(tmp_path / "heat.png") as picture:
        assert picture.width > 3 * 360


def test_found_places_are_those_of_tokens(track, clip):
    words = ["--point", "10,8", "-o", "heat.png", "--size", "64x48", "--layer", "0", "--step", "0", "--json"]
    _, said, _ = track("heat", clip, *words)
    found = json.loads(said.splitlines()[-1])["found"]
    assert set(found) == {"1", "2", "3"}
    assert all((np.mod(np.array(place) + 0.5, 8) == 4).all() for place in found.values())


def test_a_video_of_heat_keeps_the_clip_s_timing(track, clip, tmp_path):
    code, _, _ = track("heat", clip, "--point", "10,8", "-o", "heat.mp4", "--size", "64x48", "--quiet")
    source, written = probe(clip), probe(tmp_path / "heat.mp4")
    assert code == 0
    assert [int(t) * written.time_base for t in written.pts] == [int(t) * source.time_base for t in source.pts]
    assert written.width == 2 * 384 + 8


def test_accuracy_on_tap_vid(track, tmp_path):
    rng = np.random.default_rng(0)
    video = rng.integers(0, 256, (3, 24, 32, 3), np.uint8)
    points, hidden = rng.random((4, 3, 2)).astype(np.float32), np.zeros((4, 3), bool)
    clip = {"video": video, "points": points, "occluded": hidden}
    np.savez(tmp_path / "davis.npz", **{f"{name}/{key}": clip[key] for name in ("bear", "camel") for key in clip})
    code, said, _ = track("accuracy", "davis.npz", "-o", "out", "--size", "64x64")
    assert code == 0
    assert "out: 16 correspondences of 8 points, davis.npz" in said
    rows = list(csv.DictReader((tmp_path / "out" / "accuracy.csv").read_text().splitlines()))
    assert len(rows) == 7 * 2  # layers and steps
    assert all(f"within_{distance}" in rows[0] for distance in DISTANCES)
    assert {float(row["chance_32"]) < float(row["best_32"]) for row in rows} == {True}


def test_accuracy_on_fresh_synthetic_clips(track, tmp_path):
    words = [
        "accuracy",
        "--synthetic",
        2,
        "--frames",
        2,
        "--speed",
        4,
        "--size",
        "64x64",
        "--step",
        "1",
        "--layer",
        "up_blocks",
    ]
    code, _, _ = track(*words, "-o", "out", "--quiet")
    assert code == 0
    about = json.loads((tmp_path / "out" / "accuracy.json").read_text())
    assert {cell["step"] for cell in about["cells"]} == {1}
    assert about["num_clips"] == 2
    assert about["about"]["clips"] == "2 synthetic clips, seed 0, speed 4"


def test_layers_are_listed(track):
    code, said, _ = track("layers")
    assert code == 0
    assert said.splitlines()[0] == "  0 down_blocks.0.attentions.0.transformer_blocks.0.attn1"


def test_points_are_scaled_there_and_back(clip):
    question = PointQuestion(probe(clip), (192, 96), (10.0, 8.0), 0)
    assert question.scaled == (31.5, 17.0)
    assert question.in_source(question.scaled) == (10.0, 8.0)


def test_frames_to_show_leave_out_the_asked_one(clip):
    assert [PointQuestion(probe(clip), (64, 48), (0, 0), frame).others() for frame in (0, 3)] == [(1, 2, 3), (0, 1, 2)]


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["heat", "-o", "a.png"], "CLIP is missing"),
        (["accuracy", "-o", "a"], "name the clips: a file or folder of clips with true tracks, or --synthetic N"),
        (["accuracy", "tracks", "--synthetic", "2", "-o", "a"], "name the clips"),
        (["heat", "CLIP", "--point", "1,2"], "-o OUTPUT is missing"),
        (["heat", "CLIP", "-o", "a.png"], "--point X,Y is missing"),
        (["heat", "CLIP", "--point", "1;2", "-o", "a.png"], "--point 1;2: must be x and y in pixels, such as 96,60"),
        (["heat", "CLIP", "--point", "64,2", "-o", "a.png"], "--point x 64: clip.mp4 has pixels 0 to 63"),
        (["heat", "CLIP", "--point", "1,2", "--frame", "4", "-o", "a.png"], "--frame 4: clip.mp4 has frames 0 to 3"),
        (["heat", "CLIP", "--point", "1,2", "--to", "1", "-o", "a.mp4"], "--to is for pictures"),
        (["heat", "CLIP", "--point", "1,2", "--to", "9", "-o", "a.png"], "--to 9: clip.mp4 has frames 0 to 3"),
        (["heat", "CLIP", "--point", "1,2", "--layer", "up", "-o", "a.png"], "a heat map is of one layer and one step"),
        (["heat", "CLIP", "--point", "1,2", "--step", "2", "-o", "a.png"], "--step 2: there are steps 0 to 1"),
        (
            ["heat", "CLIP", "--point", "1,2", "--size", "64x8", "-o", "a.png"],
            "--size 64x8: both sides must be 32 or more",
        ),
        (["accuracy", "--synthetic", "0", "-o", "a"], "--synthetic 0: must be 1 or more"),
        (["accuracy", "--synthetic", "1", "--frames", "1", "-o", "a"], "--frames 1: must be 2 or more"),
        (["accuracy", "--synthetic", "1", "--instruction", " ", "-o", "a"], "the instruction is empty"),
    ],
)
def test_wrong_usage(track, clip, tmp_path, words, line):
    code, _, said = track(*(clip if word == "CLIP" else word for word in words))
    assert code == 2
    assert line in said
    assert not list(tmp_path.iterdir())


def test_nothing_is_replaced_unless_asked(track, clip, tmp_path):
    for name, words in (
        ("a.png", ["heat", clip, "--point", "1,2"]),
        ("out/accuracy.csv", ["accuracy", "--synthetic", 1]),
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("mine")
        code, _, said = track(*words, "-o", name.partition("/")[0])
        assert (code, "exists already" in said) == (1, True)
        assert (tmp_path / name).read_text() == "mine"


def test_missing_matplotlib_is_one_line_before_any_work(track, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    code, _, said = track("accuracy", "--synthetic", 1, "-o", "out")
    assert (code, said) == (1, "fairy: the plots need Matplotlib: pip install 'fairy-video[eval]'\n")
