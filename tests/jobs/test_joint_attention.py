"""Jobs with a transformer in place of a UNet: edit, keep, verify, preview, workers' worth of options, licence."""

from pathlib import Path

import numpy as np
import pytest

from clips import make
from fairy.config import EditConfig, JobConfig, ModelConfig, RunConfig
from fairy.jobs.calls import edit_video, preview
from fairy.jobs.verify import verify
from fairy.models import Model
from jobs import KEPT, Listener, pictures

INSTRUCTION = "make it night"


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """8 frames of 32x24."""
    return make(tmp_path_factory.mktemp("clips") / "source.mp4", num_frames=8, size=(32, 24))


@pytest.mark.parametrize("kind", ["klein_folder", "klein_base_folder", "kontext_folder"])
def test_a_job_is_made_kept_and_verified(
    source: Path, tmp_path: Path, kind: str, request: pytest.FixtureRequest
) -> None:
    config = ModelConfig(model=str(request.getfixturevalue(kind)), device="cpu")
    result = edit_video(source, INSTRUCTION, tmp_path / "out.mp4", edit=EditConfig(num_steps=2), model=config, job=KEPT)
    assert result.num_frames == 8
    assert verify(tmp_path / "out.mp4").num_identical == 8


def test_a_job_that_was_stopped_goes_on_to_the_same_bits(source: Path, tmp_path: Path, klein_model: Model) -> None:
    options = {"model": klein_model, "job": JobConfig(chunk=2)}
    edit_video(source, INSTRUCTION, f"{tmp_path}/whole/", **options, run=RunConfig(batch_size=4))
    with pytest.raises(KeyboardInterrupt):
        edit_video(source, INSTRUCTION, f"{tmp_path}/stopped/", **options, report=Listener(stop_at=5))
    edit_video(source, INSTRUCTION, f"{tmp_path}/stopped/", **options)
    assert np.array_equal(pictures(tmp_path / "stopped"), pictures(tmp_path / "whole"))


def test_a_preview_has_the_anchors(source: Path, tmp_path: Path, klein_model: Model) -> None:
    assert preview(source, INSTRUCTION, tmp_path / "sheet.png", model=klein_model).anchors == (0, 4, 7)


def test_what_the_licence_forbids_is_said_before_the_start(source: Path, tmp_path: Path, kontext_model: Model) -> None:
    listener = Listener()
    preview(source, INSTRUCTION, tmp_path / "sheet.png", model=kontext_model, report=listener)
    assert any("non-commercial" in note for note in listener.notes)
