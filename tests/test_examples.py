"""The examples run as they stand, with the embedded model."""

import json
import runpy
from pathlib import Path

import pytest
from PIL import Image

import fairy

EXAMPLES = Path(__file__).parents[1] / "examples"


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_a_clip_is_previewed_and_edited(tmp_path: Path) -> None:
    example = runpy.run_path(str(EXAMPLES / "edit_a_clip.py"))
    example["main"](output="night.mp4", video=fairy.VideoConfig(end=0.2, long_side=64))
    assert fairy.info(tmp_path / "night.mp4")["instruction"] == "make it night"
    assert (tmp_path / "night.png").is_file()


def test_frames_of_one_s_own_become_a_moving_picture(tmp_path: Path) -> None:
    example = runpy.run_path(str(EXAMPLES / "own_frames.py"))
    example["main"]("ball.gif")
    with Image.open(tmp_path / "ball.gif") as picture:
        assert picture.n_frames == example["NUM_FRAMES"]


def test_the_notebook_compares_and_measures() -> None:
    notebook = json.loads((EXAMPLES / "compare_settings.ipynb").read_text(encoding="utf-8"))
    names: dict[str, object] = {}
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            exec("".join(cell["source"]), names)
    scores = names["scores"]
    assert isinstance(scores, dict)
    assert list(scores) == ["three anchors", "each frame alone"]
