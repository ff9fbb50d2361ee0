"""FLUX.1 Kontext: diffusers' own bits without anchors, and the identities of joint attention."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from diffusers import FluxKontextPipeline
from PIL import Image

from fairy.errors import ModelError
from fairy.method.editor import Editor
from fairy.models import Model, load
from fairy.pictures.tensors import to_uint8
from joint_edits import CONFIG, INSTRUCTION, alone, as_fairy_computes, clip, decoding, edit, latents_of
from tiny_kontext import TEXT_LENGTH, build_kontext_folder


@pytest.mark.usefixtures("one_thread")
def test_without_anchors_it_is_diffusers_own_pipeline_bit_for_bit(
    kontext_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stock = as_fairy_computes(FluxKontextPipeline.from_pretrained(kontext_folder))
    monkeypatch.setattr(stock.image_processor, "resize", lambda image, *_: image)
    frame = clip(1)
    with decoding(stock.vae) as expected, torch.no_grad():
        pictures = stock(
            image=Image.fromarray(frame[0]),
            prompt=INSTRUCTION,
            height=24,
            width=32,
            max_area=24 * 32,
            _auto_resize=False,
            num_inference_steps=3,
            guidance_scale=3.0,
            generator=torch.Generator().manual_seed(5),
            max_sequence_length=TEXT_LENGTH,
            output_type="pt",
        ).images
    model = load(kontext_folder, device="cpu")
    with Editor(model) as editor, decoding(model.vae) as decoded:
        edited = alone(editor, frame, replace(CONFIG, text_guidance=3.0))
    assert torch.equal(decoded[0], expected[0])
    assert np.array_equal(edited, to_uint8(pictures * 2 - 1))


@pytest.mark.parametrize(("num_anchors", "strength"), [(1, 0.3), (1, 1.0), (3, 1.0), (3, 3.0)])
def test_a_frame_whose_anchors_are_all_itself_is_edited_as_if_alone(
    kontext_model: Model, num_anchors: int, strength: float
) -> None:
    frame, config = clip(1)[0], replace(CONFIG, anchor_strength=strength)
    own = latents_of(kontext_model, frame, np.stack([frame] * num_anchors), config)
    torch.testing.assert_close(own, latents_of(kontext_model, frame, clip(1)[:0], config), atol=2e-5, rtol=1e-5)


def test_other_anchors_change_a_frame(kontext_model: Model) -> None:
    own, other = (latents_of(kontext_model, clip()[0], clip()[[i]]) for i in (0, 5))
    assert (own - other).abs().max() > 1e-3


def test_batch_order_and_range_change_no_bit(kontext_model: Model) -> None:
    order = [3, 0, 5, 1, 4, 2]
    with Editor(kontext_model, micro_batch=3) as editor:
        bank = editor.edit_anchors(clip()[[0, 5]], INSTRUCTION, CONFIG)
        edited = edit(editor, clip(), bank)
        assert np.array_equal(edit(editor, clip()[order], bank), edited[order])
        assert np.array_equal(edit(editor, clip()[4:], bank), edited[4:])


def test_guidance_is_an_input(kontext_model: Model) -> None:
    weak, strong = (
        latents_of(kontext_model, clip(1)[0], clip(1)[:0], replace(CONFIG, text_guidance=scale)) for scale in (1.0, 6.0)
    )
    assert not torch.equal(weak, strong)


def test_the_end_of_a_long_instruction_is_told(kontext_model: Model) -> None:
    assert kontext_model.family.dropped_text(kontext_model, "make it very very very very dark") == "very dark"


def test_what_is_encoded_is_decoded_from(kontext_model: Model) -> None:
    frames = torch.randn(2, 3, 24, 32)
    with torch.no_grad():
        direct = kontext_model.vae.decode(kontext_model.vae.encode(frames).latent_dist.mode()).sample.clamp(-1, 1)
        ours = kontext_model.family.decode(kontext_model, kontext_model.family.encode(kontext_model, frames))
    torch.testing.assert_close(ours, direct, atol=1e-5, rtol=1e-5)


def test_a_transformer_that_takes_no_guidance_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="is no Kontext"):
        load(build_kontext_folder(tmp_path, guidance_embeds=False), device="cpu")


def test_its_licence_is_said(kontext_model: Model) -> None:
    assert "non-commercial" in kontext_model.family.restriction(kontext_model.folder)
