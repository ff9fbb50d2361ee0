"""The command line on jobs: options for anchors, redo, verify, info, and what stops a job."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from clips import make
from fairy.cli.main import main

Printed = pytest.CaptureFixture[str]
ANCHORS = ["--num-steps", "1", "--long-side", "64", "--anchors", "1,4"]


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("clip") / "clip.mp4", num_frames=6)


@pytest.fixture(scope="module")
def kept(clip: Path, sd_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The output of `edit --keep-job` with an anchor that is given."""
    folder = tmp_path_factory.mktemp("kept")
    Image.new("RGB", (64, 48), (9, 9, 90)).save(folder / "blue.png")
    words = ["edit", str(clip), "make it night", "-o", f"{folder}/out.mp4", "--model", str(sd_folder), *ANCHORS]
    assert main([*words, "--anchor", f"3={folder}/blue.png", "--keep-job", "--quiet"]) == 0
    return f"{folder}/out.mp4"


def answer(words: list[str], capsys: Printed) -> dict:
    """The last line that a command prints."""
    assert main([*words, "--json"]) == 0
    return json.loads(capsys.readouterr().out.splitlines()[-1])


def test_info_tells_the_anchors_that_were_asked_for(kept: str, capsys: Printed):
    recipe = answer(["info", kept], capsys)
    assert (recipe["shots"], list(recipe["given"])) == ([[0, 6, [1, 3, 4]]], ["3"])


def test_info_reads_well(kept: str, capsys: Printed):
    assert main(["info", kept]) == 0
    said = capsys.readouterr().out
    assert "instruction: make it night\n" in said
    assert "settings: num steps 1, " in said


def test_info_of_a_foreign_file_is_one_line(clip: Path, capsys: Printed):
    assert main(["info", str(clip)]) == 1
    assert "carries no recipe" in capsys.readouterr().err


def test_info_imports_no_torch(kept: str):
    code = f"import sys; from fairy.cli.main import main; main(['info', {kept!r}]); print('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.endswith("False\n")


def test_verify_and_redo(kept: str, capsys: Printed):
    assert answer(["verify", kept, "--frames", "2"], capsys)["num_identical"] == 2
    assert answer(["redo", kept, "--frames", "2:4", "--seed", "5"], capsys)["seed"] == 5
    assert answer(["info", kept], capsys)["redone"][0]["frames"] == [2, 4]


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["redo", "c.mp4", "--frames", "9-12"], "--frames 9-12: must be frames"),
        (["redo", "c.mp4"], "--frames FIRST:STOP is missing"),
        (["verify"], "OUTPUT is missing"),
    ],
)
def test_wrong_words_are_one_line(words: list[str], line: str, capsys: Printed):
    assert main(words) == 2
    assert line in capsys.readouterr().err


def test_a_job_that_was_not_kept_is_one_line(tmp_path: Path, capsys: Printed):
    assert main(["verify", str(tmp_path / "out.mp4"), "--quiet"]) == 1
    assert "--keep-job" in capsys.readouterr().err


def test_sigterm_stops_like_ctrl_c(clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Printed):
    monkeypatch.setattr("fairy.jobs.calls.edit_video", lambda *_, **__: os.kill(os.getpid(), signal.SIGTERM))
    before = signal.getsignal(signal.SIGTERM)
    assert main(["edit", str(clip), "make it night", "-o", str(tmp_path / "out.mp4")]) == 130
    assert capsys.readouterr().err == "fairy: interrupted\n"
    assert signal.getsignal(signal.SIGTERM) is before
