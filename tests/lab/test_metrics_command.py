"""`fairy lab eval`: tables, JSON, files, what it refuses, and how a table of many is resumed."""

import csv
import json
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageColor

from clips import make
from fairy.cli.main import main
from fairy.lab.metrics import METRICS, MetricSettings, score_videos
from fairy.lab.results.plots import ORANGE
from motions import SIZE, flickering, pan
from tiny_clip import build_clip_folder

FRAMES = pan(5)
STEADY = {"codec": "ffv1", "pix_fmt": "bgr0", "size": SIZE, "num_frames": 5}
OFF = ["--clip", "off"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A source and two edits: one steady, one that flickers; a mask of black; a table of it all."""
    path = tmp_path_factory.mktemp("clips")
    clips = {"source": FRAMES, "steady": [frame - 20 for frame in FRAMES], "flickering": flickering(FRAMES, 10)}
    for name, frames in clips.items():
        make(path / f"{name}.mkv", image=lambda index, _, frames=frames: frames[index], **STEADY)
    Image.new("L", SIZE).save(path / "mask.png")
    lines = ["source,edited,method,instruction,mask,remark"]
    lines += [f"source.mkv,{name}.mkv,{name},make it darker,mask.png,1" for name in ("steady", "flickering")]
    (path / "table.csv").write_text("\n".join(lines) + "\n")
    return path


def evaluate(folder: Path, *words: str, edited: str = "flickering.mkv") -> int:
    return main(["lab", "eval", str(folder / "source.mkv"), str(folder / edited), *OFF, *words])


def last_line(capsys: pytest.CaptureFixture[str]) -> dict:
    return json.loads(capsys.readouterr().out.splitlines()[-1])


def test_numbers_are_those_of_the_frames(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert evaluate(folder, "--json", "--mask", str(folder / "mask.png")) == 0
    found = last_line(capsys)
    assert found["flicker"] == pytest.approx(20 * 25, rel=0.02)
    assert (found["num_frames"], found["size"], found["fps"]) == (5, list(SIZE), 25)
    assert (found["unedited_kept"], found["unedited_error"]) == (0, 10)
    assert {metric.key for metric in METRICS} <= set(found)
    assert found["tem_con"] is None


def test_table_shows_what_was_measured(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert evaluate(folder) == 0
    said = capsys.readouterr().out
    assert "5 frames of 96x64" in said
    assert "warp error" in said
    assert "nearest to 1" in said
    assert "Tem-Con" not in said


def test_clip_metrics_by_a_model_in_a_folder(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    clip = build_clip_folder(tmp_path / "clip")
    words = ["--clip", str(clip), "--source-prompt", "a house", "--target-prompt", "a ball", "--json"]
    assert main(["lab", "eval", str(folder / "source.mkv"), str(folder / "source.mkv"), *words]) == 0
    found = last_line(capsys)
    assert 0 < found["tem_con"] <= 1
    assert found["frame_acc"] in {share / 5 for share in range(6)}


def test_files_of_one_video(folder: Path, tmp_path: Path) -> None:
    assert evaluate(folder, "-o", str(tmp_path / "out"), "--quiet") == 0
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["frames.csv", "metrics.png", "scores.json"]
    with (tmp_path / "out" / "frames.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    assert [row["frame"] for row in rows] == list("01234")
    assert float(rows[1]["warp_error"]) == pytest.approx(20, rel=0.05)
    assert rows[4]["warp_error"] == ""
    picture = np.asarray(Image.open(tmp_path / "out" / "metrics.png"))
    assert picture.shape[1] > 1000
    assert (picture == ImageColor.getrgb(ORANGE)).all(-1).sum() > 100  # the edit's curves


def test_files_are_replaced_only_when_asked(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "metrics.png").write_bytes(b"mine")
    assert evaluate(folder, "-o", str(tmp_path)) == 1
    assert "metrics.png exists already" in capsys.readouterr().err
    assert (tmp_path / "metrics.png").read_bytes() == b"mine"
    assert evaluate(folder, "-o", str(tmp_path), "--overwrite", "--quiet") == 0


def test_smaller_edit_is_measured_at_its_size(folder: Path, tmp_path: Path) -> None:
    small = make(tmp_path / "small.mkv", image=lambda index, _: FRAMES[index][::2, ::2], **STEADY | {"size": (48, 32)})
    scores = score_videos(folder / "source.mkv", small, MetricSettings(clip="off"))
    assert scores.size == (48, 32)
    assert scores["ssim"] > 0.7
    assert scores.notes == ()


def test_different_lengths_are_one_line_or_cut(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    short = make(tmp_path / "short.mkv", image=lambda index, _: FRAMES[index], **STEADY | {"num_frames": 3})
    words = ["lab", "eval", str(folder / "source.mkv"), str(short), *OFF, "--json"]
    assert main(words) == 2
    assert "has 3 frames, but" in capsys.readouterr().err
    assert main([*words, "--common"]) == 0
    found = last_line(capsys)
    assert found["num_frames"] == 3
    assert "compared are the first 3 frames: the source has 5, the edit 3" in found["notes"]


def compare(folder: Path, *words: str) -> int:
    return main(["lab", "eval", "--table", str(folder / "table.csv"), *OFF, *words])


def test_table_of_many_compares_methods(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert compare(folder, "-o", str(tmp_path / "out"), "--json") == 0
    said = capsys.readouterr()
    assert "note: columns that are not used: remark" in said.err
    assert "2 of 2 rows measured: 2 methods on 1 source" in said.out
    found = json.loads(said.out.splitlines()[-1])
    assert found["methods"]["steady"]["flicker"]["rank"] == 1
    assert found["methods"]["flickering"]["flicker"]["mean"] == pytest.approx(500, rel=0.02)
    with (tmp_path / "out" / "methods.csv").open() as stream:
        best = [row["method"] for row in csv.DictReader(stream) if row["metric"] == "warp_error" and row["rank"] == "1"]
    assert best == ["steady"]
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "methods.png", "methods.csv", "scores.csv", "scores.json", "rows.jsonl",
    }  # fmt: skip


def test_stopped_table_goes_on_where_it_was(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from fairy.lab.metrics import batch

    measured = []

    def stop_at_the_second(source: Path, edited: Path, *rest: object, **options: object) -> object:
        measured.append(edited.stem)
        if len(measured) == 2:
            raise KeyboardInterrupt
        return score_videos(source, edited, *rest, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(batch, "score_videos", stop_at_the_second)
    assert compare(folder, "-o", str(tmp_path), "--quiet") == 130
    assert compare(folder, "-o", str(tmp_path), "--quiet", "--json") == 0
    assert measured == ["steady", "flickering", "flickering"]
    assert last_line(capsys)["num_rows"] == 2


def test_row_that_cannot_be_measured_is_left_out_and_told(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make(folder / "short.mkv", image=lambda index, _: FRAMES[index], **STEADY | {"num_frames": 3})
    table = folder / "short.csv"
    table.write_text("source,edited\nsource.mkv,steady.mkv\nsource.mkv,short.mkv\n")
    assert main(["lab", "eval", "--table", str(table), *OFF, "-o", str(tmp_path)]) == 1
    said = capsys.readouterr()
    assert "line 3 is left out: " in said.err
    assert said.err.splitlines()[-1] == "fairy: 1 of 2 rows were left out; the notes above say why"
    assert (tmp_path / "methods.csv").exists()


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("source,method\na,b\n", "line 2: there is no edited; the columns are source, edited, method"),
        ("source,edited\n", "holds no row; the columns are"),
        ("source,edited\nsource.mkv,\n", "line 2: there is no edited"),
        ("source,edited\nsource.mkv,steady.mkv\nsource.mkv,gone.mkv\n", "line 3: "),
        ("source,edited,flow\nsource.mkv,steady.mkv,best\n", "--flow best: must be dis, raft or a folder"),
    ],
)
def test_wrong_tables(folder: Path, text: str, line: str, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "wrong.csv").write_text(text)
    assert main(["lab", "eval", "--table", str(folder / "wrong.csv"), *OFF]) == 2
    assert line in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ([], "two videos are needed: fairy lab eval SOURCE EDITED, or --table FILE"),
        (["a.mp4", "b.mp4", "--table", "t.csv"], "--table names the videos and masks itself"),
        (["a.mp4", "b.mp4", "--flow", "best"], "--flow best: must be dis, raft or a folder of `fairy lab synth`"),
        (["a.mp4", "b.mp4", "--target-prompt", " "], "--target-prompt: the prompt is empty"),
        (["--table", "gone.csv"], "--table gone.csv: cannot be read (No such file or directory)"),
    ],
)
def test_wrong_requests(words: list[str], line: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lab", "eval", *words]) == 2
    assert line in capsys.readouterr().err


@pytest.mark.parametrize("package", ["cv2", "skimage.metrics"])
def test_missing_package_is_one_line(
    package: str, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in [name for name in sys.modules if name.startswith("fairy.lab.metrics")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, package, None)
    assert evaluate(folder) == 1
    assert "pip install 'fairy-video[eval]'" in capsys.readouterr().err
