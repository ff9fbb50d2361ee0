"""FLUX.2 klein: diffusers' own bits without anchors, the formula of joint attention with them, exact in any batch."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from diffusers import Flux2KleinPipeline
from PIL import Image
from safetensors.torch import save_file

from fairy.config import EditConfig
from fairy.errors import ModelError, UsageError
from fairy.method.bank import StepReader, StepWriter
from fairy.method.editor import Editor
from fairy.models import Model, load
from fairy.models.families import flux2
from fairy.models.folder import open_folder
from fairy.pictures.tensors import to_uint8
from joint_edits import CONFIG, INSTRUCTION, alone, as_fairy_computes, clip, decoding, edit, latents_of
from tiny_flux2 import TEXT, build_klein_folder

NOISY, HEADS = slice(2, 6), 2
"""Of a sequence of 9: 2 of text, 4 noisy, 3 of the source."""


@pytest.mark.usefixtures("one_thread")
@pytest.mark.parametrize("kind", ["klein_folder", "klein_base_folder"])
def test_without_anchors_it_is_diffusers_own_pipeline_bit_for_bit(kind: str, request: pytest.FixtureRequest) -> None:
    folder = request.getfixturevalue(kind)
    stock = as_fairy_computes(Flux2KleinPipeline.from_pretrained(folder))
    frame = clip(1, 8, 10)  # the pipeline takes 64 pixels at least
    called = stock(
        image=Image.fromarray(frame[0]),
        prompt=INSTRUCTION,
        num_inference_steps=3,
        guidance_scale=1.0 if stock.config.is_distilled else 4.0,
        generator=torch.Generator().manual_seed(5),
        max_sequence_length=TEXT["text_length"],
        text_encoder_out_layers=TEXT["text_layers"],
        output_type="latent",
    )
    model = load(folder, device="cpu")
    with Editor(model) as editor, decoding(model.vae) as decoded:
        edited = alone(editor, frame)
    assert torch.equal(decoded[0], called.images)
    assert np.array_equal(edited, to_uint8(stock.vae.decode(called.images.clone()).sample.detach()))


def test_what_an_instruction_is_read_as_is_what_diffusers_reads(klein_model: Model) -> None:
    stock = klein_model.family.pipeline(klein_model)
    with torch.no_grad():
        (read,) = klein_model.family.read(klein_model, INSTRUCTION, 24, 32)
        expected = stock.encode_prompt(INSTRUCTION, "cpu", 1, None, TEXT["text_length"], TEXT["text_layers"])[0]
    assert torch.equal(read, expected)


def test_an_instruction_is_read_once_for_all_shots(klein_model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    read, asked = flux2.read, []
    monkeypatch.setattr(flux2, "read", lambda model, text, *size: asked.append(text) or read(model, text, *size))
    with Editor(klein_model) as editor:
        for text in (INSTRUCTION, INSTRUCTION, "other"):
            editor.edit_anchors(clip(1), text, CONFIG)
    assert [text for text in asked if text] == [INSTRUCTION, "other"]  # a rehearsal reads an empty one


def test_the_end_of_a_long_instruction_is_told(klein_model: Model) -> None:
    dropped = klein_model.family.dropped_text
    assert dropped(klein_model, INSTRUCTION) == ""
    assert dropped(klein_model, "make it " + "very " * 10 + "dark") == "very very very dark"


# The formula, token by token.


def softmax_sum(query: torch.Tensor, keys: torch.Tensor, values: torch.Tensor, weights: list[float]) -> torch.Tensor:
    """Sum over tokens of weight * exp(q k / sqrt(d)) * v, by its own sum of weights; one head."""
    shares = [weight * torch.exp(query @ key / len(query) ** 0.5) for weight, key in zip(weights, keys, strict=True)]
    return sum(share * value for share, value in zip(shares, values, strict=True)) / sum(shares)


def by_head(tokens: torch.Tensor) -> torch.Tensor:
    """(n, S, C) -> (H, n, S, d)"""
    return tokens.unflatten(-1, (HEADS, -1)).permute(2, 0, 1, 3)


def sequences(count: int) -> list[torch.Tensor]:
    """Queries, keys and values of `count` sequences."""
    return list(torch.randn(3, count, 9, 8, generator=torch.Generator().manual_seed(count)))


@pytest.mark.parametrize("num_anchors", [1, 3])
def test_the_anchors_pass_is_the_formula(num_anchors: int) -> None:
    queries, keys, values = sequences(num_anchors)
    mixed = by_head(StepWriter(1).attend("layer", queries, keys, values, HEADS, NOISY))
    for head, (q, k, v) in enumerate(zip(by_head(queries), by_head(keys), by_head(values), strict=True)):
        for anchor in range(num_anchors):
            others = [k[other, NOISY] for other in range(num_anchors) if other != anchor]
            seen = [v[other, NOISY] for other in range(num_anchors) if other != anchor]
            for place in range(9):
                noisy = 2 <= place < 6
                weights = [1 / num_anchors if noisy and 2 <= token < 6 else 1.0 for token in range(9)]
                weights += [1 / num_anchors] * 4 * (num_anchors - 1) if noisy else []
                read = (
                    (torch.cat([k[anchor], *others]), torch.cat([v[anchor], *seen]))
                    if noisy
                    else (k[anchor], v[anchor])
                )
                expected = softmax_sum(q[anchor, place], *read, weights)
                torch.testing.assert_close(mixed[head, anchor, place], expected, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("strength", [0.3, 1.0, 3.0])
def test_a_frames_pass_is_the_formula(strength: float) -> None:
    writer = StepWriter(1)
    anchors = sequences(3)
    writer.attend("layer", *anchors, HEADS, NOISY)
    queries, keys, values = sequences(2)
    mixed = by_head(StepReader(writer.layers, strength).attend("layer", queries, keys, values, HEADS, NOISY))
    own, theirs = 1 / (1 + 3 * strength), strength / (1 + 3 * strength)
    for head, (q, k, v) in enumerate(zip(by_head(queries), by_head(keys), by_head(values), strict=True)):
        kept = [by_head(tokens)[head][:, NOISY].flatten(0, 1) for tokens in anchors[1:]]
        for frame, place in np.ndindex(2, 9):
            noisy = 2 <= place < 6
            weights = [own if noisy and 2 <= token < 6 else 1.0 for token in range(9)] + (
                [theirs] * 12 if noisy else []
            )
            read = (torch.cat([k[frame], kept[0]]), torch.cat([v[frame], kept[1]])) if noisy else (k[frame], v[frame])
            expected = softmax_sum(q[frame, place], *read, weights)
            torch.testing.assert_close(mixed[head, frame, place], expected, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("strength", [0.3, 1.0, 3.0])
@pytest.mark.parametrize("num_anchors", [1, 3])
def test_a_frame_whose_anchors_are_all_itself_is_edited_as_if_alone(
    klein_model: Model, num_anchors: int, strength: float
) -> None:
    frame, config = clip(1)[0], replace(CONFIG, anchor_strength=strength)
    own = latents_of(klein_model, frame, np.stack([frame] * num_anchors), config)
    plain = latents_of(klein_model, frame, clip(1)[:0], config)
    torch.testing.assert_close(own, plain, atol=2e-5, rtol=1e-5)


def test_a_single_anchor_is_edited_as_if_alone(klein_model: Model) -> None:
    with Editor(klein_model) as editor:
        assert np.array_equal(editor.edit_anchors(clip(1), INSTRUCTION, CONFIG).frames, alone(editor, clip(1)))


def test_other_anchors_change_a_frame(klein_model: Model) -> None:
    own, other = (latents_of(klein_model, clip()[0], clip()[[i]]) for i in (0, 5))
    assert (own - other).abs().max() > 1e-3


def test_of_every_layer_the_noisy_tokens_are_kept_and_no_others(klein_model: Model) -> None:
    with Editor(klein_model) as editor:
        bank = editor.edit_anchors(clip()[[0, 5]], INSTRUCTION, CONFIG)
        layers = len(klein_model.denoiser.attn_processors)
        assert bank.num_bytes == editor.memory_needed((24, 32), 2, CONFIG).bank
    tokens = 24 * 32 // klein_model.multiple**2
    assert [len(step) for step in bank.steps] == [layers] * 3
    assert {entry.keys.shape for step in bank.steps for entry in step.values()} == {(1, 2 * tokens, 32)}


@pytest.mark.parametrize("kind", ["klein_folder", "klein_base_folder"])
@pytest.mark.parametrize("micro_batch", [1, 3])
def test_batch_order_and_range_change_no_bit(kind: str, micro_batch: int, request: pytest.FixtureRequest) -> None:
    order = [3, 0, 5, 1, 4, 2]
    with Editor(load(request.getfixturevalue(kind), device="cpu"), micro_batch=micro_batch) as editor:
        bank = editor.edit_anchors(clip()[[0, 5]], INSTRUCTION, CONFIG)
        edited = edit(editor, clip(), bank)
        assert np.array_equal(edit(editor, clip()[order], bank), edited[order])
        assert np.array_equal(edit(editor, clip()[4:], bank), edited[4:])


def test_the_others_follow_a_given_anchor_which_stays(klein_model: Model) -> None:
    picture = clip()[2]
    with Editor(klein_model) as editor:
        bank = editor.edit_anchors(clip()[[0, 5]], INSTRUCTION, CONFIG)
        given = editor.edit_anchors(clip()[[0, 5]], INSTRUCTION, CONFIG, given={1: picture})
        assert np.array_equal(given.frames[1], picture)
        assert not np.array_equal(given.frames[0], bank.frames[0])


def test_what_is_encoded_is_decoded_from(klein_model: Model) -> None:
    frames = torch.randn(2, 3, 24, 32)
    with torch.no_grad():
        direct = klein_model.vae.decode(klein_model.vae.encode(frames).latent_dist.mode()).sample.clamp(-1, 1)
        ours = klein_model.family.decode(klein_model, klein_model.family.encode(klein_model, frames))
    torch.testing.assert_close(ours, direct, atol=1e-5, rtol=1e-5)


def test_a_lora_is_added_and_leaves_our_processors(klein_folder: Path, klein_model: Model, tmp_path: Path) -> None:
    layer = "single_transformer_blocks.0.attn.to_out"
    rows, columns = klein_model.denoiser.get_submodule(layer).weight.shape
    down, up = torch.randn(2, columns), torch.randn(rows, 2)
    save_file(
        {f"transformer.{layer}.lora_A.weight": down, f"transformer.{layer}.lora_B.weight": up},
        tmp_path / "lora.safetensors",
    )
    changed = load(klein_folder, device="cpu", lora=str(tmp_path), lora_scale=0.5)
    difference = changed.denoiser.get_submodule(layer).weight - klein_model.denoiser.get_submodule(layer).weight
    torch.testing.assert_close(difference, 0.5 * up @ down, atol=1e-5, rtol=1e-5)


# What does not go, in a line.


@pytest.mark.parametrize("option", ["text_guidance", "image_guidance"])
def test_guidance_that_a_distilled_model_lacks_is_refused(klein_model: Model, option: str) -> None:
    with Editor(klein_model) as editor, pytest.raises(UsageError, match=rf"--{option.replace('_', '-')} 3"):
        editor.edit_anchors(clip(1), INSTRUCTION, EditConfig(**{option: 3.0}))


def test_a_base_model_is_guided_by_text_alone(klein_base_folder: Path) -> None:
    defaults = load(klein_base_folder, device="cpu").defaults
    assert (defaults.num_steps, defaults.text_guidance, defaults.image_guidance) == (50, 4.0, None)


def test_another_scheduler_is_refused(klein_folder: Path) -> None:
    with pytest.raises(UsageError, match="--scheduler DDIMScheduler"):
        load(klein_folder, device="cpu", scheduler="ddim")


def edit_json(path: Path, **entries: object) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | entries))


@pytest.mark.parametrize("pipeline", ["FluxPipeline", "Flux2Pipeline"])
def test_models_that_are_no_klein_are_refused(tmp_path: Path, pipeline: str) -> None:
    edit_json(build_klein_folder(tmp_path) / "model_index.json", _class_name=pipeline)
    with pytest.raises(ModelError, match=f"is a {pipeline}, which Fairy cannot edit"):
        load(tmp_path, device="cpu")


def test_guidance_as_an_input_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"is FLUX.2-dev"):
        load(build_klein_folder(tmp_path, guidance_embeds=True), device="cpu")


def test_parts_that_do_not_go_together_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"joint_attention_dim is 32, and .* need 48"):
        load(build_klein_folder(tmp_path, joint_attention_dim=32), device="cpu")


def test_the_licence_of_the_large_one_is_said(tmp_path: Path, klein_model: Model) -> None:
    large = build_klein_folder(tmp_path, num_attention_heads=32, attention_head_dim=8, axes_dims_rope=(2, 2, 2, 2))
    assert "non-commercial" in klein_model.family.restriction(open_folder(large))
    assert klein_model.family.restriction(klein_model.folder) == ""
