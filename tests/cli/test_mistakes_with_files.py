"""Mistakes with files, over all commands: one clear line, the right exit code, no traceback, nothing left behind."""

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from clips import make
from fairy.cli.main import main

NIGHT = "make it night"


@pytest.fixture(scope="module")
def things(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with all that can be mistaken for something else."""
    folder = tmp_path_factory.mktemp("things")
    make(folder / "clip.mp4", num_frames=5, audio=("aac",))
    make(folder / "other.mp4", num_frames=3, size=(48, 64))
    (folder / "text.mp4").write_text("not a video")
    (folder / "empty.mp4").write_bytes(b"")
    (folder / "empty").mkdir()
    (folder / "full").mkdir()
    (folder / "full" / "notes.txt").write_text("mine")
    (folder / "link.mp4").symlink_to("clip.mp4")
    os.link(folder / "clip.mp4", folder / "hard.mp4")
    (folder / "weights.bin").write_bytes(b"\x80\x04pickle")
    Image.fromarray(np.zeros((48, 64, 3), np.uint8)).save(folder / "mask.png")
    Image.fromarray(np.zeros((64, 48, 3), np.uint8)).save(folder / "upright.png")
    (folder / "list.csv").write_text(f"video,instruction,output\nclip.mp4,{NIGHT},a.mp4\nclip.mp4,{NIGHT},a.mp4\n")
    (folder / "nothing.csv").write_text("video,instruction,output\n")
    (folder / "columns.csv").write_text("film,words\nclip.mp4,night\n")
    (folder / "gone.csv").write_text(f"video,instruction,output\ngone.mp4,{NIGHT},a.mp4\n")
    (folder / "broken.jsonl").write_text("{video: clip.mp4}\n")
    (folder / "self.csv").write_text(f"video,instruction,output\nclip.mp4,{NIGHT},clip.mp4\n")
    (folder / "cuts.txt").write_text("at the bell\n")
    (folder / 'say "ä".mp4').write_text("not a video")
    return folder


def edit(*more: str, source: str = "clip.mp4", output: str = "out.mp4") -> list[str]:
    return ["edit", source, NIGHT, "-o", output, *more]


def preview(*more: str, source: str = "clip.mp4", output: str = "out.png") -> list[str]:
    return ["preview", source, NIGHT, "-o", output, *more]


MISTAKES = [
    # what is read
    (edit(source="gone.mp4"), 1, "gone.mp4 does not exist"),
    (edit(source="text.mp4"), 1, "text.mp4 cannot be opened as a video"),
    (edit(source="empty.mp4"), 1, "empty.mp4"),
    (edit(source="empty"), 1, "empty is a folder without images"),
    (edit(source='say "ä".mp4'), 1, 'say "ä".mp4 cannot be opened'),
    (edit(source="mask.png/clip.mp4"), 1, "mask.png/clip.mp4"),
    (preview(source="gone.mp4"), 1, "gone.mp4 does not exist"),
    (preview(source="text.mp4"), 1, "text.mp4 cannot be opened"),
    # what is written
    (edit(output="clip.mp4"), 1, "clip.mp4"),
    (edit("--overwrite", output="clip.mp4"), 2, "clip.mp4 is the source itself"),
    (edit("--overwrite", output="./clip.mp4"), 2, "is the source itself"),
    (edit("--overwrite", output="link.mp4"), 2, "link.mp4 is the source itself"),
    (edit("--overwrite", output="hard.mp4"), 2, "hard.mp4 is the source itself"),
    (edit("--overwrite", "--compare", "clip.mp4"), 2, "clip.mp4 is the source itself"),
    (edit("--compare", "out.mp4"), 2, "--compare out.mp4: that is the output itself"),
    (edit(output="out.avi"), 1, "out.avi: no format for the suffix '.avi'. Accepted: .mp4"),
    (edit(output="out"), 1, "no format for the suffix '(none)'"),
    (edit(output="gone/out.mp4"), 1, "gone does not exist. Make it first."),
    (edit(output="full/"), 1, "full/ holds other files (notes.txt)"),
    (edit("--overwrite", output="full/"), 1, "full/ holds other files (notes.txt)"),
    (edit(output="clip.mp4/"), 1, "clip.mp4"),
    (preview(output="out.jpg"), 1, "out.jpg"),
    (preview(output="clip.mp4"), 1, "clip.mp4"),
    (preview("--overwrite", "--mask", "mask.png", output="mask.png"), 2, "mask.png is the mask itself"),
    (["demo", "-o", "clip.mp4"], 1, "clip.mp4 is a file, not a folder"),
    # values that do not fit together
    (edit("--start", "9"), 2, "no frame lies in the range from 9 s"),
    (edit("--size", "64x64"), 2, "nothing is cropped or stretched; use 64x48"),
    (edit("--size", "huge"), 2, "--size huge: must be source, model"),
    (edit("--size", "nan"), 2, "--size nan"),
    (edit("--detail", "some"), 2, "--detail some: must be one of carry, off"),
    (edit("--codec", "prores"), 2, "--codec prores: mp4 takes h264"),
    (edit("--codec", "dnxhr", "--size", "model", output="out.mov"), 2, "takes 256x120 and more"),
    (edit("--quality", "52"), 2, "quality 52: libx264 takes 0 (best) to 51"),
    (edit("--quality", "20", output="out.mov"), 2, "quality 20: prores_ks has no quality"),
    (edit("--anchors", "0,0,1"), 2, "--anchors 0,0,1: frame 0 is named twice"),
    (edit("--anchors", "9"), 2, "--anchors 9: the selected range has frames 0 to 4"),
    (edit("--anchors", "-1"), 2, "frames are counted from 0"),
    (edit("--anchors", "1", "--num-anchors", "2"), 2, "--anchors and --num-anchors: give one of them"),
    (edit("--anchor", "7=mask.png"), 2, "--anchor 7: the selected range has frames 0 to 4"),
    (edit("--anchor", "1=gone.png"), 1, "gone.png"),
    (edit("--num-anchors", "-1"), 2, "--num-anchors -1"),
    (edit("--seed", "-1"), 2, "--seed -1"),
    (edit("--seed", "99999999999999999999"), 2, "--seed 99999999999999999999"),
    (edit("--anchor-strength", "nan"), 2, "--anchor-strength nan"),
    (edit("--lora-scale", "inf"), 2, "--lora-scale inf: must be a finite number"),
    (edit("--mask", "gone.png"), 1, "--mask: gone.png does not exist"),
    (edit("--mask", "text.mp4"), 1, "--mask: text.mp4"),
    (edit("--mask", "upright.png"), 2, "--mask upright.png is 48x64, but clip.mp4 is 64x48"),
    (edit("--feather", "300"), 2, "--feather 300"),
    (edit("--shots", "gone.txt"), 2, "gone.txt"),
    (edit("--shots", "cuts.txt"), 2, "cuts.txt"),
    (
        ["edit", "clip.mp4", "asdf qwer", "-o", "out.mp4", "--strict"],
        2,
        '--strict: embedded does not know "asdf", "qwer"',
    ),
    # models and machines
    (edit("--model", "gone"), 1, "gone"),
    (edit("--model", "full"), 1, "full"),
    (edit("--model", "weights.bin"), 1, "weights.bin"),
    (edit("--lora", "weights.bin"), 1, "weights.bin"),
    (edit("--device", "tpu"), 2, "tpu"),
    (edit("--device", "cuda"), 2, "cuda"),
    (edit("--dtype", "int3"), 2, "int3"),
    (edit("--scheduler", "Fastest"), 2, "Fastest"),
    (edit("--compile", "hard"), 2, "--compile hard: must be one of auto, off"),
    (edit("--text-guidance", "1e400"), 2, "--text-guidance inf"),
    # lists
    (edit(source="nothing.csv", output="results"), 2, "nothing.csv"),
    (edit(source="columns.csv", output="results"), 2, "columns.csv"),
    (edit(source="broken.jsonl", output="results"), 2, "broken.jsonl"),
    (edit(source="list.csv", output="results"), 2, "a.mp4"),
    (["edit", "self.csv", "-o", ".", "--overwrite"], 2, "clip.mp4 is the source itself"),
    (edit("--compare", "both.mp4", source="list.csv", output="results"), 2, "--compare is for one video"),
    # what was written before
    (["redo", "clip.mp4", "--frames", "0:2"], 1, "--keep-job"),
    (["redo", "gone.mp4", "--frames", "0:2"], 1, "gone.mp4"),
    (["redo", "clip.mp4", "--frames", "two"], 2, "--frames two"),
    (["verify", "gone.mp4"], 1, "gone.mp4"),
    (["verify", "clip.mp4"], 1, "clip.mp4 carries no recipe"),
    (["verify", "clip.mp4", "--frames", "0"], 2, "--frames 0: must be 1 or more"),
    (["info", "gone.mp4"], 1, "gone.mp4"),
    (["info", "clip.mp4"], 1, "clip.mp4 carries no recipe"),
    (["info", "text.mp4"], 1, "text.mp4"),
    # the lab
    (["lab", "eval", "clip.mp4", "gone.mp4"], 1, "gone.mp4"),
    (["lab", "fullsize", "-o", "results", "--clips", "0"], 2, "--clips 0: must be 1 or more"),
    (["lab", "synth", "-o", "full", "--clips", "1"], 1, "full"),
    (["lab", "synth", "-o", "results", "--clips", "0"], 2, "clips"),
    (["lab", "study", "serve", "gone"], 2, "gone"),
    (["lab", "gallery", "gone", "-o", "page"], 1, "gone"),
    (["lab", "track", "heat", "gone.mp4", "--point", "1,1", "-o", "heat.png"], 1, "gone.mp4"),
]


@pytest.mark.parametrize(("words", "code", "says"), MISTAKES, ids=lambda each: str(each)[:60])
def test_a_mistake_gets_one_line_and_leaves_nothing(
    words: list[str], code: int, says: str, things: Path, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    monkeypatch.chdir(things)
    before = {path: path.stat().st_mtime_ns for path in things.rglob("*")}
    assert main(words) == code
    said = capsys.readouterr().err
    error = said[said.rindex("fairy: ") :]
    assert says in error
    assert "Traceback" not in said
    assert error.count("\n") <= 2
    assert {path: path.stat().st_mtime_ns for path in things.rglob("*")} == before
