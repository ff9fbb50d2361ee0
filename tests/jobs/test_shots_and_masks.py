"""Jobs over several shots and through masks."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from clips import make
from fairy.config import EditConfig, JobConfig, MaskConfig
from fairy.errors import MediaError, UsageError
from fairy.jobs.calls import preview, preview_grid
from fairy.jobs.redo import redo
from fairy.jobs.verify import verify
from fairy.lab.synthetic import render_clip
from fairy.models import Model
from fairy.video import probe, read_frames
from jobs import EDIT, INSTRUCTION, KEPT, SMALL, Listener, edit, pictures
from sheets import places

LEFT_ALONE = np.s_[:, :, :32]


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two scenes of five frames."""
    frames = [*render_clip(1, 5, (64, 48)), *render_clip(2, 5, (64, 48))]
    path = tmp_path_factory.mktemp("clips") / "source.mp4"
    return make(path, num_frames=10, image=lambda index, size: frames[index])  # noqa: ARG005


@pytest.fixture(scope="module")
def mask(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Black on the left, white on the right."""
    path = tmp_path_factory.mktemp("mask") / "mask.png"
    Image.fromarray(np.repeat(np.uint8([[0] * 32 + [255] * 32]), 48, axis=0)).save(path)
    return path


def sources(source: Path) -> np.ndarray:
    return np.stack([frame.image for frame in read_frames(probe(source), size=(64, 48))])


def test_each_found_shot_gets_its_own_anchors(source: Path, sd_model: Model, tmp_path: Path) -> None:
    report = Listener()
    result = edit(source, tmp_path / "out.mp4", sd_model, report=report)
    assert result.anchors == (0, 2, 4, 5, 7, 9)
    assert "cuts at frames 5 (0:00:00.200)" in report.notes


@pytest.mark.parametrize(("shots", "anchors"), [("off", (0, 5, 9)), ("FILE", (0, 1, 2, 3, 6, 9))])
def test_cuts_can_be_given_or_left_out(
    source: Path, sd_model: Model, tmp_path: Path, shots: str, anchors: tuple[int, ...]
) -> None:
    (tmp_path / "FILE").write_text("0.12\n")
    job = replace(KEPT, shots=shots.replace("FILE", str(tmp_path / "FILE")))
    assert edit(source, tmp_path / "out.mp4", sd_model, job=job).anchors == anchors


def test_a_frame_does_not_depend_on_the_other_shot(source: Path, sd_model: Model, tmp_path: Path) -> None:
    edit(source, f"{tmp_path}/both/", sd_model)
    edit(source, f"{tmp_path}/second/", sd_model, video=replace(SMALL, start=0.2))
    assert np.array_equal(pictures(tmp_path / "both")[5:], pictures(tmp_path / "second"))


def test_outside_of_the_mask_frames_are_the_sources_own(
    source: Path, mask: Path, sd_model: Model, tmp_path: Path
) -> None:
    edit(source, f"{tmp_path}/plain/", sd_model)
    edit(source, f"{tmp_path}/masked/", sd_model, mask=MaskConfig(mask=mask, feather=3))
    masked, plain, own = pictures(tmp_path / "masked"), pictures(tmp_path / "plain"), sources(source)
    assert np.array_equal(masked[LEFT_ALONE], own[LEFT_ALONE])
    assert np.array_equal(masked[:, :, 35:], plain[:, :, 35:])
    assert not np.array_equal(masked[:, :, 32:35], plain[:, :, 32:35])


def test_a_preview_and_a_grid_show_masked_frames(source: Path, mask: Path, sd_model: Model, tmp_path: Path) -> None:
    options = {"edit": EDIT, "video": SMALL, "model": sd_model, "mask": MaskConfig(mask=mask)}
    preview(source, INSTRUCTION, tmp_path / "sheet.png", **options)
    preview_grid(source, INSTRUCTION, tmp_path / "grid.png", ["seed=3"], **options)
    edit(source, f"{tmp_path}/out/", sd_model, mask=MaskConfig(mask=mask))
    shown = pictures(tmp_path / "out")[2]
    assert len(places(tmp_path / "sheet.png", shown)) == len(places(tmp_path / "grid.png", shown)) == 1


def test_masked_frames_are_redone_and_verified(source: Path, mask: Path, sd_model: Model, tmp_path: Path) -> None:
    out = f"{tmp_path}/out/"
    edit(source, out, sd_model, mask=MaskConfig(mask=mask, auto_mask=True))
    assert verify(out, model=sd_model, num_frames=3).num_identical == 3
    redo(out, (4, 7), seed=9, model=sd_model)
    assert np.array_equal(pictures(tmp_path / "out")[LEFT_ALONE], sources(source)[LEFT_ALONE])


def test_another_mask_edits_no_frame_again(source: Path, mask: Path, sd_model: Model, tmp_path: Path) -> None:
    out = f"{tmp_path}/out/"
    edit(source, out, sd_model, mask=MaskConfig(mask=mask))
    again = edit(source, out, sd_model, mask=MaskConfig(mask=mask, feather=9, auto_mask=True), overwrite=True)
    fresh = edit(source, f"{tmp_path}/new/", sd_model, mask=MaskConfig(mask=mask, feather=9, auto_mask=True))
    assert (again.frames_per_second, fresh.frames_per_second > 0) == (0, True)
    assert np.array_equal(pictures(tmp_path / "out"), pictures(tmp_path / "new"))


def test_a_changed_mask_is_noticed(source: Path, mask: Path, sd_model: Model, tmp_path: Path) -> None:
    own = tmp_path / "mask.png"
    own.write_bytes(mask.read_bytes())
    edit(source, tmp_path / "out.mp4", sd_model, mask=MaskConfig(mask=own))
    Image.new("L", (64, 48)).save(own)
    with pytest.raises(MediaError, match=r"mask.png has changed"):
        redo(tmp_path / "out.mp4", (0, 2), model=sd_model)


def test_a_grid_refuses_given_anchors(source: Path, mask: Path, sd_model: Model, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--grid and --anchor"):
        preview_grid(
            source, INSTRUCTION, tmp_path / "grid.png", ["seed=1"], job=JobConfig(given={0: mask}), model=sd_model
        )


def test_a_grid_shows_the_shot_in_the_middle(source: Path, sd_model: Model, tmp_path: Path) -> None:
    result = preview_grid(
        source,
        INSTRUCTION,
        tmp_path / "grid.png",
        ["seed=1,2"],
        edit=EditConfig(num_steps=1),
        model=sd_model,
        video=SMALL,
    )
    assert result.frames == (0, 2, 4)
