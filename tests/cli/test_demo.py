"""The demo: on a stand-in clip with a small random model, and the real one with the embedded model."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from clips import make, sound_packets, stamps
from fairy.cli.demo import INSTRUCTIONS, SHEET, SIDE_BY_SIDE, run_demo
from fairy.cli.main import main
from fairy.errors import OutputError
from fairy.models import Model, load
from fairy.video import probe, read_frames


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("clip") / "clip.mp4", num_frames=5, audio=["aac"])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, clip: Path, sd_folder: Path) -> Path:
    quick = Path(shutil.copytree(sd_folder, tmp_path_factory.mktemp("model") / "quick"))
    (quick / "fairy.json").write_text('{"long_side": 64, "num_steps": 2}')
    folder = tmp_path_factory.mktemp("demo") / "results"
    run_demo(folder, clip=clip, model=load(quick))
    return folder


def test_every_instruction_gives_a_video_of_the_same_length(folder: Path, clip: Path):
    videos = [folder / f"{instruction.replace(' ', '-')}.mp4" for instruction in INSTRUCTIONS]
    assert [stamps(video) for video in videos] == [stamps(clip)] * len(INSTRUCTIONS)


def test_side_by_side_keeps_time_stamps_and_sound(folder: Path, clip: Path):
    assert stamps(folder / SIDE_BY_SIDE) == stamps(clip)
    assert sound_packets(folder / SIDE_BY_SIDE) == sound_packets(clip)


def test_side_by_side_begins_with_the_source(folder: Path, clip: Path):
    edited = probe(folder / "make-it-night.mp4")
    source = next(read_frames(probe(clip), size=(edited.width, edited.height))).image
    shown = next(read_frames(probe(folder / SIDE_BY_SIDE))).image[: edited.height, : edited.width]
    assert np.abs(shown.astype(int) - source).mean() < 8


def test_the_contact_sheet_is_there(folder: Path):
    with Image.open(folder / SHEET) as sheet:
        assert sheet.format == "PNG"


def test_the_demo_replaces_nothing_unasked(folder: Path, clip: Path, sd_model: Model):
    with pytest.raises(OutputError, match="--overwrite"):
        run_demo(folder, clip=clip, model=sd_model)


def test_demo_with_the_embedded_model_says_where_to_look(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["demo", "-o", str(tmp_path / "demo")]) == 0
    assert str(tmp_path / "demo" / SIDE_BY_SIDE) in capsys.readouterr().out.splitlines()[-1]
    assert len(list((tmp_path / "demo").iterdir())) == len(INSTRUCTIONS) + 2
