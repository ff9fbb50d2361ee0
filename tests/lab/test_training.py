"""The training of the embedded model, on a toy recipe."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from diffusers import StableDiffusionInstructPix2PixPipeline
from transformers import CLIPTokenizer

import fairy.models
from fairy.lab.embedded.autoencoder import build_autoencoder, fit_components, take_components
from fairy.lab.embedded.data import Latents, make_pairs, tokenize, write_chunks
from fairy.lab.embedded.export import build_editor, export, load_average
from fairy.lab.embedded.loop import Trainer
from fairy.lab.embedded.recipe import Recipe
from fairy.lab.embedded.tokenizer import save_tokenizer, train_tokenizer
from fairy.lab.embedded.unet import build_trainee, build_unet, start_at_identity
from fairy.lab.synthetic import all_instructions
from fairy.lab.training.saving import widen
from fairy.lab.training.trainee import LinearEncoder, without_self_attention
from fairy.pictures.tensors import to_tensor

RECIPE = Recipe(
    latent_channels=4, decoder_width=48, decoder_blocks=(1, 0, 0, 0), text_width=32, text_layers=1, width=32,
    norm_groups=4, small_sizes=((48, 32),), large_sizes=((48, 48),), num_chunks=2, chunk_pairs=8, picture_chunks=0,
    num_steps=6, batch=2, warmup_steps=2, small_steps=3, long_side=48,
)  # fmt: skip


@pytest.fixture(scope="module")
def pictures():
    return np.stack([pair.source for pair in make_pairs(RECIPE, 0)])


@pytest.fixture(scope="module")
def components(pictures):
    return fit_components(list(pictures), RECIPE)


@pytest.fixture(scope="module")
def tokenizer():
    return train_tokenizer(all_instructions(), RECIPE)


@pytest.fixture(scope="module")
def latents(components, tokenizer, tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    write_chunks(RECIPE, components, folder, num_workers=0)
    return Latents(RECIPE, folder, tokenizer)


@pytest.fixture
def new_trainer(tokenizer, latents):
    empty = tokenize(tokenizer, [""])[0]
    return lambda folder: Trainer(RECIPE, build_editor(tokenizer, RECIPE), latents, empty, folder)


def random_inputs(recipe):
    generator = torch.Generator().manual_seed(0)
    joined = 0.5 * torch.randn(2, 2 * recipe.latent_channels, 4, 6, generator=generator)
    return joined, torch.tensor([999, 500]), torch.randn(2, recipe.text_length, recipe.text_width, generator=generator)


def test_the_encoder_is_the_components(components, pictures):
    autoencoder = build_autoencoder(components, RECIPE)
    expected = components.encode(pictures)
    assert torch.allclose(autoencoder.encode(to_tensor(pictures)).latents, expected, atol=1e-5)


def test_components_are_taken_over_from_an_encoder(components, pictures):
    autoencoder = build_autoencoder(components, RECIPE).double()  # the difference of large numbers
    basis = torch.eye(192, dtype=torch.float64).reshape(-1, 3, 8, 8)
    bias = autoencoder.encode(torch.zeros_like(basis[:1])).latents[0, :, 0, 0]
    weight = (autoencoder.encode(basis).latents[:, :, 0, 0] - bias).T.reshape(-1, 3, 8, 8)
    taken = take_components(LinearEncoder(autoencoder, weight.float(), bias.float()))
    assert torch.allclose(taken.encode(pictures), components.encode(pictures), atol=1e-4)


def test_latents_are_partially_whitened(components, pictures):
    spread = components.encode(pictures).std((0, 2, 3))
    assert torch.allclose(spread, torch.tensor([1.0, 1.0, 1.0, RECIPE.detail_spread]), atol=0.01)


def test_an_untrained_unet_returns_the_source():
    torch.manual_seed(0)
    unet = build_unet(Recipe())
    start_at_identity(unet)
    joined, timesteps, text = random_inputs(Recipe())
    source = joined[:, Recipe().latent_channels :]
    error = unet(joined, timesteps, text).sample + source
    assert error.norm() < 0.1 * source.norm()


def test_exported_kernels_compute_what_the_trained_ones_did():
    torch.manual_seed(0)
    trainee, stock = build_trainee(RECIPE), build_unet(RECIPE)
    for parameter in trainee.parameters():
        torch.nn.init.normal_(parameter, std=0.1)
    stock.load_state_dict(widen(trainee.state_dict(), stock))
    inputs = random_inputs(RECIPE)
    assert torch.allclose(stock(*inputs).sample, trainee(*inputs).sample, atol=1e-5)


def test_the_tokenizer_reads_what_it_has_written(tokenizer, tmp_path):
    save_tokenizer(tokenizer, tmp_path)
    again = CLIPTokenizer.from_pretrained(tmp_path)
    texts = ["Make it night", "zebra café 7!"]
    assert torch.equal(tokenize(again, texts), tokenize(tokenizer, texts))
    assert (tmp_path / "vocab.json").exists()
    assert (tmp_path / "merges.txt").exists()


def test_a_batch_depends_on_step_and_process_alone(latents):
    first, second, other = latents.draw(5, 0), latents.draw(5, 0), latents.draw(5, 1)
    assert torch.equal(first.edited, second.edited)
    assert not torch.equal(first.edited, other.edited)


def test_the_first_steps_see_small_pictures_only(latents):
    rows = [latents.draw(step, 0).source.shape[2] for step in range(30)]
    assert set(rows[:3]) == {4}
    assert set(rows[3:]) == {4, 6}


def test_a_resumed_run_has_the_losses_of_an_uninterrupted_one(new_trainer, tmp_path):
    expected = list(new_trainer(tmp_path / "whole").run(6))
    losses = list(new_trainer(tmp_path / "parts").run(3))
    resumed = new_trainer(tmp_path / "parts")
    resumed.resume()
    assert losses + list(resumed.run(6)) == expected


def test_self_attention_can_be_switched_off():
    unet = build_trainee(RECIPE)
    torch.nn.init.normal_(unet.up_blocks[0].attentions[0].proj_out.weight)
    inputs = random_inputs(RECIPE)
    before = unet(*inputs).sample
    with without_self_attention(unet):
        assert not torch.allclose(unet(*inputs).sample, before)
    assert torch.equal(unet(*inputs).sample, before)


def test_diffusers_and_fairy_open_the_exported_folder(new_trainer, components, tokenizer, tmp_path):
    list(new_trainer(tmp_path).run(1))
    editor = build_editor(tokenizer, RECIPE)
    assert load_average(tmp_path / "checkpoint.pt", editor) == 1
    export(editor, build_autoencoder(components, RECIPE), tokenizer, RECIPE, tmp_path / "model")
    pipeline = StableDiffusionInstructPix2PixPipeline.from_pretrained(tmp_path / "model")
    pipeline.set_progress_bar_config(disable=True)
    picture = np.zeros((1, 32, 48, 3), np.float32)
    output = pipeline("make it night", picture, num_inference_steps=2, output_type="np").images
    assert output.shape == picture.shape
    assert fairy.models.load(tmp_path / "model").defaults.text_guidance == RECIPE.text_guidance


def test_the_learning_rate_warms_up_and_ends_at_zero():
    recipe = replace(RECIPE, num_steps=100, warmup_steps=10, decay_share=0.5)
    rates = [recipe.rate_share_at(step) for step in (0, 9, 50, 75, 100)]
    assert rates == [0.1, 1.0, 1.0, 0.5, 0.0]
