"""Every field that decides a bit stops a job from going on when it changes; and what redo and verify hold to."""

from dataclasses import fields, replace

import numpy as np
import pytest
from PIL import Image

from clips import make, stamps
from fairy.config import EditConfig, EditSettings, JobConfig, MaskConfig, ModelConfig, VideoConfig
from fairy.errors import MediaError, ModelError, UsageError
from fairy.jobs.delivery import plan_delivery
from fairy.jobs.manifest import Manifest, Take, describe, describe_model, hash_source, parse
from fairy.jobs.redo import redo
from fairy.jobs.selection import ShotPlan, select
from fairy.jobs.verify import verify
from fairy.method.editor import Editor
from fairy.models import load
from fairy.models.identity import Identity
from fairy.video import probe
from jobs import EDIT, KEPT, SMALL, Listener, edit, job_of, pictures
from tiny import build_sd_folder

PATHS = {"model.model", "model.lora", "model.decoder"}
"""What lies there is known by its hash, in the identity."""
FREE = {"source", "chunk", "delivered", "detail", "codec", "quality", "mask", "mask_hash", "feather", "auto_mask"}
"""Where the source lies, and how the video is delivered."""
PARTS = {"model": ModelConfig, "identity": Identity, "take": Take, "settings": EditSettings}
NESTED = {"model", "identity", "takes", "take.settings", "take.number"}
FIELDS = [each.name for each in fields(Manifest)] + [
    f"{part}.{each.name}" for part, kind in PARTS.items() for each in fields(kind)
]
DECIDING = sorted({*FIELDS} - FREE - PATHS - NESTED)
STRUCTURED = {
    "size": (32, 24),
    "shots": (ShotPlan(0, 7, (0, 6)),),
    "given": {3: "ab"},
    "identity.added": ("ab",),
    "identity.versions": {"torch": "0"},
    "take.stop": 5,
    "model.compile": "default",
}


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    return make(tmp_path_factory.mktemp("clips") / "source.mp4", num_frames=7)


@pytest.fixture(scope="module")
def manifest(source, sd_model) -> Manifest:
    selection = select(probe(source), VideoConfig(), EditConfig(), JobConfig()).fitted(64)
    with Editor(sd_model) as editor:
        facts = describe_model(editor)
    delivery = plan_delivery(VideoConfig(), selection.info, selection.size)
    settings = EditConfig().resolved(facts.defaults)
    return describe(selection, facts, "night", settings, delivery=delivery, job=JobConfig())


def other_than(value):
    """Another value of the same kind."""
    if isinstance(value, bool):
        return not value
    return f"{value}x" if isinstance(value, str) else 7 if value is None else value + 1


def changed(manifest: Manifest, name: str) -> Manifest:
    """The manifest with one field changed."""
    part, _, field = name.rpartition(".")
    owner = {"": manifest, "model": manifest.model, "identity": manifest.identity}.get(part, manifest.edit)
    owner = manifest.edit.settings if part == "settings" else owner
    value = STRUCTURED[name] if name in STRUCTURED else other_than(getattr(owner, field))
    new = replace(owner, **{field: value})
    if part == "settings":
        new = replace(manifest.edit, settings=new)
    if part in ("take", "settings"):
        return replace(manifest, takes=(new,))
    return replace(manifest, **{part: new}) if part else new


@pytest.mark.parametrize("name", DECIDING)
def test_a_changed_field_stops_a_job_from_going_on(manifest, name):
    assert len(changed(manifest, name).differences(manifest)) == 1


@pytest.mark.parametrize("name", sorted(FREE - {"delivered"}))
def test_delivery_and_place_are_free(manifest, name):
    assert changed(manifest, name).differences(manifest) == []


def test_the_order_of_a_folder_of_pictures_decides(tmp_path):
    for name, level in (("0.png", 10), ("1.png", 200)):
        Image.new("RGB", (32, 32), (level,) * 3).save(tmp_path / name)
    images = (tmp_path / "0.png", tmp_path / "1.png")
    assert hash_source(tmp_path, images) != hash_source(tmp_path, images[::-1])


