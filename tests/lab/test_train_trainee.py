"""What a model is shown in training, and what it should say, against closed forms and against how it is used."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from fairy.errors import ModelError
from fairy.lab.training.examples import Batch
from fairy.lab.training.settings import TrainConfig
from fairy.lab.training.trainee import LinearEncoder, Teacher, load_model, loss_of, noise_schedule
from fairy.models import Model, load
from fairy.models.families.instruct_pix2pix.latents import encode_edited, encode_frames
from fairy.models.families.instruct_pix2pix.text import encode_instruction
from tiny import build_sd_folder, build_sdxl_folder


@pytest.fixture(scope="module")
def embedded() -> Model:
    return load(device="cpu")


def make_batch(teacher: Teacher, timesteps: list[int], keeps_image: list[float]) -> Batch:
    generator = torch.Generator().manual_seed(0)
    source, edited = torch.randint(256, (2, 2, 3, 32, 48), generator=generator, dtype=torch.uint8)
    side = teacher.latent.multiple
    shape = (2, teacher.latent.channels, 32 // side, 48 // side)
    return Batch(
        source=source,
        edited=edited,
        instructions=["make it night", ""],
        noise=torch.randn(shape, generator=generator),
        timesteps=torch.tensor(timesteps),
        keeps_image=torch.tensor(keeps_image).view(2, 1, 1, 1),
        weight=torch.ones(2, 1, *shape[2:]),
    )


def as_frames(pictures: torch.Tensor) -> torch.Tensor:
    return pictures.float() / 127.5 - 1


def test_a_model_of_noise_should_say_the_noise(sd_model: Model) -> None:
    teacher = Teacher(sd_model, learns_text=False)
    batch = make_batch(teacher, [10, 900], [1.0, 1.0])
    inputs = teacher(batch)
    alpha = (1 - torch.linspace(0.00085**0.5, 0.012**0.5, 1000) ** 2).cumprod(0)[[10, 900]].view(2, 1, 1, 1)
    clean = encode_edited(sd_model, as_frames(batch.edited))
    assert torch.equal(inputs.target, batch.noise)
    assert torch.allclose(inputs.noisy, alpha.sqrt() * clean + (1 - alpha).sqrt() * batch.noise, atol=1e-5)


def test_a_model_of_velocity_sees_pure_noise_at_the_last_step(embedded: Model) -> None:
    teacher = Teacher(embedded, learns_text=False)
    batch = make_batch(teacher, [999, 0], [1.0, 1.0])
    inputs = teacher(batch)
    clean = encode_edited(embedded, as_frames(batch.edited))
    assert torch.allclose(inputs.noisy[0], batch.noise[0], atol=1e-3)
    assert torch.allclose(inputs.target[0], -clean[0], atol=1e-3)
    assert (inputs.target[1] - batch.noise[1]).abs().mean() < 0.05


def test_the_source_is_given_as_in_an_edit_or_left_out(sd_model: Model) -> None:
    teacher = Teacher(sd_model, learns_text=False)
    batch = make_batch(teacher, [1, 2], [1.0, 0.0])
    source = teacher(batch).source
    assert torch.allclose(source[0], encode_frames(sd_model, as_frames(batch.source))[0], atol=1e-5)
    assert not source[1].any()


@pytest.mark.parametrize("model", ["sd_model", "sdxl_model"])
def test_instructions_are_encoded_as_in_an_edit(model: str, request: pytest.FixtureRequest) -> None:
    loaded = request.getfixturevalue(model)
    text, added = Teacher(loaded, learns_text=False).encode_text(["make it night", ""], 32, 48)
    expected = encode_instruction(loaded, "make it night", height=32, width=48).branches([0, 2])
    assert torch.allclose(text, expected.embeds, atol=1e-5)
    assert set(added) == set(expected.added)
    assert all(torch.allclose(added[name], expected.added[name], atol=1e-5) for name in added)


def test_the_embedded_encoder_is_one_matrix(embedded: Model) -> None:
    pictures = torch.rand((2, 3, 40, 24), generator=torch.Generator().manual_seed(0)) * 2 - 1
    linear = LinearEncoder.of(embedded)
    assert linear is not None
    assert torch.allclose(linear.encode(pictures).latents, embedded.vae.encode(pictures).latents, atol=1e-4)


def test_an_encoder_that_is_no_matrix_is_left_alone(sd_model: Model, tmp_path: Path) -> None:
    tiny = load(build_sd_folder(tmp_path, tiny_vae=True), device="cpu")
    assert LinearEncoder.of(tiny) is None
    assert LinearEncoder.of(sd_model) is None


def test_the_loss_is_the_weighed_mean_of_squares(sd_model: Model) -> None:
    teacher = Teacher(sd_model, learns_text=False)
    inputs = teacher(make_batch(teacher, [1, 2], [1.0, 1.0]))
    weighed = replace(inputs, weight=inputs.weight * 3)
    assert loss_of(inputs.target + 2, inputs).item() == pytest.approx(4.0, rel=1e-5)
    assert loss_of(inputs.target + 2, weighed).item() == pytest.approx(12.0, rel=1e-5)


@pytest.mark.parametrize(
    ("build", "line"),
    [
        (lambda path: load_model(configure(build_sdxl_folder(path, is_cosxl_edit=True)), torch.device("cpu")), "CosXL"),
        (lambda path: noise_schedule(predicting("sample", path)), "predicts sample; fairy train knows epsilon"),
    ],
)
def test_models_that_cannot_be_trained_are_refused(build: Callable[[Path], object], line: str, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=line):
        build(tmp_path)


def configure(folder: Path) -> TrainConfig:
    return TrainConfig(model=str(folder), size="32x32")


def predicting(what: str, folder: Path) -> Model:
    model = load(build_sd_folder(folder), device="cpu")
    scheduler = type(model.scheduler).from_config({**model.scheduler.config, "prediction_type": what})
    return replace(model, scheduler=scheduler)
