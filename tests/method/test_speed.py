"""What makes editing quick and decides its last bits: compiled kernels, a small decoder, the micro-batch."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from diffusers import AutoencoderTiny, UNet2DConditionModel
from torch._dynamo.testing import CompileCounter

import fairy.models
from fairy.config import EditConfig
from fairy.errors import ModelError, UsageError
from fairy.method.bank import StepReader, StepWriter
from fairy.method.editor import Editor
from fairy.models.families.instruct_pix2pix import attention
from fairy.models.families.instruct_pix2pix.latents import decode_latents


@pytest.fixture
def tiny_decoder(tmp_path):
    torch.manual_seed(0)
    sizes = {"encoder_block_out_channels": (8,) * 4, "decoder_block_out_channels": (8,) * 4}
    blocks = {"num_encoder_blocks": (1,) * 4, "num_decoder_blocks": (1,) * 4}
    AutoencoderTiny(latent_channels=4, **sizes, **blocks).save_pretrained(tmp_path / "tiny")
    return tmp_path / "tiny"


@pytest.fixture
def unet():
    """One block down, one up: compiling takes long enough."""
    kinds = {"down_block_types": ("CrossAttnDownBlock2D",), "up_block_types": ("CrossAttnUpBlock2D",)}
    sizes = {"block_out_channels": (8,), "layers_per_block": 1, "cross_attention_dim": 8, "norm_num_groups": 2}
    return UNet2DConditionModel(in_channels=8, attention_head_dim=2, mid_block_type=None, **kinds, **sizes).eval()


def run_step(unet: UNet2DConditionModel, step: float, count: int, anchors: StepWriter | StepReader) -> torch.Tensor:
    embeds = torch.ones(2 * count, 5, 8)
    extra = {"anchors": anchors, "text": attention.read_text(unet, embeds[:2])}
    latents, timestep = torch.ones(2 * count, 8, 8, 8), torch.tensor(step)
    return unet(latents, timestep, encoder_hidden_states=embeds, cross_attention_kwargs=extra).sample


@torch.inference_mode()
def test_processors_and_bank_compile_to_one_graph_each_that_serves_every_step(unet):
    counter = CompileCounter()
    attention.install(unet)
    unet.compile(backend=counter, fullgraph=True, dynamic=False)
    writers = [StepWriter(2) for _ in range(3)]
    for step, writer in enumerate(writers):
        run_step(unet, 900.0 - step, 3, writer)
    assert counter.frame_count == 1
    for step, writer in enumerate(writers):
        run_step(unet, 900.0 - step, 2, StepReader(writer.layers, 1.0))
    assert counter.frame_count == 2


def test_compiling_is_a_wish_that_the_model_keeps(sd_folder):
    assert fairy.models.load(sd_folder, compile="default").config.compile == "default"
    with pytest.raises(UsageError, match="--compile quick: must be one of auto, off, default"):
        fairy.ModelConfig(compile="quick")


def test_results_are_taken_out_of_the_memory_of_cuda_graphs(sd_model):
    """Where passes do not overwrite anything, taking over changes nothing; the bank lies elsewhere than the pass."""
    config = EditConfig(num_steps=2, text_guidance=3.0, image_guidance=1.5)
    frames = np.random.default_rng(0).integers(0, 256, (3, 24, 32, 3), np.uint8)
    edits = []
    for model in (sd_model, replace(sd_model, config=replace(sd_model.config, compile="reduce-overhead"))):
        with Editor(model) as editor:
            bank = editor.edit_anchors(frames[:2], "make it night", config)
            edits.append([bank.frames, *editor.edit_frames(frames[2:], bank)])
    assert all(np.array_equal(one, other) for one, other in zip(*edits, strict=True))


def test_large_frames_are_decoded_in_tiles_where_it_is_asked_for(sd_folder):
    model = fairy.models.load(sd_folder, vae_tiling=True)
    model.vae.tile_sample_min_size, model.vae.tile_latent_min_size = 16, 2
    latents = torch.randn(1, 4, 3, 4, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        expected = model.vae.tiled_decode(latents / model.vae.config.scaling_factor).sample.clamp(-1, 1)
        torch.testing.assert_close(decode_latents(model, latents), expected)


def test_a_small_decoder_makes_the_pictures(sd_folder, tiny_decoder):
    model = fairy.models.load(sd_folder, decoder=str(tiny_decoder))
    latents = torch.randn(1, 4, 3, 4, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        expected = AutoencoderTiny.from_pretrained(tiny_decoder).decode(latents).sample.clamp(-1, 1)
        torch.testing.assert_close(decode_latents(model, latents), expected)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"_class_name": "AutoencoderKL"}, "is a AutoencoderKL; only an AutoencoderTiny will do"),
        ({"latent_channels": 16}, "is for latents of 16 channels; the model's have 4"),
    ],
)
def test_an_unfit_decoder_is_one_line(sd_folder, tiny_decoder, change, said):
    config = tiny_decoder / "config.json"
    config.write_text(json.dumps(json.loads(config.read_text()) | change))
    with pytest.raises(ModelError, match=said):
        fairy.models.load(sd_folder, decoder=str(tiny_decoder))


def test_a_decoder_that_is_not_there_is_one_line(sd_folder, tmp_path):
    with pytest.raises(ModelError, match=r"config\.json is not in this folder"):
        fairy.models.load(sd_folder, decoder=str(tmp_path))
    with pytest.raises(ModelError, match="is neither a folder nor a hub id"):
        fairy.models.load(sd_folder, decoder="nowhere")
