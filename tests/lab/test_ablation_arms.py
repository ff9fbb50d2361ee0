"""Ways of giving anchors to joint attention, on a random model of FLUX.2 klein's class."""

from dataclasses import replace

import numpy as np
import pytest

import fairy.models
from fairy.config import EditConfig, RunConfig
from fairy.lab.ablation import arms
from fairy.lab.ablation.clips import World, make_clip
from fairy.method.editor import Editor
from tiny_flux2 import build_klein_folder

BASE = arms.Arm("base", EditConfig(num_anchors=3, num_steps=2))


@pytest.fixture(scope="module")
def editor(tmp_path_factory):
    model = fairy.models.load(build_klein_folder(tmp_path_factory.mktemp("klein")))
    with Editor(model, RunConfig(batch_size=4), micro_batch=4) as editor:
        yield editor


@pytest.fixture(scope="module")
def clip():
    return make_clip(0, "paint_all", World((64, 64)))


@pytest.fixture(scope="module")
def base(editor, clip):
    return arms.edit_clip(editor, clip, BASE)


def difference(first, second):
    return np.abs(first.astype(int) - second).max()


def test_the_base_is_the_method_itself(editor, clip, base):
    bank = editor.edit_anchors(clip.anchors(3)[1], clip.instruction, BASE.edit)
    assert difference(base, np.stack(list(editor.edit_frames(clip.source, bank)))) <= 1  # other sums, other roundings


def test_no_anchors_are_no_arm(editor, clip):
    alone = replace(BASE, edit=replace(BASE.edit, num_anchors=0))
    bank = editor.edit_anchors(clip.source[:0], clip.instruction, alone.edit)
    expected = np.stack(list(editor.edit_frames(clip.source, bank)))
    assert np.array_equal(arms.edit_clip(editor, clip, alone), expected)


@pytest.mark.parametrize("how", [{"balanced": False}, {"source": True}, {"time": 20}, {"last": True}])
def test_every_arm_is_another_edit(editor, clip, base, how):
    assert difference(arms.edit_clip(editor, clip, replace(BASE, **how)), base) > 0


def test_balanced_source_tokens_of_the_frame_itself_change_nothing(editor, clip):
    still = replace(clip, source=np.repeat(clip.anchors(1)[1], 4, axis=0))  # every frame is its own anchor
    for arm in (replace(BASE, edit=EditConfig(num_anchors=1, num_steps=2)),):
        alone = arms.edit_clip(editor, still, replace(arm, edit=replace(arm.edit, num_anchors=0)))
        for how in ({}, {"source": True}):
            assert difference(arms.edit_clip(editor, still, replace(arm, **how)), alone) <= 1
        assert difference(arms.edit_clip(editor, still, replace(arm, balanced=False)), alone) > 1
