"""A finished file is proved from its own recipe, without a job folder."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from clips import make
from fairy.config import JobConfig, MaskConfig, VideoConfig
from fairy.errors import MediaError, ModelError
from fairy.jobs.verify import verify
from fairy.models import Model
from jobs import edit, job_of

PLAIN = JobConfig(chunk=3)
FINE = VideoConfig(long_side=64, quality=4)
"""A random model gives noise, of which H.264 loses more than of pictures."""


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("clips") / "source.mp4", size=(64, 48), num_frames=7)


def test_a_lossless_file_is_what_its_recipe_gives_to_the_last_bit(source, sd_model: Model, tmp_path: Path) -> None:
    edit(source, f"{tmp_path}/out/", sd_model, job=PLAIN, mask=MaskConfig(auto_mask=True))
    found = verify(tmp_path / "out", source=source, model=sd_model, num_frames=7)
    assert (found.num_identical, found.largest_difference, found.psnr, found.agrees) == (7, 0, None, True)


def test_one_changed_pixel_of_a_lossless_file_is_seen(source, sd_model: Model, tmp_path: Path) -> None:
    edit(source, f"{tmp_path}/out/", sd_model, job=PLAIN)
    file = tmp_path / "out" / "000004.png"
    with Image.open(file) as picture:
        image = np.array(picture)
    image[5, 6] ^= 3
    Image.fromarray(image).save(file)
    found = verify(tmp_path / "out", source=source, model=sd_model, num_frames=7)
    assert (found.num_identical, found.largest_difference, found.agrees) == (6, 3, False)


def test_a_lossy_file_is_near_to_what_its_recipe_gives(source, sd_model: Model, tmp_path: Path) -> None:
    edit(source, tmp_path / "out.mp4", sd_model, job=PLAIN, video=FINE)
    found = verify(tmp_path / "out.mp4", source=source, model=sd_model)
    assert found.psnr > 30
    assert found.agrees


def test_a_file_with_other_pictures_than_its_recipe_s_is_found_out(source, sd_model: Model, tmp_path: Path) -> None:
    edit(source, tmp_path / "out.mp4", sd_model, job=PLAIN)
    from fairy.video import VideoWriter, probe, read_frames, read_recipe

    info, recipe = probe(tmp_path / "out.mp4"), read_recipe(tmp_path / "out.mp4")
    with VideoWriter(tmp_path / "fake.mp4", info=info, size=(64, 48), metadata={"fairy": recipe}) as writer:
        for frame in read_frames(info):
            writer.write(255 - frame.image, frame.pts)
    assert not verify(tmp_path / "fake.mp4", source=source, model=sd_model).agrees


def test_the_source_is_found_beside_the_file_or_where_one_says(source, sd_model: Model, tmp_path: Path) -> None:
    (tmp_path / "sources").mkdir()
    own = shutil.copy(source, tmp_path / "sources" / "own.mp4")
    edit(own, tmp_path / "out.mp4", sd_model, job=PLAIN, video=FINE)
    with pytest.raises(
        MediaError, match=r"own.mp4, the source of .*out.mp4, is not there. Say where it is with --source"
    ):
        verify(tmp_path / "out.mp4", model=sd_model)
    assert verify(tmp_path / "out.mp4", source=own, model=sd_model).agrees
    shutil.copy(own, tmp_path / "own.mp4")
    assert verify(tmp_path / "out.mp4", model=sd_model).agrees


def test_another_source_or_model_is_refused(source, sd_model: Model, sdxl_model: Model, tmp_path: Path) -> None:
    edit(source, tmp_path / "out.mp4", sd_model, job=PLAIN)
    other = make(tmp_path / "other.mp4", size=(64, 48), num_frames=7, options={"crf": "40"})
    with pytest.raises(MediaError, match=r"other.mp4 is not the source that .*out.mp4 was made from"):
        verify(tmp_path / "out.mp4", source=other, model=sd_model)
    with pytest.raises(ModelError, match="is not the model of this job any more"):
        verify(tmp_path / "out.mp4", source=source, model=sdxl_model)


def test_given_anchors_need_the_kept_job(source, sd_model: Model, tmp_path: Path) -> None:
    Image.new("RGB", (64, 48), "red").save(tmp_path / "given.png")
    job = JobConfig(given={2: tmp_path / "given.png"})
    edit(source, tmp_path / "out.mp4", sd_model, job=job)
    assert not job_of(tmp_path / "out.mp4").exists()
    with pytest.raises(MediaError, match=r"has given anchors.*--keep-job"):
        verify(tmp_path / "out.mp4", source=source, model=sd_model)
