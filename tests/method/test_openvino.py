"""Passes computed by OpenVINO: the picture is torch's up to rounding, and every frame's bits are its own."""

import sys
from dataclasses import replace

import numpy as np
import pytest

import fairy.models
from fairy.config import EditConfig, RunConfig
from fairy.errors import MissingPackageError, UsageError
from fairy.method import openvino
from fairy.method.editor import Editor
from fairy.models.identity import versions

INSTRUCTION = "make it night"
CONFIG = EditConfig(num_steps=2, text_guidance=3.0, image_guidance=1.5)


def frames(count=4):
    return np.random.default_rng(0).integers(0, 256, (count, 24, 32, 3), np.uint8)


@pytest.fixture(scope="module")
def quick(sd_folder):
    with Editor(fairy.models.load(sd_folder, compile="openvino")) as editor:
        yield editor


@pytest.fixture(scope="module")
def bank(quick):
    return quick.edit_anchors(frames()[[0, 3]], INSTRUCTION, CONFIG)


@pytest.mark.parametrize("num_anchors", [0, 2])
def test_the_picture_is_that_of_torch(sd_model, quick, num_anchors):
    edited = []
    with Editor(sd_model) as plain:
        for editor in (quick, plain):
            bank = editor.edit_anchors(frames()[:num_anchors], INSTRUCTION, CONFIG)
            edited.append(np.stack(list(editor.edit_frames(frames(), bank))).astype(int))
    assert np.abs(edited[0] - edited[1]).max() <= 1


def test_neither_companions_nor_threads_change_a_bit(quick, bank):
    together = list(quick.edit_frames(frames(), bank))
    with Editor(quick.model, RunConfig(batch_size=4)) as side_by_side:
        assert np.array_equal(together, list(side_by_side.edit_frames(frames(), bank)))
    assert np.array_equal(together[2], next(quick.edit_frames(frames()[2:3], bank)))


def test_sdxl_adds_its_inputs(sdxl_folder):
    model, edited = fairy.models.load(sdxl_folder, compile="openvino"), []
    for each in (model, replace(model, config=replace(model.config, compile="off"))):
        with Editor(each) as editor:
            bank = editor.edit_anchors(frames()[:0], INSTRUCTION, CONFIG)
            edited.append(next(editor.edit_frames(frames(), bank)).astype(int))
    assert np.abs(edited[0] - edited[1]).max() <= 1


def test_half_precision_is_a_wish_of_its_own(sd_folder, quick, bank):
    with Editor(fairy.models.load(sd_folder, compile="openvino-bf16")) as editor:
        coarse = next(editor.edit_frames(frames(), bank)).astype(int)
    assert np.abs(coarse - next(quick.edit_frames(frames(), bank))).mean() < 8


def test_its_version_is_part_of_what_decides_a_bit():
    assert "openvino" in versions("openvino")
    assert "openvino" not in versions()


def test_other_number_formats_are_refused(sd_folder):
    with pytest.raises(UsageError, match="--compile openvino: is for --device cpu and --dtype float32"):
        fairy.models.load(sd_folder, compile="openvino", dtype="bfloat16")


def test_where_it_is_not_installed_the_line_says_how_to(monkeypatch):
    monkeypatch.setitem(sys.modules, "openvino", None)
    with pytest.raises(MissingPackageError, match=r"pip install 'fairy-video\[openvino\]'"):
        openvino.import_openvino("openvino")
