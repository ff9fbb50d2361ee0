"""The command line on shots, masks and grids."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from clips import make
from fairy.cli.main import main
from fairy.lab.synthetic import render_clip
from fairy.video import probe, read_frames

Printed = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two scenes of four frames."""
    frames = [*render_clip(1, 4, (64, 48)), *render_clip(2, 4, (64, 48))]
    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    return make(path, num_frames=8, image=lambda index, size: frames[index])  # noqa: ARG005


@pytest.fixture
def words(clip: Path, sd_folder: Path) -> list[str]:
    """What every command here needs, after its name."""
    quick = ["--long-side", "64", "--num-steps", "1", "--overwrite"]
    return [str(clip), "make it night", "--model", str(sd_folder), *quick]


def account(words: list[str], capsys: Printed) -> dict:
    assert main([*words, "--json"]) == 0
    return json.loads(capsys.readouterr().out.splitlines()[-1])


def test_cuts_are_listed_before_the_run(words: list[str], tmp_path: Path, capsys: Printed):
    assert main(["edit", *words, "-o", str(tmp_path / "out.mp4")]) == 0
    said = capsys.readouterr().err
    assert said.index("cuts at frames 4 (0:00:00.160)") < said.index("memory: about")


def test_shots_off_makes_one_shot(words: list[str], tmp_path: Path, capsys: Printed):
    out = str(tmp_path / "out.mp4")
    assert account(["edit", *words, "-o", out, "--shots", "off"], capsys)["anchors"] == [0, 4, 7]


def test_a_mask_keeps_what_is_black(words: list[str], clip: Path, tmp_path: Path):
    Image.fromarray(np.repeat(np.uint8([[0] * 32 + [255] * 32]), 48, axis=0)).save(tmp_path / "mask.png")
    options = ["--mask", str(tmp_path / "mask.png"), "--feather", "2", "--quiet"]
    assert main(["edit", *words, "-o", f"{tmp_path}/out/", *options]) == 0
    for frame in read_frames(probe(clip), size=(64, 48)):
        edited = np.asarray(Image.open(tmp_path / "out" / f"{frame.index:06d}.png"))
        assert np.array_equal(edited[:, :32], frame.image[:, :32])
        assert not np.array_equal(edited[:, 32:], frame.image[:, 32:])


def test_an_auto_mask_is_remembered_in_the_recipe(words: list[str], tmp_path: Path, capsys: Printed):
    assert main(["edit", *words, "-o", str(tmp_path / "out.mp4"), "--auto-mask", "--quiet"]) == 0
    recipe = account(["info", str(tmp_path / "out.mp4")], capsys)
    assert recipe["auto_mask"] is True
    assert "feather" not in recipe


def test_a_grid_is_drawn_instead_of_the_sheet(words: list[str], tmp_path: Path, capsys: Printed):
    sheet = tmp_path / "grid.png"
    told = account(["preview", *words, "-o", str(sheet), "--grid", "text-guidance=1.5,3", "seed=0,1,2"], capsys)
    assert (told["num_edits"], told["output"]) == (6, str(sheet))
    with Image.open(sheet) as picture:
        assert picture.width >= 3 * 64
        assert picture.height >= 3 * 48


@pytest.mark.parametrize(
    ("wrong", "says", "code"),
    [
        (["--grid", "speed=1"], "--grid speed=1: write KEY=VALUE", 2),
        (["--shots", "none.txt"], "--shots none.txt: cannot be read", 2),
        (["--mask", "none.png"], "--mask: none.png does not exist", 1),
        (["--feather", "-1"], "--feather -1: must lie in 0..256", 2),
        (["--feather", "some"], "--feather some: must be a whole number", 2),
    ],
)
def test_wrong_options_are_one_line(
    words: list[str], wrong: list[str], says: str, code: int, tmp_path: Path, capsys: Printed
):
    assert main(["preview", *words, "-o", str(tmp_path / "sheet.png"), *wrong]) == code
    (line,) = [line for line in capsys.readouterr().err.splitlines() if line.startswith("fairy:")]
    assert says in line
    assert not (tmp_path / "sheet.png").exists()