@pytest.mark.parametrize(
    ("wish", "name"),
    [
        ({"edit": replace(EDIT, seed=4)}, "seed"),
        ({"edit": replace(EDIT, text_guidance=2.0)}, "text-guidance"),
        ({"video": replace(SMALL, long_side=96)}, "size"),
        ({"video": replace(SMALL, start=0.04)}, "range of frames"),
        ({"job": replace(KEPT, anchors=(1,))}, "anchors"),
        ({"cuts": [4]}, "cuts"),
    ],
)
def test_an_interrupted_job_refuses_another_wish(source, sd_model, tmp_path, wish, name):
    with pytest.raises(KeyboardInterrupt):
        edit(source, tmp_path / "out.mp4", sd_model, report=Listener(4))
    with pytest.raises(UsageError, match=rf"{name} is .* --restart"):
        edit(source, tmp_path / "out.mp4", sd_model, **wish)


@pytest.mark.parametrize("work", [lambda made, model: redo(made, (0, 2), model=model), lambda o, m: verify(o, model=m)])
def test_redo_and_verify_refuse_another_model(source, sd_model, tmp_path, work):
    edit(source, tmp_path / "out.mp4", sd_model)
    other = load(build_sd_folder(tmp_path / "other", seed=1), device="cpu")
    with pytest.raises(ModelError, match="is not the model of this job any more"):
        work(tmp_path / "out.mp4", other)


def test_redo_refuses_another_mask(source, sd_model, tmp_path):
    Image.new("RGB", (64, 48), "white").save(tmp_path / "mask.png")
    edit(source, tmp_path / "out.mp4", sd_model, mask=MaskConfig(mask=tmp_path / "mask.png"))
    Image.new("RGB", (64, 48), "black").save(tmp_path / "mask.png")
    with pytest.raises(MediaError, match=r"mask\.png has changed since"):
        redo(tmp_path / "out.mp4", (0, 2), model=sd_model)


def test_what_a_later_redo_hides_is_forgotten(source, sd_model, tmp_path):
    edit(source, f"{tmp_path}/out/", sd_model)
    output, taken = tmp_path / "out", []
    for seed in (8, 9):
        redo(output, (2, 5), seed=seed, model=sd_model)
        chunks = sorted(path.name.split("-")[0] for path in job_of(output).glob("chunks/*"))
        taken.append(chunks)
        file = job_of(output) / "manifest.json"
        assert len(parse(file.read_text(), file).takes) == 2
    assert taken == [["0", "0", "0", "1"], ["0", "0", "0", "2"]]


def test_a_range_has_the_time_stamps_of_its_frames_from_zero(sd_model, tmp_path):
    made = make(tmp_path / "source.mp4", pts=[0, 2, 3, 7, 8, 12], last_duration=3)
    edit(made, tmp_path / "out.mp4", sd_model, video=replace(SMALL, start=0.12))
    assert [float(stamp) for stamp in stamps(tmp_path / "out.mp4")] == pytest.approx([0, 0.16, 0.2, 0.36])


def test_a_range_has_the_pictures_of_its_frames(source, sd_model, tmp_path):
    whole = replace(KEPT, anchors=(4,))
    edit(source, f"{tmp_path}/whole/", sd_model, job=whole)
    edit(source, f"{tmp_path}/part/", sd_model, job=whole, video=replace(SMALL, start=0.12, end=0.24))
    assert np.array_equal(pictures(tmp_path / "part"), pictures(tmp_path / "whole")[3:6])


def test_the_same_edit_again_keeps_what_was_redone(source, sd_model, tmp_path):
    edit(source, f"{tmp_path}/out/", sd_model)
    redo(tmp_path / "out", (2, 5), seed=8, model=sd_model)
    before = pictures(tmp_path / "out")
    edit(source, f"{tmp_path}/out/", sd_model, overwrite=True)
    assert np.array_equal(pictures(tmp_path / "out"), before)
