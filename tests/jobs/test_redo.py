"""Kept jobs: frames rendered again, frames proved. And anchors that are given."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from clips import make
from fairy.config import JobConfig
from fairy.disk.hashes import hash_file
from fairy.errors import MediaError, OutputError, UsageError
from fairy.jobs.calls import preview
from fairy.jobs.manifest import parse
from fairy.jobs.recipe import info
from fairy.jobs.redo import redo
from fairy.jobs.verify import verify
from fairy.video.lossless import LosslessWriter, read_lossless
from jobs import EDIT, INSTRUCTION, KEPT, SMALL, Listener, edit, job_of, pictures


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    return make(tmp_path_factory.mktemp("clips") / "source.mp4", num_frames=7)


@pytest.fixture
def kept(source, sd_model, tmp_path):
    """The folder of PNGs of a job that is kept."""
    edit(source, f"{tmp_path}/out/", sd_model)
    return tmp_path / "out"


def plant(output, index):
    """Change one value of a stored frame by 5 levels, with a right checksum."""
    chunk = next(path for path in job_of(output).glob("chunks/0-*") if int(path.name.split("-")[1]) == index // 3 * 3)
    images = list(read_lossless(chunk))
    value = int(images[index % 3][0, 0, 0])
    images[index % 3][0, 0, 0] = value + 5 if value < 128 else value - 5
    with LosslessWriter(chunk.with_name("new.mkv"), (64, 48)) as writer:
        for image in images:
            writer.write(image)
    new = chunk.with_name("new.mkv")
    new.rename(chunk.with_name(f"{chunk.name.split('.')[0]}.{hash_file(new)}.mkv"))
    chunk.unlink()


def changed(before, after):
    return [index for index, pair in enumerate(zip(before, after, strict=True)) if not np.array_equal(*pair)]


def test_redo_with_the_same_seed_changes_no_byte(source, sd_model, tmp_path):
    edit(source, tmp_path / "out.mp4", sd_model)
    before, report = (tmp_path / "out.mp4").read_bytes(), Listener()
    redo(tmp_path / "out.mp4", (1, 5), model=sd_model, report=report)
    assert report.num_computed == 6
    assert (tmp_path / "out.mp4").read_bytes() == before


def test_redo_with_another_seed_changes_only_those_frames(kept, sd_model):
    before = pictures(kept)
    redo(kept, (2, 5), seed=8, model=sd_model)
    assert changed(before, pictures(kept)) == [2, 3, 4]


def test_redone_frames_are_those_of_a_whole_job_with_that_seed(source, kept, sd_model, tmp_path):
    redo(kept, (2, 5), seed=8, model=sd_model)
    edit(source, f"{tmp_path}/other/", sd_model, edit=replace(EDIT, seed=8))
    assert np.array_equal(pictures(kept)[2:5], pictures(tmp_path / "other")[2:5])


def test_redo_without_a_seed_takes_a_redo_back(kept, sd_model):
    before = pictures(kept)
    redo(kept, (2, 5), seed=8, model=sd_model)
    redo(kept, (1, 3), instruction="make it snow", model=sd_model)
    redo(kept, (0, 3), model=sd_model)
    assert changed(before, pictures(kept)) == [3, 4]


def test_an_interrupted_redo_goes_on(kept, sd_model):
    with pytest.raises(KeyboardInterrupt, match="the same command goes on"):
        redo(kept, (0, 5), seed=8, model=sd_model, report=Listener(4))
    report = Listener()
    redo(kept, (0, 5), seed=8, model=sd_model, report=report)
    assert report.num_computed == 2


def test_a_redo_stands_in_the_recipe(kept, sd_model):
    redo(kept, (2, 5), seed=8, model=sd_model)
    (take,) = info(kept)["redone"]
    assert (take["frames"], take["settings"]["seed"]) == ([2, 5], 8)


@pytest.mark.parametrize("frames", [(5, 8), (3, 3), (-1, 2)])
def test_redo_outside_of_the_job_is_refused(kept, sd_model, frames):
    with pytest.raises(UsageError, match="the job has frames 0:7"):
        redo(kept, frames, model=sd_model)


def test_redo_needs_a_kept_job(source, sd_model, tmp_path):
    edit(source, tmp_path / "out.mp4", sd_model, job=JobConfig())
    with pytest.raises(OutputError, match="--keep-job"):
        redo(tmp_path / "out.mp4", (0, 2), model=sd_model)


def test_verify_finds_all_frames_identical(kept, sd_model):
    redo(kept, (2, 4), seed=8, model=sd_model)
    result = verify(kept, num_frames=50, model=sd_model)
    assert (result.frames, result.num_identical, result.largest_difference) == (tuple(range(7)), 7, 0)
    assert result.rounding == ()


def test_verify_finds_a_planted_difference(kept, sd_model):
    plant(kept, 4)
    result = verify(kept, num_frames=7, model=sd_model)
    assert (result.num_identical, result.largest_difference) == (6, 5)


def contents(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("harm", ["cut", "remove"])
def test_verify_names_a_damaged_chunk_and_changes_nothing(kept, sd_model, harm):
    chunk = next(path for path in job_of(kept).glob("chunks/0-000003-*"))
    if harm == "cut":
        chunk.write_bytes(chunk.read_bytes()[:-9])
    else:
        chunk.unlink()
    before = contents(job_of(kept))
    for _ in range(2):  # what was found once is found again
        result = verify(kept, num_frames=7, model=sd_model)
        assert result.damage == (f"frames 3 to 5 are {'damaged' if harm == 'cut' else 'missing'}",)
        assert set(result.frames) == {0, 1, 2, 6}
        assert contents(job_of(kept)) == before


def test_verify_names_a_damaged_anchor(kept, sd_model):
    anchor = min(job_of(kept).glob("anchors/*.png"))
    anchor.write_bytes(anchor.read_bytes()[:50])
    assert verify(kept, num_frames=1, model=sd_model).damage == ("the edited anchor 0 is missing or damaged",)


def test_info_on_an_unfinished_job_with_a_torn_chunk_changes_nothing(source, sd_model, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        edit(source, tmp_path / "out.mp4", sd_model, report=Listener(4))
    torn = job_of(tmp_path / "out.mp4") / "chunks" / "partial.mkv"
    torn.write_bytes(b"half")
    before = contents(job_of(tmp_path / "out.mp4"))
    assert info(tmp_path / "out.mp4")["chunks_done"] == 1
    assert contents(job_of(tmp_path / "out.mp4")) == before


def test_verify_says_where_rounding_is_to_be_expected(kept, sd_model):
    file = job_of(kept) / "manifest.json"
    manifest = parse(file.read_text(), file)
    file.write_text(replace(manifest, model=replace(manifest.model, device="cuda")).to_json())
    assert verify(kept, num_frames=1, model=sd_model).rounding == ("cpu instead of cuda",)


def test_verify_refuses_a_changed_source(sd_model, tmp_path):
    make(tmp_path / "source.mp4", num_frames=3)
    edit(tmp_path / "source.mp4", tmp_path / "out.mp4", sd_model)
    make(tmp_path / "source.mp4", num_frames=3, options={"crf": "40"})
    with pytest.raises(MediaError, match="has changed since"):
        verify(tmp_path / "out.mp4", model=sd_model)


def given_picture(folder, size=(64, 48)):
    image = Image.effect_noise(size, 80).convert("RGB")
    image.save(folder / "given.png")
    return np.asarray(image)


def test_a_given_anchor_is_delivered_as_it_is(source, sd_model, tmp_path):
    image = given_picture(tmp_path)
    result = edit(source, f"{tmp_path}/out/", sd_model, job=replace(KEPT, given={2: tmp_path / "given.png"}))
    assert result.anchors == (0, 2, 3, 6)
    assert np.array_equal(pictures(tmp_path / "out")[2], image)


def test_a_given_anchor_changes_the_frames_around_it(source, kept, sd_model, tmp_path):
    given_picture(tmp_path)
    edit(source, f"{tmp_path}/other/", sd_model, job=replace(KEPT, given={3: tmp_path / "given.png"}))
    assert changed(pictures(kept), pictures(tmp_path / "other")) == list(range(7))


def test_a_kept_job_knows_its_given_anchors(source, sd_model, tmp_path):
    given_picture(tmp_path)
    edit(source, f"{tmp_path}/out/", sd_model, job=replace(KEPT, given={3: tmp_path / "given.png"}))
    (tmp_path / "given.png").unlink()
    assert verify(tmp_path / "out", num_frames=7, model=sd_model).num_identical == 7


def test_a_preview_shows_the_given_anchor(source, sd_model, tmp_path):
    image = given_picture(tmp_path)
    job = JobConfig(given={3: tmp_path / "given.png"})
    preview(source, INSTRUCTION, tmp_path / "sheet.png", edit=EDIT, video=SMALL, job=job, model=sd_model)
    with Image.open(tmp_path / "sheet.png") as sheet:
        windows = np.lib.stride_tricks.sliding_window_view(np.asarray(sheet), (1, 64, 3))[:, :, 0]
    assert (windows == image[:1]).all(axis=(2, 3, 4)).any()


def test_a_given_anchor_of_another_shape_is_refused(source, sd_model, tmp_path):
    given_picture(tmp_path, (64, 64))
    with pytest.raises(UsageError, match=r"64x64 does not fit the edit's 64x48"):
        edit(source, tmp_path / "out.mp4", sd_model, job=JobConfig(given={3: tmp_path / "given.png"}))


def test_another_given_picture_is_a_changed_setting(source, sd_model, tmp_path):
    given_picture(tmp_path)
    job = replace(KEPT, given={3: tmp_path / "given.png"})
    with pytest.raises(KeyboardInterrupt):
        edit(source, tmp_path / "out.mp4", sd_model, job=job, report=Listener(4))
    Image.new("RGB", (64, 48)).save(tmp_path / "given.png")
    with pytest.raises(UsageError, match="given anchors"):
        edit(source, tmp_path / "out.mp4", sd_model, job=job)


def test_each_shot_is_edited_as_if_it_were_alone(source, sd_model, tmp_path):
    edit(source, f"{tmp_path}/out/", sd_model, cuts=[3])
    edit(source, f"{tmp_path}/second/", sd_model, video=replace(SMALL, start=0.12))
    assert np.array_equal(pictures(tmp_path / "out")[3:], pictures(tmp_path / "second"))
