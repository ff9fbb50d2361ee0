"""The manifest: what a job is made of, stored, compared and carried by its output."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from clips import make
from fairy.config import EditConfig, JobConfig, VideoConfig
from fairy.errors import MediaError, OutputError
from fairy.jobs.delivery import plan_delivery
from fairy.jobs.manifest import RECIPE_LIMIT, Manifest, chunk_size, describe, describe_model, parse
from fairy.jobs.recipe import info
from fairy.jobs.selection import ShotPlan, select
from fairy.method.editor import Editor
from fairy.video import probe, read_recipe
from jobs import EDIT, INSTRUCTION, KEPT, Listener, edit, job_of


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    return make(tmp_path_factory.mktemp("clips") / "source.mp4", num_frames=7, metadata={"title": "Wolf"})


@pytest.fixture(scope="module")
def manifest(source, sd_model) -> Manifest:
    video, edit, job = VideoConfig(long_side=64), EditConfig(seed=3), JobConfig()
    selection = select(probe(source), video, edit, job, cuts=[4]).fitted(64)
    with Editor(sd_model) as editor:
        facts = describe_model(editor)
    delivery = plan_delivery(video, selection.info, selection.size)
    return describe(selection, facts, INSTRUCTION, edit.resolved(facts.defaults), delivery=delivery, job=job)


def test_a_stored_manifest_is_read_back(manifest, tmp_path):
    assert parse(manifest.to_json(), tmp_path) == manifest


@pytest.mark.parametrize(
    "damage",
    [lambda t: t[:-9], lambda t: t.replace("takes", "tales"), lambda t: t.replace(": 3", ": 4"), lambda _: "[]"],
)
def test_a_damaged_manifest_is_refused_with_advice(manifest, tmp_path, damage):
    with pytest.raises(OutputError, match=r"damaged.*--restart"):
        parse(damage(manifest.to_json()), tmp_path)


def test_equal_jobs_do_not_differ(manifest):
    delivered = replace(manifest, delivered=(640, 480), detail="off", quality=30, mask_hash="ab", feather=9)
    assert replace(delivered, source="elsewhere.mp4", chunk=5).differences(manifest) == []


def test_differences_are_named(manifest):
    other = replace(manifest, model=replace(manifest.model, dtype="bfloat16"), shots=(ShotPlan(0, 7, (0, 3)),))
    names = [line.split(" is ")[0] for line in other.differences(manifest)]
    assert names == ["dtype", "anchors", "cuts"]


def test_another_version_is_a_difference(manifest):
    versions = {**manifest.identity.versions, "torch": "1.0"}
    other = replace(manifest, identity=replace(manifest.identity, versions=versions))
    assert other.differences(manifest)[0].startswith("version of torch is 1.0")


def test_the_recipe_of_a_long_film_stays_short(manifest):
    shots = tuple(ShotPlan(i, i + 1, (i,)) for i in range(10_000))
    assert len(replace(manifest, shots=shots).recipe()) < RECIPE_LIMIT


@pytest.mark.parametrize("name", ["out.mp4", "out.mov", "out.mkv", "out.webm", "out.gif", "out/"])
def test_every_output_remembers_its_recipe(source, sd_model, tmp_path, name):
    edit(source, f"{tmp_path}/{name}", sd_model, job=JobConfig())
    recipe = info(tmp_path / name)
    assert (recipe["instruction"], recipe["settings"]["seed"], recipe["size"]) == (INSTRUCTION, EDIT.seed, [64, 48])
    assert recipe["shots"] == [[0, 7, [0, 3, 6]]]


@pytest.mark.parametrize("metadata", [{"title": "Wolf"}, {"comment": "mine"}, {"camera": "A7"}])
def test_the_sources_own_tags_stay(sd_model, tmp_path, metadata):
    source = make(tmp_path / "source.mp4", num_frames=2, metadata=metadata, movflags="use_metadata_tags")
    edit(source, tmp_path / "out.mp4", sd_model)
    assert probe(tmp_path / "out.mp4").metadata.items() >= metadata.items()
    assert info(tmp_path / "out.mp4")["instruction"] == INSTRUCTION


def test_an_edit_of_an_edit_tells_of_the_last_one(source, sd_model, tmp_path):
    edit(source, tmp_path / "a.mp4", sd_model)
    edit(tmp_path / "a.mp4", tmp_path / "b.mp4", sd_model, edit=replace(EDIT, seed=9))
    assert info(tmp_path / "b.mp4")["settings"]["seed"] == 9


def test_a_recipe_names_no_folder_of_this_disk(manifest, tmp_path_factory):
    assert str(tmp_path_factory.getbasetemp()) in manifest.source
    assert str(tmp_path_factory.getbasetemp()) not in manifest.recipe()


def test_an_unfinished_job_tells_how_far_it_is(source, sd_model, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        edit(source, tmp_path / "out.mp4", sd_model, report=Listener(4))
    told = info(tmp_path / "out.mp4")
    assert (told["instruction"], told["chunks_done"], told["num_chunks"]) == (INSTRUCTION, 1, 3)


def test_a_foreign_video_has_no_recipe(source):
    with pytest.raises(MediaError, match="no recipe"):
        info(source)


def test_the_text_in_a_png_harms_no_pixel(source, sd_model, tmp_path):
    edit(source, f"{tmp_path}/a/", sd_model, job=KEPT)
    assert read_recipe(tmp_path / "a" / "000003.png") == read_recipe(tmp_path / "a")
    image = np.asarray(Image.open(tmp_path / "a" / "000003.png"))
    assert np.array_equal(image, np.asarray(Image.open(job_of(tmp_path / "a") / "anchors" / "0-000003.png")))


@pytest.mark.parametrize(
    ("num_frames", "workers", "micro_batch", "expected"),
    [(120, 1, 1, 32), (120, 4, 1, 8), (120, 8, 8, 8), (9, 4, 1, 1), (172_800, 64, 8, 32), (100, 2, 64, 64)],
)
def test_many_workers_share_a_video_in_small_chunks_of_whole_micro_batches(num_frames, workers, micro_batch, expected):
    assert chunk_size(num_frames, workers, micro_batch) == expected
