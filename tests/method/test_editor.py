"""The editor: equal to diffusers' own pipelines without anchors, and bit for bit the same in any batch and order."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from diffusers import StableDiffusionInstructPix2PixPipeline, StableDiffusionXLInstructPix2PixPipeline

import fairy.models
from fairy.config import EditConfig, RunConfig
from fairy.errors import UsageError
from fairy.method.bank import StepReader
from fairy.method.editor import Editor
from fairy.pictures.tensors import to_tensor

INSTRUCTION = "make it night"
CONFIG = EditConfig(num_steps=3, seed=5, text_guidance=3.0, image_guidance=1.5)


def clip(num_frames=6, height=24, width=32, seed=0):
    """Smooth random frames, uint8 (F, H, W, 3)."""
    coarse = np.random.default_rng(seed).integers(0, 256, (num_frames, height // 8, width // 8, 3), np.uint8)
    return coarse.repeat(8, axis=1).repeat(8, axis=2)


def edit(editor, frames, bank):
    return np.stack(list(editor.edit_frames(frames, bank)))


@pytest.fixture
def editor(sd_model):
    with Editor(sd_model) as editor:
        yield editor


@pytest.fixture
def bank(editor):
    return editor.edit_anchors(clip()[[0, 5]], INSTRUCTION, CONFIG)


@pytest.mark.parametrize(
    ("kind", "folder", "image_guidance"),
    [
        (StableDiffusionInstructPix2PixPipeline, "sd_folder", 1.5),
        (StableDiffusionInstructPix2PixPipeline, "sd_folder", 1.0),
        (StableDiffusionXLInstructPix2PixPipeline, "sdxl_folder", 1.5),
        (StableDiffusionXLInstructPix2PixPipeline, "sdxl_folder", 1.0),
    ],
)
def test_without_anchors_it_is_diffusers_own_pipeline(kind, folder, image_guidance, request):
    path = request.getfixturevalue(folder)
    frame, config = clip(1), replace(CONFIG, image_guidance=image_guidance)
    with Editor(fairy.models.load(path)) as editor:
        edited = edit(editor, frame, editor.edit_anchors(frame[:0], INSTRUCTION, config))
    stock = kind.from_pretrained(path)
    stock.set_progress_bar_config(disable=True)
    expected = stock(
        prompt=INSTRUCTION,
        image=to_tensor(frame) * 0.5 + 0.5,
        height=24,
        width=32,
        num_inference_steps=3,
        guidance_scale=3.0,
        image_guidance_scale=image_guidance,
        generator=torch.Generator().manual_seed(5),
        output_type="np",
    ).images
    # One level of 255: the two compute the same numbers in batches of other shapes, on other numbers of threads.
    assert np.abs(edited / 255 - expected).max() < 1.01 / 255


@pytest.mark.parametrize("batch_size", [1, 2, 3, 6])
@pytest.mark.parametrize("micro_batch", [1, 4])
def test_batch_size_does_not_change_a_bit(sd_model, bank, batch_size, micro_batch):
    with Editor(sd_model, micro_batch=micro_batch) as reference:
        expected = edit(reference, clip(), bank)
    with Editor(sd_model, RunConfig(batch_size=batch_size), micro_batch=micro_batch) as editor:
        assert np.array_equal(edit(editor, clip(), bank), expected)


@pytest.mark.parametrize("micro_batch", [1, 4])
def test_order_does_not_change_a_bit(sd_model, bank, micro_batch):
    order = [3, 0, 5, 1, 4, 2]
    with Editor(sd_model, micro_batch=micro_batch) as editor:
        assert np.array_equal(edit(editor, clip()[order], bank), edit(editor, clip(), bank)[order])


@pytest.mark.parametrize("micro_batch", [1, 4])
def test_a_frame_does_not_depend_on_its_companions(sd_model, bank, micro_batch):
    with Editor(sd_model, micro_batch=micro_batch) as editor:
        together = edit(editor, clip(), bank)
        alone = np.concatenate([edit(editor, frame[None], bank) for frame in clip()])
    assert np.array_equal(together, alone)


def test_the_start_of_the_range_does_not_change_a_bit(editor, bank):
    assert np.array_equal(edit(editor, clip()[3:], bank), edit(editor, clip(), bank)[3:])


def test_the_number_of_threads_of_the_process_does_not_change_a_bit(editor, bank):
    threads, expected = torch.get_num_threads(), edit(editor, clip(), bank)
    try:
        torch.set_num_threads(3 - min(threads, 2))
        assert np.array_equal(edit(editor, clip(), bank), expected)
    finally:
        torch.set_num_threads(threads)


def test_two_runs_give_the_same_bits(editor, bank):
    again = editor.edit_anchors(clip()[[0, 5]], INSTRUCTION, CONFIG)
    assert np.array_equal(again.frames, bank.frames)
    assert np.array_equal(edit(editor, clip(), again), edit(editor, clip(), bank))


def test_another_seed_gives_another_picture(editor, bank):
    other = editor.edit_anchors(clip()[[0, 5]], INSTRUCTION, EditConfig(num_steps=3, seed=6))
    assert not np.array_equal(other.frames, bank.frames)


def test_a_frame_that_is_its_own_only_anchor_is_edited_plainly(editor):
    frame = clip(1)
    as_anchor = editor.edit_anchors(frame, INSTRUCTION, CONFIG).frames
    plainly = edit(editor, frame, editor.edit_anchors(frame[:0], INSTRUCTION, CONFIG))
    assert np.array_equal(as_anchor, plainly)


def test_anchors_of_no_strength_edit_plainly(editor):
    frames = clip()
    without = editor.edit_anchors(frames[:0], INSTRUCTION, CONFIG)
    weak = editor.edit_anchors(
        frames[[0, 5]],
        INSTRUCTION,
        EditConfig(num_steps=3, seed=5, text_guidance=3, image_guidance=1.5, anchor_strength=0),
    )
    assert np.array_equal(edit(editor, frames, weak), edit(editor, frames, without))


def test_anchors_change_the_other_frames(editor, bank):
    without = editor.edit_anchors(clip()[:0], INSTRUCTION, CONFIG)
    assert not np.array_equal(edit(editor, clip(), bank), edit(editor, clip(), without))


def test_the_bank_holds_every_self_attention_layer_at_every_step(editor, bank):
    layers = {name.removesuffix(".processor") for name in editor.model.denoiser.attn_processors if "attn1" in name}
    assert [set(step) for step in bank.steps] == [layers] * 3


def test_a_given_anchor_stays_as_it_is(editor, bank):
    picture = clip(1, seed=9)[0]
    given = editor.edit_anchors(clip()[[0, 5]], INSTRUCTION, CONFIG, given={1: picture})
    assert np.array_equal(given.frames[1], picture)
    assert not np.array_equal(given.frames[0], bank.frames[0])


def test_the_other_frames_follow_a_given_anchor(editor, bank):
    given = editor.edit_anchors(clip()[[0, 5]], INSTRUCTION, CONFIG, given={1: clip(1, seed=9)[0]})
    assert not np.array_equal(edit(editor, clip(), given), edit(editor, clip(), bank))


def test_the_bank_reads_as_a_step(bank):
    assert isinstance(bank.at(0), StepReader)


def test_the_bank_on_the_host_gives_the_same_bits(sd_model, bank):
    with Editor(sd_model, RunConfig(bank="host")) as editor:
        hosted = editor.edit_anchors(clip()[[0, 5]], INSTRUCTION, CONFIG)
        assert np.array_equal(edit(editor, clip(), hosted), edit(editor, clip(), bank))


def test_sizes_that_are_no_multiple_of_eight_are_padded_and_cut_back(editor):
    frames = clip(3)[:, :18, :26]
    bank = editor.edit_anchors(frames[:2], INSTRUCTION, CONFIG)
    assert bank.frames.shape == (2, 18, 26, 3)
    assert edit(editor, frames, bank).shape == frames.shape


def test_memory_foretold_for_the_bank_is_what_it_takes(editor, bank):
    assert editor.memory_needed((24, 32), 2, CONFIG).bank == bank.num_bytes


@pytest.mark.parametrize("change", [{"guided_share": 0.4}, {"fast": True}])
def test_what_makes_an_edit_fast_is_exact_and_takes_a_smaller_bank(sd_model, bank, change):
    config = replace(CONFIG, **change)
    with Editor(sd_model, micro_batch=4) as editor:
        small = editor.edit_anchors(clip()[[0, 5]], INSTRUCTION, config)
        together, alone = edit(editor, clip(), small), edit(editor, clip()[3:4], small)
        assert small.num_bytes == editor.memory_needed((24, 32), 2, config).bank < bank.num_bytes
    assert np.array_equal(together[3], alone[0])


def test_frames_are_taken_only_as_they_are_needed(sd_model, bank):
    taken = []
    frames = (taken.append(i) or frame for i, frame in enumerate(clip(6)))
    with Editor(sd_model, RunConfig(batch_size=1)) as editor:
        edited = editor.edit_frames(frames, bank)
        next(edited)
        edited.close()
    assert len(taken) <= 2


def test_an_editor_leaves_the_number_of_threads_as_it_was(editor, bank):
    before = torch.get_num_threads()
    edit(editor, clip(2), bank)
    assert torch.get_num_threads() == before


def test_an_empty_instruction_is_refused(editor):
    with pytest.raises(UsageError, match="the instruction is empty"):
        editor.edit_anchors(clip(1), "  ")


def test_frames_of_another_size_than_the_anchors_are_refused(editor, bank):
    with pytest.raises(ValueError, match="do not fit"):
        list(editor.edit_frames(clip(1, 16, 16), bank))
