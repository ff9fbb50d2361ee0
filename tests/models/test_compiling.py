"""What `--compile auto` means: of the model, the packages and the length of the source alone."""

import sys

import pytest

from fairy.models import compiling, load


@pytest.mark.parametrize(("num_frames", "mode"), [(119, "off"), (120, "openvino")])
def test_a_long_source_repays_making_kernels(sd_model, num_frames, mode):
    assert sd_model.for_video(num_frames).config.compile == mode


def test_what_was_asked_for_stays(sd_folder):
    assert load(sd_folder, compile="off").for_video(1000).config.compile == "off"


def test_a_heavy_model_is_not_copied(sd_model, monkeypatch):
    monkeypatch.setattr(compiling, "LIGHT", 1)
    assert sd_model.for_video(1000).config.compile == "off"


def test_a_transformer_is_left_to_torch(klein_model):
    assert klein_model.for_video(1000).config.compile == "off"


def test_another_number_format_is_left_to_torch(sd_folder):
    assert load(sd_folder, dtype="bfloat16").for_video(1000).config.compile == "off"


def test_where_openvino_is_not_installed_torch_computes(sd_folder, monkeypatch):
    monkeypatch.setitem(sys.modules, "openvino", None)
    assert load(sd_folder).for_video(1000).config.compile == "off"
