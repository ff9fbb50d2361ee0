"""Lockstep: one step of the bank in memory, the same bits."""

from dataclasses import replace

import numpy as np
import pytest

from fairy.config import RunConfig
from fairy.method import lockstep
from fairy.method.editor import Editor
from joint_edits import CONFIG, INSTRUCTION, clip, edit

LOCKSTEP = RunConfig(bank="lockstep", batch_size=2)


@pytest.mark.parametrize("kind", ["sd_folder", "klein_base_folder"])
def test_lockstep_gives_the_bits_of_a_kept_bank(kind, request, monkeypatch):
    from fairy.models import load

    monkeypatch.setattr("fairy.method.editor.NUM_FRAMES", 4)  # two groups, the last one not whole
    model, given = load(request.getfixturevalue(kind), device="cpu"), {1: clip()[2]}
    edits = []
    for run in (RunConfig(), LOCKSTEP):
        with Editor(model, run, micro_batch=2) as editor:
            bank = editor.edit_anchors(clip()[[0, 5]], INSTRUCTION, CONFIG, given=given)
            edits.append(np.concatenate([bank.frames, edit(editor, clip(), bank)]))
    assert bank.num_bytes == 0
    assert np.array_equal(*edits)


def test_a_scheduler_of_second_order_goes_in_lockstep(sd_folder):
    from fairy.models import load

    edits = []
    for run in (RunConfig(), LOCKSTEP):
        with Editor(load(sd_folder, device="cpu", scheduler="heun"), run) as editor:
            edits.append(edit(editor, clip(3), editor.edit_anchors(clip()[[0, 5]], INSTRUCTION, CONFIG)))
    assert np.array_equal(*edits)


def test_without_strength_there_is_nothing_to_repeat(sd_model, monkeypatch):
    monkeypatch.setattr(lockstep, "edit_in_lockstep", None)
    with Editor(sd_model, LOCKSTEP) as editor:
        bank = editor.edit_anchors(clip()[[0, 5]], INSTRUCTION, replace(CONFIG, anchor_strength=0.0))
        assert edit(editor, clip(1), bank).shape == clip(1).shape


def test_memory_says_so_and_counts_one_step(sd_model):
    with Editor(sd_model) as kept, Editor(sd_model, LOCKSTEP) as stepping:
        whole, one = (editor.memory_needed((24, 32), 2, CONFIG) for editor in (kept, stepping))
    assert whole.bank == 3 * one.bank
    assert "one step at a time" in str(one)
    assert "one step at a time" not in str(whole)


def test_a_bank_that_does_not_fit_goes_in_lockstep(sd_model, monkeypatch):
    monkeypatch.setattr("fairy.method.memory.bank_bytes", lambda *_: 2**60)
    with Editor(sd_model) as editor:
        assert editor.memory_needed((24, 32), 2, CONFIG).lockstep
