"""`fairy lab ablate`: sets, settings, and the command from a table to the page."""

import csv
import json

import pytest

import clips
from fairy.cli.main import main
from fairy.config import VideoConfig
from fairy.errors import OutputError, UsageError
from fairy.lab.ablation.sets import SetEntry, open_set
from fairy.lab.ablation.settings import curves, parse_values, variants
from fairy.lab.ablation.videos import ablate
from fairy.lab.metrics import MetricSettings
from fairy.report import SILENT
from fairy.video import probe

SMALL = {"video": VideoConfig(long_side=32), "metrics": MetricSettings(clip="off")}


@pytest.fixture(scope="module")
def video(tmp_path_factory):
    return clips.make(tmp_path_factory.mktemp("set") / "street.mp4", num_frames=3, size=(32, 24))


def axes(folder, **options):
    return {"k": (0, 1), "steps": (1, 2), "model": (str(folder),)} | options


def test_all_combinations_or_one_by_one(sd_folder):
    names = [each.name for each in variants(axes(sd_folder))]
    assert names == ["K 0, steps 1", "K 0, steps 2", "K 1, steps 1", "K 1, steps 2"]
    assert [each.name for each in variants(axes(sd_folder), one_by_one=True)] == names[:3]


def test_seeds_are_samples_of_one_condition(sd_folder):
    found = variants(axes(sd_folder, steps=(1,), seed=(0, 1)))
    assert [each.name for each in found] == ["K 0", "K 0", "K 1", "K 1"]
    assert len({json.dumps(each.settings.facts()) for each in found}) == 4


def test_curves_keep_all_else_at_its_first_value(sd_folder):
    assert curves(variants(axes(sd_folder)), "k") == {0: "K 0, steps 1", 1: "K 1, steps 1"}
    assert curves(variants(axes(sd_folder, k=(3,))), "k") == {}
    assert curves(variants({"k": (0, 3)}), "steps") == {}


@pytest.mark.parametrize(
    ("option", "text"),
    [("k", "0,x"), ("steps", "5,5"), ("text-guidance", "1.5,"), ("model", "a,,b"), ("noise", "white")],
)
def test_wrong_values_are_one_line(option, text):
    with pytest.raises(UsageError, match=f"--{option} {text}"):
        parse_values(option, text)


@pytest.mark.parametrize("suffix", [".csv", ".jsonl"])
def test_a_set_is_read(video, suffix):
    path = video.with_suffix(suffix)
    row = {"video": video.name, "instruction": "make it night", "source_prompt": "", "target_prompt": "night"}
    path.write_text(json.dumps(row) + "\n" if suffix == ".jsonl" else f"{','.join(row)}\n{','.join(row.values())}\n")
    assert open_set(str(path), path.parent, SILENT) == [SetEntry(video, "street", "make it night", None, "night")]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("video,text\na,b\n", "line 2: there is no instruction"),
        ("video,instruction\n", "no row"),
        ("video,instruction\nstreet.mp4,\n", "line 2: there is no instruction"),
        ("video,instruction\nnowhere.mp4,snow\n", "line 2: there is no"),
    ],
)
def test_a_wrong_set_is_one_line(video, text, complaint):
    path = video.parent / "wrong.csv"
    path.write_text(text)
    with pytest.raises(UsageError, match=complaint):
        open_set(str(path), path.parent, SILENT)


def test_what_is_no_set_is_said_to_be_none(tmp_path):
    with pytest.raises(UsageError, match=r"no such file.*many-videos or many-instructions"):
        open_set("many", tmp_path, SILENT)


def test_a_synthetic_set_has_the_shape_that_was_asked_for(tmp_path):
    entries = open_set("many-instructions:1x50", tmp_path / "set", SILENT)
    assert len({entry.instruction for entry in entries}) == 50
    assert {entry.video for entry in entries} == {tmp_path / "set" / "000000" / "source.mkv"}
    assert all(entry.target_prompt and entry.source_prompt and entry.truth for entry in entries)
    assert open_set("many-instructions:1x50", tmp_path / "set", SILENT) == entries


def test_a_finished_cell_is_not_done_again(sd_folder, video, tmp_path, monkeypatch):
    entries = [SetEntry(video, "street", text) for text in ("make it night", "make it snow")]
    found = variants(axes(sd_folder, steps=(1,)))
    assert ablate(entries, found[:1], tmp_path, **SMALL).num_done_now == 2
    assert ablate(entries, found, tmp_path, **SMALL).num_done_now == 2
    monkeypatch.setattr("fairy.lab.ablation.videos.edit_and_score", lambda task: pytest.fail(f"{task} is done again"))
    result = ablate(entries, found, tmp_path, **SMALL)
    assert (result.num_cells, result.num_done_now) == (4, 0)


def test_a_lost_video_is_made_again(sd_folder, video, tmp_path):
    entries, found = [SetEntry(video, "street", "make it night")], variants(axes(sd_folder, k=(0,), steps=(1,)))
    ablate(entries, found, tmp_path, **SMALL)
    (edited,) = (tmp_path / "videos").iterdir()
    content = edited.read_bytes()
    edited.unlink()
    assert ablate(entries, found, tmp_path, **SMALL).num_done_now == 1
    assert edited.read_bytes() == content


def test_from_a_table_to_the_page(sd_folder, video, tmp_path, capsys):
    table = video.parent / "street.csv"
    table.write_text("video,instruction\nstreet.mp4,make it night\n")
    words = ["--k", "0,1", "--steps", "1", "--model", str(sd_folder), "--long-side", "32", "--clip", "off"]
    assert main(["lab", "ablate", str(table), "-o", str(tmp_path / "out"), *words, "--json", "--quiet"]) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["done_now"] == 2
    with (tmp_path / "out" / "cells.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["condition"] for row in rows] == ["K 0", "K 1"]
    page = (tmp_path / "out" / "index.html").read_text()
    assert all(f"videos/{row['edited']}" in page and float(row["warp_error"]) >= 0 for row in rows)
    assert (tmp_path / "out" / "curves-k.png").exists()


def test_files_of_others_are_not_replaced(sd_folder, video, tmp_path):
    (tmp_path / "index.html").write_text("precious")
    with pytest.raises(OutputError, match=r"index.html is of no ablation"):
        ablate([SetEntry(video, "street", "make it night")], variants(axes(sd_folder)), tmp_path, **SMALL)
    assert (tmp_path / "index.html").read_text() == "precious"


def test_own_noise_is_a_condition_of_its_own(sd_folder, video, tmp_path):
    """The same frames, shots and anchors as with shared noise; other pictures."""
    found = variants(axes(sd_folder, k=(1,), steps=(1,), noise=("shared", "own")))
    assert [each.name for each in found] == ["noise shared", "noise own"]
    result = ablate([SetEntry(video, "street", "make it night")], found, tmp_path, **SMALL)
    assert result.num_done_now == 2
    shared, own = (probe(path) for path in sorted((tmp_path / "videos").iterdir()))
    assert (len(shared), shared.width, list(shared.pts)) == (len(own), own.width, list(own.pts))
    assert shared.path.read_bytes() != own.path.read_bytes()


def test_wrong_words_end_with_2(tmp_path, capsys):
    assert main(["lab", "ablate", "many-videos", "-o", str(tmp_path), "--workers", "0"]) == 2
    assert main(["lab", "ablate", "many-videos", "-o", str(tmp_path), "--k", "x"]) == 2
    assert "--k x: must be whole numbers" in capsys.readouterr().err
