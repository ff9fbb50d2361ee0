"""Models: loading, conditioning and latents, against diffusers' own pipelines on small random models."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from fairy.config import EditConfig
from fairy.errors import ModelError, UsageError
from fairy.models import Defaults, Model, load
from fairy.models.families import instruct_pix2pix as family
from fairy.models.families.instruct_pix2pix.latents import decode_latents, encode_frames
from fairy.models.families.instruct_pix2pix.text import encode_instruction
from fairy.models.folder import fingerprint, open_folder
from fairy.models.quiet import quiet_libraries
from fairy.models.schedulers import NAMES
from tiny import TOKENS, build_sd_folder, build_sdxl_folder


def stock_pipeline(folder: Path) -> Any:
    """diffusers' own pipeline of a folder."""
    with quiet_libraries():
        from diffusers import DiffusionPipeline

        return DiffusionPipeline.from_pretrained(folder)


def frames(count: int = 2, height: int = 40, width: int = 56) -> torch.Tensor:
    return torch.rand(count, 3, height, width, generator=torch.Generator().manual_seed(1)) * 2 - 1


def edit_json(path: Path, **entries: Any) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | entries))


# Loading


def test_loaded_weights_are_those_in_the_folder(sd_folder: Path, sd_model: Model) -> None:
    stored = load_file(sd_folder / "unet" / "diffusion_pytorch_model.safetensors")
    assert all(torch.equal(weight, stored[name]) for name, weight in sd_model.denoiser.state_dict().items())


def test_loaded_model_builds_no_graph_and_has_no_dropout(sdxl_model: Model) -> None:
    for module in (sdxl_model.denoiser, sdxl_model.vae, *sdxl_model.text_encoders):
        assert not module.training
        assert not any(parameter.requires_grad for parameter in module.parameters())


def test_half_precision_takes_the_fp16_files(copied_folder: Path) -> None:
    plain = copied_folder / "unet" / "diffusion_pytorch_model.safetensors"
    save_file({name: 0 * weight for name, weight in load_file(plain).items()}, plain.with_suffix(".fp16.safetensors"))
    plain.with_suffix(".fp16.safetensors").rename(copied_folder / "unet" / "diffusion_pytorch_model.fp16.safetensors")
    assert load(copied_folder, device="cpu").denoiser.conv_in.weight.any()
    half = load(copied_folder, device="cpu", dtype="bfloat16")
    assert half.denoiser.dtype is torch.bfloat16
    assert not half.denoiser.conv_in.weight.any()


def test_fp16_files_do_where_the_plain_ones_are_absent(copied_folder: Path) -> None:
    for stem in ("unet/diffusion_pytorch_model", "vae/diffusion_pytorch_model", "text_encoder/model"):
        (copied_folder / f"{stem}.safetensors").rename(copied_folder / f"{stem}.fp16.safetensors")
    assert load(copied_folder, device="cpu").denoiser.dtype is torch.float32


def test_sdxl_autoencoder_stays_in_float32_beside_float16(sdxl_folder: Path) -> None:
    model = load(sdxl_folder, device="cpu", dtype="float16")
    assert (model.denoiser.dtype, model.vae.dtype) == (torch.float16, torch.float32)


