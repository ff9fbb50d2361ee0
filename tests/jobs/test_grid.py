"""The grid of edits over one or two settings."""

from pathlib import Path

import numpy as np
import pytest

from clips import make
from fairy.config import EditConfig, VideoConfig
from fairy.errors import UsageError
from fairy.jobs.calls import preview_grid
from fairy.jobs.grid import GridResult, parse_axes
from fairy.method.editor import Editor
from fairy.models import Model
from fairy.video import probe, read_frames
from sheets import places

EDIT = EditConfig(num_steps=2)


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("grid") / "source.mp4", num_frames=5)


def draw(source: Path, sheet: Path, model: Model, *settings: str, edit: EditConfig = EDIT) -> GridResult:
    small = VideoConfig(long_side=64)
    return preview_grid(source, "make it night", sheet, settings, edit=edit, model=model, video=small)


def expected(source: Path, model: Model, edit: EditConfig, index: int) -> np.ndarray:
    """What the editor itself gives for a frame."""
    frames = np.stack([frame.image for frame in read_frames(probe(source), size=(64, 48))])
    with Editor(model) as editor:
        bank = editor.edit_anchors(frames[[0, 2, 4]], "make it night", edit)
        return bank.frames[index // 2] if index % 2 == 0 else next(editor.edit_frames(frames[[index]], bank))


def test_two_settings_are_columns_and_rows(source: Path, sd_model: Model, tmp_path: Path) -> None:
    sheet = tmp_path / "grid.png"
    assert draw(source, sheet, sd_model, "seed=0,1", "text-guidance=2,6").num_edits == 4
    found = {}
    for seed in (0, 1):
        for text in (2, 6):
            edit = EditConfig(num_steps=2, seed=seed, text_guidance=text)
            (found[seed, text],) = places(sheet, expected(source, sd_model, edit, index=2))
    assert found[0, 2][0] == found[1, 2][0] < found[0, 6][0]
    assert found[0, 2][1] == found[0, 6][1] < found[1, 2][1]


def test_one_setting_shows_all_anchors(source: Path, sd_model: Model, tmp_path: Path) -> None:
    sheet = tmp_path / "grid.png"
    assert draw(source, sheet, sd_model, "seed=0,7").frames == (0, 2, 4)
    edit = EditConfig(num_steps=2, seed=7)
    rows, columns = zip(*(places(sheet, expected(source, sd_model, edit, i))[0] for i in (0, 2, 4)), strict=True)
    assert len(set(rows)) == 1
    assert columns[0] < columns[1] < columns[2]


def test_anchor_strength_is_shown_on_a_frame_between_anchors(source: Path, sd_model: Model, tmp_path: Path) -> None:
    sheet = tmp_path / "grid.png"
    assert draw(source, sheet, sd_model, "anchor-strength=0,1").frames == (1,)
    edit = EditConfig(num_steps=2, anchor_strength=0)
    assert len(places(sheet, expected(source, sd_model, edit, index=1))) == 1


def test_numbers_of_anchors_are_compared_on_the_middle_frame(source: Path, sd_model: Model, tmp_path: Path) -> None:
    result = draw(source, tmp_path / "grid.png", sd_model, "num-anchors=0,1,2", "num-steps=1,2")
    assert (result.frames, result.num_edits) == ((2,), 6)


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        (["speed=1,2"], "--grid speed=1,2: write KEY=VALUE,VALUE ... where KEY is one of text-guidance"),
        (["seed"], "--grid seed: the values must be whole numbers"),
        (["seed=1,,2"], "the values must be whole numbers"),
        (["seed=0.5"], "the values must be whole numbers"),
        (["text-guidance=high"], "the values must be numbers"),
        (["anchor-strength=0.5,11"], "--anchor-strength 11.0: must lie in 0..10"),
        (["seed=1", "seed=2"], "seed is given twice"),
        (["seed=1", "num-steps=2", "num-anchors=3"], "3 settings; give one or two"),
    ],
)
def test_wrong_settings_are_named(settings: list[str], says: str) -> None:
    with pytest.raises(UsageError) as raised:
        parse_axes(settings)
    assert says in str(raised.value)


def test_more_anchors_than_frames_are_refused(source: Path, sd_model: Model, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--num-anchors 9: the selected range has 5 frames"):
        draw(source, tmp_path / "grid.png", sd_model, "num-anchors=3,9")
    assert not (tmp_path / "grid.png").exists()
