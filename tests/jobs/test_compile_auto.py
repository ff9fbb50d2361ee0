"""`--compile auto`, the default: decided by the length of the source, told in the manifest, kept by what looks back."""

import numpy as np
import pytest

from clips import make
from fairy.config import JobConfig, ModelConfig, VideoConfig
from fairy.jobs.manifest import parse
from fairy.jobs.redo import redo
from fairy.jobs.verify import verify
from fairy.models import compiling
from jobs import Listener, edit, job_of, pictures


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    return make(tmp_path_factory.mktemp("clips") / "source.mp4", num_frames=7)


@pytest.fixture
def long_enough(monkeypatch):
    """Seven frames are a long video."""
    monkeypatch.setattr(compiling, "LONG_VIDEO", 7)


def compiled(output):
    return parse((job_of(output) / "manifest.json").read_text(), output).model.compile


def test_a_short_video_is_computed_by_torch(source, sd_model, tmp_path):
    edit(source, tmp_path / "out.mp4", sd_model)
    assert compiled(tmp_path / "out.mp4") == "off"


@pytest.mark.usefixtures("long_enough")
def test_a_long_video_is_computed_by_openvino(source, sd_model, sd_folder, tmp_path):
    report = Listener()
    edit(source, f"{tmp_path}/auto/", sd_model, report=report)
    edit(source, f"{tmp_path}/openvino/", ModelConfig(model=str(sd_folder), compile="openvino"))
    assert compiled(tmp_path / "auto") == "openvino"
    assert any("--compile openvino" in note for note in report.notes)
    assert np.array_equal(pictures(tmp_path / "auto"), pictures(tmp_path / "openvino"))


@pytest.mark.usefixtures("long_enough")
def test_a_range_has_the_bits_of_the_whole(source, sd_model, tmp_path):
    alone = JobConfig(keep_job=True, anchors=(0,))
    edit(source, f"{tmp_path}/whole/", sd_model, job=alone)
    edit(source, f"{tmp_path}/range/", sd_model, job=alone, video=VideoConfig(long_side=64, size="model", end=0.1))
    part = pictures(tmp_path / "range")
    assert 1 < len(part) < 7
    assert np.array_equal(part, pictures(tmp_path / "whole")[: len(part)])


def test_looking_back_keeps_to_what_the_job_was_made_with(source, sd_model, tmp_path, monkeypatch):
    monkeypatch.setattr(compiling, "LONG_VIDEO", 7)
    edit(source, tmp_path / "out.mp4", sd_model)
    before = (tmp_path / "out.mp4").read_bytes()
    monkeypatch.setattr(compiling, "LONG_VIDEO", 100)
    for model in (sd_model, None):
        assert verify(tmp_path / "out.mp4", num_frames=7, model=model).num_identical == 7
    redo(tmp_path / "out.mp4", (1, 5), model=sd_model)
    assert (tmp_path / "out.mp4").read_bytes() == before
