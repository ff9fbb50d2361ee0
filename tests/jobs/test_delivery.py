"""The finished video's own size and detail: what the source has, what is stored small, and what re-edits nothing."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from clips import make
from fairy.config import MaskConfig, VideoConfig
from fairy.errors import UsageError
from fairy.jobs.calls import preview
from fairy.jobs.redo import redo
from fairy.jobs.verify import verify
from fairy.models import Model
from fairy.pictures.scale import scaled
from fairy.video import probe, read_frames
from fairy.video.lossless import read_lossless
from jobs import EDIT, INSTRUCTION, edit, job_of
from sheets import places

SIZE = (132, 96)


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("clips") / "source.mp4", size=SIZE, num_frames=5)


def at(size: str, detail: str = "carry") -> VideoConfig:
    return VideoConfig(size=size, detail=detail, long_side=64)


def pictures(path: Path) -> np.ndarray:
    return np.stack([frame.image for frame in read_frames(probe(path))])


def stored(output: str | Path) -> np.ndarray:
    """The edits as the model makes them."""
    return np.stack(
        [image for chunk in sorted(job_of(Path(output)).glob("chunks/*.mkv")) for image in read_lossless(chunk)]
    )


@pytest.mark.parametrize(
    ("wish", "size"), [("source", SIZE), ("model", (64, 46)), ("66", (66, 48)), ("264x192", (264, 192))]
)
def test_the_video_has_the_size_that_is_wished(source, sd_model: Model, tmp_path: Path, wish: str, size) -> None:
    result = edit(source, tmp_path / "out.mp4", sd_model, video=at(wish))
    assert (result.size, pictures(tmp_path / "out.mp4").shape[2:0:-1]) == (size, size)


@pytest.mark.parametrize("detail", ["carry", "off"])
def test_each_frame_is_its_stored_edit_at_the_sources_size(source, sd_model: Model, tmp_path: Path, detail) -> None:
    out = f"{tmp_path}/out/"
    edit(source, out, sd_model, video=at("source", detail))
    wanted = [scaled(edited, own, detail) for edited, own in zip(stored(out), pictures(source), strict=True)]
    assert np.array_equal(pictures(tmp_path / "out"), wanted)


def test_another_size_or_detail_edits_no_frame_again(source, sd_model: Model, tmp_path: Path) -> None:
    out = f"{tmp_path}/out/"
    edit(source, out, sd_model, video=at("model"))
    before = stored(out)
    again = edit(source, out, sd_model, video=at("source", "off"), overwrite=True)
    assert again.frames_per_second == 0
    assert np.array_equal(stored(out), before)
    assert pictures(tmp_path / "out").shape[1:3] == SIZE[::-1]


def test_redo_and_verify_keep_the_size(source, sd_model: Model, tmp_path: Path) -> None:
    out = f"{tmp_path}/out/"
    edit(source, out, sd_model, video=at("source"))
    before = pictures(tmp_path / "out")
    assert verify(out, model=sd_model, num_frames=5).num_identical == 5
    redo(out, (1, 3), seed=9, model=sd_model)
    same = (pictures(tmp_path / "out") == before).all(axis=(1, 2, 3))
    assert same.tolist() == [True, False, False, True, True]


def test_outside_of_a_mask_are_the_sources_own_pixels_at_full_size(source, sd_model: Model, tmp_path: Path) -> None:
    white = np.zeros((96, 132), np.uint8)
    white[:, 66:] = 255
    Image.fromarray(white).save(tmp_path / "mask.png")
    edit(source, f"{tmp_path}/out/", sd_model, video=at("source"), mask=MaskConfig(mask=tmp_path / "mask.png"))
    edited, own = pictures(tmp_path / "out"), pictures(source)
    assert np.array_equal(edited[:, :, :64], own[:, :, :64])
    assert not np.array_equal(edited[:, :, 80:], own[:, :, 80:])


def test_a_preview_shows_the_films_own_frames(source, sd_model: Model, tmp_path: Path) -> None:
    edit(source, f"{tmp_path}/out/", sd_model, video=at("source"))
    preview(source, INSTRUCTION, tmp_path / "sheet.png", edit=EDIT, video=at("source"), model=sd_model)
    for index in (0, 2, 4):
        assert len(places(tmp_path / "sheet.png", pictures(tmp_path / "out")[index])) == 1


def test_another_ratio_of_sides_is_refused_with_the_nearest_that_fits(source, sd_model: Model, tmp_path) -> None:
    with pytest.raises(UsageError, match=r"--size 200x200: the source is 132x96.*use 200x146"):
        edit(source, tmp_path / "out.mp4", sd_model, video=at("200x200"))


@pytest.mark.parametrize("wish", ["large", "0", "16", "9000", "640x", "-5", "640x480x3"])
def test_what_is_no_size_is_refused(wish: str) -> None:
    with pytest.raises(UsageError, match=r"--size .*: must be source, model, a longer side of 32 to 8192, or WxH"):
        VideoConfig(size=wish)
