"""Qwen-Image-Edit: diffusers' own bits without anchors, text that has seen its frame, the identities."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from diffusers import QwenImageEditPlusPipeline
from diffusers.pipelines.qwenimage import pipeline_qwenimage_edit_plus as pipeline_file
from PIL import Image

from fairy.errors import ModelError
from fairy.method.editor import Editor
from fairy.models import Model, load
from fairy.pictures.tensors import to_tensor, to_uint8
from joint_edits import CONFIG, INSTRUCTION, alone, as_fairy_computes, clip, decoding, edit, latents_of
from tiny_qwen import build_qwen_folder


class Processor:
    """transformers' Qwen2VLProcessor for one picture, which does not start without torchvision."""

    def __init__(self, tokenizer: Any, pictures: Any) -> None:
        self.tokenizer, self.pictures = tokenizer, pictures

    def __call__(self, text: list[str], images: list[Image.Image], padding: bool, return_tensors: str) -> Any:
        prepared = self.pictures(images=images, return_tensors=return_tensors)
        mark = "<|image_pad|>" * (int(prepared["image_grid_thw"].prod()) // 4)
        tokens = self.tokenizer(
            [each.replace("<|image_pad|>", mark) for each in text], padding=padding, return_tensors=return_tensors
        )
        prepared.update(tokens)
        return prepared


@pytest.mark.usefixtures("one_thread")
@pytest.mark.parametrize(("zero_cond_t", "scale"), [(False, 4.0), (True, 4.0), (False, 1.0)])
def test_without_anchors_it_is_diffusers_own_pipeline_bit_for_bit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, zero_cond_t: bool, scale: float
) -> None:
    model = load(build_qwen_folder(tmp_path, zero_cond_t=zero_cond_t), device="cpu")
    frame = clip(1, 8, 8)
    parts = {"transformer": model.denoiser, "vae": model.vae, "scheduler": model.scheduler}
    text = {"text_encoder": model.text_encoders[0], "tokenizer": model.tokenizers[0], "processor": None}
    stock = as_fairy_computes(QwenImageEditPlusPipeline(**parts, **text))
    stock.processor = Processor(*model.tokenizers)
    monkeypatch.setattr(pipeline_file, "VAE_IMAGE_SIZE", 64 * 64)
    with decoding(model.vae) as expected, torch.no_grad():
        pictures = stock(
            image=[Image.fromarray(frame[0])],
            prompt=INSTRUCTION,
            negative_prompt=" " if scale > 1 else None,
            true_cfg_scale=scale,
            height=64,
            width=64,
            num_inference_steps=3,
            generator=torch.Generator().manual_seed(5),
            output_type="pt",
        ).images
    with Editor(model) as editor, decoding(model.vae) as decoded:
        edited = alone(editor, frame, replace(CONFIG, text_guidance=scale))
    assert torch.equal(decoded[0], expected[0])
    assert np.array_equal(edited, to_uint8(pictures * 2 - 1))


@pytest.mark.parametrize(("num_anchors", "strength"), [(1, 0.3), (1, 1.0), (3, 1.0), (3, 3.0)])
def test_a_frame_whose_anchors_are_all_itself_is_edited_as_if_alone(
    qwen_model: Model, num_anchors: int, strength: float
) -> None:
    frame, config = clip(1)[0], replace(CONFIG, anchor_strength=strength)
    own = latents_of(qwen_model, frame, np.stack([frame] * num_anchors), config)
    torch.testing.assert_close(own, latents_of(qwen_model, frame, clip(1)[:0], config), atol=2e-5, rtol=1e-5)


def test_other_anchors_change_a_frame(qwen_model: Model) -> None:
    own, other = (latents_of(qwen_model, clip()[0], clip()[[i]]) for i in (0, 5))
    assert (own - other).abs().max() > 1e-3


def test_batch_order_and_range_change_no_bit(qwen_model: Model) -> None:
    order = [3, 0, 5, 1, 4, 2]
    with Editor(qwen_model, micro_batch=3) as editor:
        bank = editor.edit_anchors(clip()[[0, 5]], INSTRUCTION, CONFIG)
        edited = edit(editor, clip(), bank)
        assert np.array_equal(edit(editor, clip()[order], bank), edited[order])
        assert np.array_equal(edit(editor, clip()[4:], bank), edited[4:])


def test_the_text_has_seen_its_frame(qwen_model: Model) -> None:
    family, settings = qwen_model.family, CONFIG.resolved(qwen_model.defaults)
    told = family.read(qwen_model, INSTRUCTION, 24, 32)
    with torch.no_grad():
        seen = family.look(qwen_model, to_tensor(clip(2)), told)
        texts = family.inputs(qwen_model, told, seen, (0, 1), settings).texts
    assert not torch.equal(texts[0][0], texts[0][1])
    assert texts[1].shape[1] == texts[0].shape[1] - len(INSTRUCTION) + 1  # the blank is a token; a token is a byte


def test_guided_tokens_keep_their_length(qwen_model: Model) -> None:
    predicted = dict(enumerate(torch.randn(2, 1, 4, 6, 8)))
    guided = qwen_model.family.guide(qwen_model, predicted, CONFIG.resolved(qwen_model.defaults))
    lengths = [tokens.reshape(1, 4, 3, 2, 4, 2).pow(2).sum(dim=(1, 3, 5)).sqrt() for tokens in (guided, predicted[0])]
    torch.testing.assert_close(*lengths)


def test_what_is_encoded_is_decoded_from(qwen_model: Model) -> None:
    frames = torch.randn(2, 3, 24, 32)
    with torch.no_grad():
        mode = qwen_model.vae.encode(frames[:, :, None]).latent_dist.mode()
        ours = qwen_model.family.decode(qwen_model, qwen_model.family.encode(qwen_model, frames))
        torch.testing.assert_close(ours, qwen_model.vae.decode(mode).sample[:, :, 0].clamp(-1, 1), atol=1e-5, rtol=1e-5)


def test_a_transformer_of_another_kind_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="is no Qwen-Image-Edit"):
        load(build_qwen_folder(tmp_path, in_channels=8), device="cpu")