def test_loading_says_nothing(sdxl_folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    load(sdxl_folder, device="cpu")
    captured = capfd.readouterr()
    assert captured.out + captured.err == ""


def test_fingerprint_follows_the_weights(sd_folder: Path, copied_folder: Path) -> None:
    def of(folder: Path) -> str:
        return fingerprint(open_folder(folder), half=False)

    assert of(copied_folder) == of(sd_folder)
    weights = copied_folder / "vae" / "diffusion_pytorch_model.safetensors"
    save_file({name: weight + 1 for name, weight in load_file(weights).items()}, weights)
    assert of(copied_folder) != of(sd_folder)


def test_the_embedded_model_is_not_a_folder_that_happens_to_have_its_name(
    copied_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copied_folder.rename(tmp_path / "embedded")
    monkeypatch.chdir(tmp_path)
    for loaded in (load(device="cpu"), load("embedded", device="cpu")):
        assert loaded.folder.path != tmp_path / "embedded"
    assert load("./embedded", device="cpu").folder.path == Path("embedded")
    assert load(Path("embedded"), device="cpu").folder.path == tmp_path / "embedded"


def test_a_loaded_model_says_with_what_settings(sd_folder: Path) -> None:
    config = load(sd_folder, device="cpu", scheduler="ddim").config
    assert (config.model, config.device, config.dtype) == (str(sd_folder), "cpu", "float32")
    assert (config.scheduler, config.micro_batch) == ("DDIMScheduler", 1)


def test_identity_is_of_the_files_that_were_loaded(copied_folder: Path) -> None:
    before = load(copied_folder, device="cpu").identity.model
    unused = copied_folder / "unet" / "diffusion_pytorch_model.fp16.safetensors"
    save_file({"weight": torch.zeros(1)}, unused)
    assert load(copied_folder, device="cpu").identity.model == before


def test_kernels_are_shrunk_only_where_the_folder_says_so(copied_folder: Path) -> None:
    weights = copied_folder / "unet" / "diffusion_pytorch_model.safetensors"
    tensors = load_file(weights)
    around = torch.ones(3, 3, dtype=torch.bool)
    around[1, 1] = False
    tensors["conv_in.weight"][..., around] = 0
    save_file(tensors, weights)
    assert load(copied_folder, device="cpu").denoiser.conv_in.kernel_size == (3, 3)
    (copied_folder / "fairy.json").write_text('{"centre_kernels": true}')
    assert load(copied_folder, device="cpu").denoiser.conv_in.kernel_size == (1, 1)


# Defaults


def test_a_model_brings_its_own_defaults(copied_folder: Path) -> None:
    (copied_folder / "fairy.json").write_text('{"long_side": 192, "text_guidance": 2, "scheduler": "DDIMScheduler"}')
    model = load(copied_folder, device="cpu")
    assert model.defaults == Defaults(long_side=192, text_guidance=2, scheduler="DDIMScheduler")
    assert type(model.scheduler).__name__ == "DDIMScheduler"


def test_defaults_follow_the_family(sd_model: Model, sdxl_model: Model) -> None:
    assert sd_model.defaults == Defaults()
    assert (sdxl_model.defaults.long_side, sdxl_model.defaults.text_guidance) == (768, 3.0)


@pytest.mark.parametrize("text", ["{", "[]", '{"steps": 4}', '{"num_steps": "ten"}', '{"num_steps": true}'])
def test_bad_defaults_are_refused(copied_folder: Path, text: str) -> None:
    (copied_folder / "fairy.json").write_text(text)
    with pytest.raises(ModelError, match=r"fairy\.json"):
        load(copied_folder, device="cpu")


# The same numbers as diffusers


def test_sd_conditioning_equals_the_stock_pipeline(sd_folder: Path, sd_model: Model) -> None:
    stock = stock_pipeline(sd_folder)
    expected = stock._encode_prompt("make it snow", "cpu", 1, True)
    assert torch.equal(encode_instruction(sd_model, "make it snow", height=40, width=56).embeds, expected)


@pytest.mark.parametrize("zeroes", [True, False])
def test_sdxl_conditioning_equals_the_stock_pipeline(tmp_path: Path, zeroes: bool) -> None:
    folder = build_sdxl_folder(tmp_path, force_zeros_for_empty_prompt=zeroes)
    stock = stock_pipeline(folder)
    full, empty, pooled, no_pooled = stock.encode_prompt("make it snow", device="cpu")
    ids = stock._get_add_time_ids((40, 56), (0, 0), (40, 56), torch.float32, stock.text_encoder_2.config.projection_dim)
    given = encode_instruction(load(folder, device="cpu"), "make it snow", height=40, width=56)
    assert torch.equal(given.embeds, torch.cat([full, empty, empty]))
    assert torch.equal(given.added["text_embeds"], torch.cat([pooled, no_pooled, no_pooled]))
    assert torch.equal(given.added["time_ids"], torch.cat([ids] * 3))


def test_a_long_instruction_says_what_is_dropped(sd_model: Model) -> None:
    words = "make it snow at night"
    long = f"{words} {'snow ' * TOKENS}"
    assert encode_instruction(sd_model, long, height=40, width=56).embeds.shape[1] == TOKENS
    assert set(family.dropped_text(sd_model, long).split()) == {"snow"}
    assert family.dropped_text(sd_model, "make it snow") == ""


@pytest.mark.parametrize("cosxl", [False, True])
def test_source_latents_equal_the_stock_pipeline(tmp_path: Path, cosxl: bool) -> None:
    folder = build_sdxl_folder(tmp_path, is_cosxl_edit=cosxl)
    expected = stock_pipeline(folder).prepare_image_latents(frames(), 2, 1, torch.float32, "cpu", False)
    given = encode_frames(load(folder, device="cpu", scheduler="euler"), frames())
    assert torch.equal(given, expected)


def test_decoding_equals_the_autoencoder_and_is_clamped(sd_model: Model) -> None:
    latents = encode_frames(sd_model, frames()) * 3
    vae = sd_model.vae
    assert torch.equal(
        decode_latents(sd_model, latents), vae.decode(latents / vae.config.scaling_factor).sample.clamp(-1, 1)
    )


def test_decoding_uses_the_latents_mean_and_spread_where_given(copied_folder: Path) -> None:
    edit_json(
        copied_folder / "vae" / "config.json", latents_mean=[0.1, 0.2, 0.3, 0.4], latents_std=[2.0, 2.0, 2.0, 2.0]
    )
    model = load(copied_folder, device="cpu")
    mean, factor = torch.tensor([0.1, 0.2, 0.3, 0.4]).view(4, 1, 1), model.vae.config.scaling_factor
    latents = encode_frames(model, frames())
    expected = model.vae.decode(latents * 2 / factor + mean).sample.clamp(-1, 1)
    assert torch.allclose(decode_latents(model, latents), expected, atol=1e-5)


@pytest.mark.parametrize("tiny_vae", [False, True])
def test_latent_shape_is_that_of_encoded_frames(tmp_path: Path, tiny_vae: bool) -> None:
    model = load(build_sd_folder(tmp_path, tiny_vae=tiny_vae), device="cpu")
    assert model.multiple == (4 if tiny_vae else 8)
    assert encode_frames(model, frames()).shape[1:] == family.latent_shape(model, 40, 56)
    assert decode_latents(model, encode_frames(model, frames())).shape == (2, 3, 40, 56)


@pytest.mark.parametrize("kind", ["sd_model", "sdxl_model"])
def test_prediction_equals_the_unet_called_frame_by_frame(kind: str, request: pytest.FixtureRequest) -> None:
    model = request.getfixturevalue(kind)
    told = encode_instruction(model, "make it snow", height=40, width=56)
    noisy, source = torch.randn(2, 2, *family.latent_shape(model, 40, 56), generator=torch.Generator().manual_seed(0))
    inputs = family.inputs(model, told, source, (0, 1, 2), EditConfig().resolved(model.defaults))
    predicted = family.predict(model, noisy, inputs, torch.tensor(500), None)
    for branch, frame in ((0, 0), (1, 1), (2, 0)):
        added = {name: values[branch : branch + 1] for name, values in told.added.items()}
        seen = source[frame] if branch < 2 else torch.zeros_like(source[frame])
        joined = torch.cat([noisy[frame], seen])[None]
        alone = model.denoiser(joined, 500, told.embeds[branch : branch + 1], added_cond_kwargs=added).sample[0]
        assert torch.allclose(predicted[branch][frame], alone, atol=1e-5)


# Schedulers


@pytest.mark.parametrize("name", NAMES)
def test_every_scheduler_runs_on_a_fresh_instance(sd_folder: Path, name: str) -> None:
    model = load(sd_folder, device="cpu", scheduler=name)
    for _ in range(2):
        schedule = family.schedule(model, 5, 40, 56)
        latents = schedule.start(torch.ones(1, 4, 5, 7))
        for timestep in schedule.timesteps:
            latents = schedule.step(0.1 * schedule.scale(latents, timestep), timestep, latents, [torch.Generator()])
        assert latents.isfinite().all()


def test_scheduler_is_found_by_its_name_in_diffusers_and_keeps_the_noise_levels(sd_folder: Path) -> None:
    scheduler = load(sd_folder, device="cpu", scheduler="DPMSolverMultistepScheduler").scheduler
    assert type(scheduler).__name__ == "DPMSolverMultistepScheduler"
    assert (scheduler.config.beta_start, scheduler.config.beta_schedule) == (0.00085, "scaled_linear")


def test_number_of_steps_that_a_scheduler_cannot_take(sd_folder: Path) -> None:
    with pytest.raises(UsageError, match="--num-steps 1000 does not go with LCMScheduler"):
        family.schedule(load(sd_folder, device="cpu", scheduler="lcm"), 1000, 40, 56)


def test_unknown_scheduler_is_refused_with_the_known_names(sd_folder: Path) -> None:
    with pytest.raises(UsageError, match=r"magic.*euler_ancestral"):
        load(sd_folder, device="cpu", scheduler="magic")
