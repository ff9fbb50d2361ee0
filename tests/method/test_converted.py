"""Graphs on disk: the next start does not trace the model again, and bits do not depend on them."""

import numpy as np
import pytest
import torch

import fairy.models
from fairy.config import EditConfig
from fairy.method import converted
from fairy.method.converted import cache_folder
from fairy.method.editor import Editor
from fairy.method.openvino import import_openvino

FRAMES = np.random.default_rng(0).integers(0, 256, (1, 24, 32, 3), np.uint8)


@pytest.fixture(autouse=True)
def empty(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))


@pytest.fixture
def conversions(monkeypatch):
    """Grows with each."""
    openvino = import_openvino("openvino")
    made, convert = [], openvino.convert_model
    monkeypatch.setattr(openvino, "convert_model", lambda *args, **kwargs: made.append(1) or convert(*args, **kwargs))
    return made


@pytest.fixture
def model(sd_folder):
    """One of the test's own."""
    return fairy.models.load(sd_folder, compile="openvino")


def edited(model):
    with Editor(model) as editor:
        bank = editor.edit_anchors(FRAMES[:0], "make it night", EditConfig(num_steps=1, text_guidance=3.0))
        return next(editor.edit_frames(FRAMES, bank))


def test_the_second_start_converts_nothing_and_gives_the_same_bits(model, conversions):
    first = edited(model)
    assert len(conversions) == 1
    assert np.array_equal(edited(model), first)
    assert len(conversions) == 1


def test_other_weights_are_another_graph(model, conversions):
    first = edited(model)
    with torch.no_grad():
        model.denoiser.conv_out.bias += 1
    assert not np.array_equal(edited(model), first)
    assert len(conversions) == 2


@pytest.mark.parametrize("file", ["graph.bin", "graph.xml", "digests.json"])
def test_a_damaged_graph_is_made_anew(model, conversions, file):
    first = edited(model)
    path = next(cache_folder().glob(f"*/{file}"))
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    assert np.array_equal(edited(model), first)
    assert np.array_equal(edited(model), first)
    assert len(conversions) == 2


def test_a_cache_that_cannot_be_written_is_none(model, conversions, tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert np.array_equal(edited(model), edited(model))
    assert len(conversions) == 2


def test_what_was_not_used_for_longest_is_forgotten(model, monkeypatch):
    old = cache_folder() / "old"
    old.mkdir(parents=True)
    (old / "graph.bin").write_bytes(bytes(100))
    monkeypatch.setattr(converted, "MOST_BYTES", 1)
    edited(model)
    assert not old.exists()
    assert len(list(cache_folder().iterdir())) == 1
