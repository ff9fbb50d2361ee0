"""The training of the second embedded model, on a toy recipe."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from diffusers import Flux2KleinPipeline
from PIL import Image
from transformers import Qwen2TokenizerFast

import fairy
import fairy.models
from fairy.lab.embedded.autoencoder import encode, fit_components
from fairy.lab.embedded.data import Latents, make_pairs, tokenize, write_chunks
from fairy.lab.embedded.export import load_average
from fairy.lab.embedded.joint.autoencoder import build_autoencoder
from fairy.lab.embedded.joint.editor import build_editor
from fairy.lab.embedded.joint.export import export
from fairy.lab.embedded.joint.recipe import JointRecipe
from fairy.lab.embedded.joint.text import train_tokenizer
from fairy.lab.embedded.loop import Trainer, attention_share, make_optimizers
from fairy.lab.synthetic import EDITS, all_instructions
from fairy.pictures.tensors import to_tensor

RECIPE = JointRecipe(
    latent_channels=4, decoder_widths=(8, 8, 8, 8), text_width=32, heads=2, head_width=16, double_blocks=1,
    single_blocks=1, small_sizes=((48, 32),), large_sizes=((48, 48),), num_chunks=2, chunk_pairs=8, picture_chunks=0,
    edits=("night", "paint_all"), num_steps=6, batch=2, warmup_steps=2, small_steps=3, long_side=48,
)  # fmt: skip


@pytest.fixture(scope="module")
def pairs():
    return make_pairs(RECIPE, 0)


@pytest.fixture(scope="module")
def components(pairs):
    return fit_components([pair.source for pair in pairs], RECIPE)


@pytest.fixture(scope="module")
def tokenizer():
    return train_tokenizer(all_instructions("train", RECIPE.edits), RECIPE)


@pytest.fixture(scope="module")
def latents(components, tokenizer, tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    write_chunks(RECIPE, components, folder, num_workers=0)
    return Latents(RECIPE, folder, tokenizer)


@pytest.fixture
def new_trainer(tokenizer, latents):
    empty = tokenize(tokenizer, [""])[0]
    return lambda folder: Trainer(RECIPE, build_editor(tokenizer, RECIPE), latents, empty, folder)


@pytest.fixture
def sample(tokenizer, latents):
    editor = build_editor(tokenizer, RECIPE)
    generator = torch.Generator().manual_seed(0)
    return editor.make_sample(latents.draw(0, 0), tokenize(tokenizer, [""])[0], RECIPE, generator)


def test_only_the_recipes_edits_are_drawn(pairs):
    assert {pair.edit for pair in pairs} == {"night", "paint_all"}


def test_the_encoder_is_the_components(components, pairs):
    pictures = np.stack([pair.source for pair in pairs])
    given = encode(build_autoencoder(components, RECIPE), to_tensor(pictures))
    assert torch.allclose(given, components.encode(pictures), atol=5e-3)


def test_the_tokenizer_is_the_same_after_saving(tokenizer, tmp_path):
    tokenizer.save_pretrained(tmp_path)
    again = Qwen2TokenizerFast.from_pretrained(tmp_path)
    texts = ["make it night", "zebra café 7!"]
    assert torch.equal(tokenize(again, texts), tokenize(tokenizer, texts))
    assert again.apply_chat_template([{"role": "user", "content": " Make it Night"}], tokenize=False) == "make it night"


def test_a_sample_lies_between_picture_and_noise(sample, latents):
    sigma = sample.timesteps.view(-1, 1, 1, 1) / 1000
    assert torch.allclose(sample.noisy - sigma * sample.target, latents.draw(0, 0).edited, atol=1e-5)


def test_muon_turns_the_matrices_of_the_blocks_and_adamw_all_else(tokenizer):
    editor = build_editor(tokenizer, RECIPE)
    adam, muon = make_optimizers(editor, RECIPE)
    counts = [len(optimizer.param_groups[0]["params"]) for optimizer in (adam, muon)]
    assert counts[1] == 12 + 2  # of a double and of a single block
    assert sum(counts) == len(list(editor.parameters()))
    assert len(make_optimizers(editor, replace(RECIPE, matrix_rate=0.0))) == 1


def test_the_loss_falls_on_one_batch(tokenizer, sample):
    editor = build_editor(tokenizer, RECIPE)
    optimizers = make_optimizers(editor, RECIPE)
    losses = []
    for _ in range(40):
        predicted = editor(sample.noisy, sample.source, sample.timesteps, sample.tokens)
        loss = ((predicted - sample.target).square() * sample.weight).mean()
        loss.backward()
        losses.append(loss.item())
        for optimizer in optimizers:
            optimizer.step()
            optimizer.zero_grad()
    assert losses[-1] < 0.5 * losses[0]


@pytest.mark.filterwarnings("ignore:Mismatch dtype")
def test_a_resumed_run_has_the_losses_of_an_uninterrupted_one(new_trainer, tmp_path):
    expected = list(new_trainer(tmp_path / "whole").run(6))
    losses = list(new_trainer(tmp_path / "parts").run(3))
    resumed = new_trainer(tmp_path / "parts")
    resumed.resume()
    assert losses + list(resumed.run(6)) == expected


def test_without_attention_the_text_does_not_matter(tokenizer, sample):
    editor = build_editor(tokenizer, RECIPE)
    other = tokenize(tokenizer, ["paint all objects"] * len(sample.tokens))
    seen = (sample.noisy, sample.source, sample.timesteps)
    assert not torch.equal(editor(*seen, sample.tokens), editor(*seen, other))
    with editor.without_attention():
        assert torch.equal(editor(*seen, sample.tokens), editor(*seen, other))
    assert attention_share(editor, sample) > 0


@pytest.mark.filterwarnings("ignore:Mismatch dtype")
def test_diffusers_and_fairy_open_the_exported_folder(new_trainer, components, tokenizer, tmp_path):
    list(new_trainer(tmp_path).run(1))
    editor = build_editor(tokenizer, RECIPE)
    assert load_average(tmp_path / "checkpoint.pt", editor) == 1
    export(editor, build_autoencoder(components, RECIPE), tokenizer, RECIPE, tmp_path / "model")

    model = fairy.models.load(tmp_path / "model")
    frame = np.random.default_rng(0).integers(0, 256, (64, 96, 3), dtype=np.uint8)
    pipeline = model.family.pipeline(model)
    assert isinstance(pipeline, Flux2KleinPipeline)
    pipeline.set_progress_bar_config(disable=True)
    picture = pipeline(
        Image.fromarray(frame), "Make it night", num_inference_steps=2, height=64, width=96, output_type="np",
        text_encoder_out_layers=tuple(model.folder.traits["text_layers"]),
        max_sequence_length=model.folder.traits["text_length"],
    ).images[0]  # fmt: skip
    assert picture.shape == frame.shape
    assert model.defaults.num_steps == RECIPE.sampling_steps
    assert model.folder.traits["edits"] == [EDITS[edit].train[0] for edit in RECIPE.edits]
