"""`fairy train` from end to end on small random models: losses, resuming, what it writes."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from accelerate import Accelerator
from diffusers import StableDiffusionInstructPix2PixPipeline
from torch import nn

from fairy.cli.main import main
from fairy.config import EditConfig
from fairy.errors import FairyError
from fairy.lab.training.finetune import Trainer, start_accelerator, train
from fairy.lab.training.runs import Run
from fairy.lab.training.settings import TrainConfig
from fairy.method.editor import Editor
from fairy.models import Model, load
from tiny import build_sd_folder, build_sdxl_folder

SMALL = {
    "size": "32x32", "steps": 4, "batch": 2, "warmup_steps": 1, "learning_rate": 1e-3, "num_samples": 2,
    "log_every": 2, "sample_every": 0, "save_every": 2, "device": "cpu",
}  # fmt: skip


@pytest.fixture
def accelerator() -> Accelerator:
    return start_accelerator(TrainConfig(device="cpu"))


def configure(model: Path | str, **settings) -> TrainConfig:
    return TrainConfig(model=str(model), **SMALL | settings)


def new_trainer(config: TrainConfig, folder: Path, accelerator: Accelerator) -> Trainer:
    run = Run(folder)
    run.begin(config, 1, overwrite=False)
    return Trainer(config, run, accelerator)


def edit(model: Model) -> np.ndarray:
    frame = np.random.default_rng(0).integers(0, 256, (32, 32, 3), np.uint8)
    with Editor(model) as editor:
        bank = editor.edit_anchors(frame[None][:0], "make it night", EditConfig(num_anchors=0, num_steps=2))
        return next(iter(editor.edit_frames([frame], bank)))


@pytest.mark.parametrize("settings", [{"accumulation": 2, "train_text_encoder": True}, {"lora_rank": 2}])
def test_a_resumed_run_has_the_losses_of_an_uninterrupted_one(
    settings: dict, sd_folder: Path, tmp_path: Path, accelerator: Accelerator
) -> None:
    config = configure(sd_folder, **settings)
    expected = list(new_trainer(config, tmp_path / "whole", accelerator).run_to(4))
    stopped = list(new_trainer(config, tmp_path / "parts", accelerator).run_to(2))
    resumed = new_trainer(config, tmp_path / "parts", accelerator)
    resumed.resume()
    assert stopped + list(resumed.run_to(4)) == expected
    assert len(set(expected)) == 4


def test_training_on_one_pair_learns_it(sd_folder: Path, tmp_path: Path, accelerator: Accelerator) -> None:
    config = configure(sd_folder, steps=30, save_every=30, log_every=30)
    losses = list(new_trainer(config, tmp_path / "run", accelerator).run_to(30))
    assert np.mean(losses[-5:]) < 0.9 * np.mean(losses[:5])


def test_fairy_and_diffusers_open_the_model(sd_folder: Path, tmp_path: Path) -> None:
    result = train(configure(sd_folder, train_text_encoder=True), tmp_path / "run")
    pipeline = StableDiffusionInstructPix2PixPipeline.from_pretrained(result.model)
    pipeline.set_progress_bar_config(disable=True)
    picture = np.zeros((1, 32, 32, 3), np.float32)
    assert pipeline("make it night", picture, num_inference_steps=2, output_type="np").images.shape == picture.shape
    trained, base = load(result.model, device="cpu"), load(sd_folder, device="cpu")
    assert trained.defaults == base.defaults
    assert not torch.equal(trained.denoiser.conv_in.weight, base.denoiser.conv_in.weight)
    weights = [next(model.text_encoders[0].parameters()) for model in (trained, base)]
    assert not torch.equal(*weights)
    assert all(torch.equal(a, b) for a, b in zip(trained.vae.parameters(), base.vae.parameters(), strict=True))


def test_the_run_writes_its_log_its_sheets_and_its_settings(sd_folder: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    train(configure(sd_folder, sample_every=4), run)
    lines = [json.loads(line) for line in (run / "log" / "losses.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines] == [2, 4]
    assert set(lines[0]) == {"step", "loss", "learning_rate", "attention_share"}
    assert [path.name for path in (run / "samples").iterdir()] == ["step_0000004.png"]
    assert list((run / "log").glob("events.out.tfevents.*"))
    assert json.loads((run / "model" / "training.json").read_text())["steps"] == 4
    assert sorted(path.name for path in run.iterdir()) == ["checkpoint", "log", "model", "samples", "settings.json"]


def test_shrunk_kernels_stay_shrunk_and_leave_as_stock_ones(tmp_path: Path, accelerator: Accelerator) -> None:
    folder = build_sd_folder(tmp_path / "base")
    model = load(folder, device="cpu")
    kernel = model.denoiser.up_blocks[0].resnets[0].conv1.weight
    around = torch.ones_like(kernel, dtype=torch.bool)
    around[:, :, 1, 1] = False
    with torch.no_grad():
        kernel[around] = 0
    model.denoiser.save_pretrained(folder / "unet")
    (folder / "fairy.json").write_text('{"centre_kernels": true}')
    trainer = new_trainer(configure(folder, save_dtype="float32", ema_decay=0), tmp_path / "run", accelerator)
    list(trainer.run_to(2))
    assert trainer.model.denoiser.up_blocks[0].resnets[0].conv1.kernel_size == (1, 1)
    pipeline = StableDiffusionInstructPix2PixPipeline.from_pretrained(tmp_path / "run" / "model")
    saved = pipeline.unet.up_blocks[0].resnets[0].conv1.weight
    assert torch.equal(saved[:, :, 1, 1], trainer.model.denoiser.up_blocks[0].resnets[0].conv1.weight[:, :, 0, 0])
    assert not saved[around].any()


def test_weights_in_16_bits_or_in_parts_are_passed_on_as_they_are(copied_folder: Path, tmp_path: Path) -> None:
    vae = load(copied_folder, device="cpu").vae.half()
    (copied_folder / "vae" / "diffusion_pytorch_model.safetensors").unlink()
    vae.save_pretrained(copied_folder / "vae", variant="fp16", max_shard_size="50KB")
    result = train(configure(copied_folder, steps=1), tmp_path / "run")
    saved = StableDiffusionInstructPix2PixPipeline.from_pretrained(result.model).vae
    assert len(list((result.model / "vae").glob("*.safetensors"))) > 1
    assert all(torch.equal(a, b.float()) for a, b in zip(saved.parameters(), vae.parameters(), strict=True))


def test_a_lora_gives_what_the_trained_model_gives(sd_folder: Path, tmp_path: Path, accelerator: Accelerator) -> None:
    config = configure(sd_folder, lora_rank=2, lora_alpha=6.0, train_text_encoder=True, ema_decay=0, learning_rate=0.05)
    trainer = new_trainer(config, tmp_path / "run", accelerator)
    list(trainer.run_to(4))
    for part in (trainer.model.denoiser, *trainer.model.text_encoders, trainer.model.vae):
        part.float()
    again = load(sd_folder, device="cpu", lora=str(tmp_path / "run" / "model"))
    pairs = (
        (layer.get_base_layer().weight + layer.get_delta_weight("default"), fused.get_submodule(name).weight)
        for trained, fused in (
            (trainer.model.denoiser, again.denoiser),
            (trainer.model.text_encoders[0], again.text_encoders[0]),
        )
        for name, layer in trained.named_modules()
        if hasattr(layer, "get_delta_weight")
    )
    differences = [((one - other).abs().max() / other.abs().max()).item() for one, other in pairs]
    assert len(differences) > 20
    assert max(differences) < 0.01  # the base was held in bfloat16 while its LoRA was trained
    assert not np.array_equal(edit(again), edit(load(sd_folder, device="cpu")))


def test_an_sdxl_model_is_trained_too(tmp_path: Path) -> None:
    folder = build_sdxl_folder(tmp_path / "base")
    result = train(configure(folder, steps=2), tmp_path / "run")
    assert np.isfinite(result.loss)
    assert len(load(result.model, device="cpu").text_encoders) == 2


def test_the_average_is_what_is_saved(sd_folder: Path, tmp_path: Path, accelerator: Accelerator) -> None:
    config = configure(sd_folder, save_dtype="float32", ema_decay=0.5)
    trainer = new_trainer(config, tmp_path / "run", accelerator)
    last = []
    for _ in trainer.run_to(4):
        last.append(trainer.model.denoiser.conv_in.bias.detach().clone())
    average = load(sd_folder, device="cpu").denoiser.conv_in.bias
    for decay, weights in zip((0, 2 / 11, 3 / 12, 4 / 13), last, strict=True):  # diffusers' warm-up of the decay
        average = decay * average + (1 - decay) * weights
    assert torch.allclose(load(tmp_path / "run" / "model", device="cpu").denoiser.conv_in.bias, average, atol=1e-6)


def weights_after(trainer: Trainer, steps: int) -> tuple[list[float], torch.Tensor]:
    losses = list(trainer.run_to(steps))
    return losses, torch.cat([value.detach().flatten() for value in trainer.learning.values()])


def test_accumulated_parts_train_as_one_batch(sd_folder: Path, tmp_path: Path, accelerator: Accelerator) -> None:
    parts, whole = (
        weights_after(new_trainer(configure(sd_folder, **settings), tmp_path / name, accelerator), 2)
        for name, settings in (("parts", {"accumulation": 4, "batch": 1}), ("whole", {"batch": 4}))
    )
    assert parts[0] == pytest.approx(whole[0], rel=1e-3)  # the second one is of weights that have learned
    assert (parts[1] - whole[1]).abs().median() < 1e-5


def test_gradients_are_clipped(sd_folder: Path, tmp_path: Path, accelerator: Accelerator) -> None:
    moved = []
    for limit in (1e-9, 0.0):
        config = configure(sd_folder, max_grad_norm=limit, weight_decay=0.0)
        trainer = new_trainer(config, tmp_path / f"{limit}", accelerator)
        before = torch.cat([value.detach().clone().flatten() for value in trainer.learning.values()])
        moved.append(float((weights_after(trainer, 2)[1] - before).abs().max()))
    assert moved[0] < 0.2 * moved[1]


def test_the_schedule_is_followed(sd_folder: Path, tmp_path: Path, accelerator: Accelerator) -> None:
    config = configure(sd_folder, warmup_steps=2)
    trainer = new_trainer(config, tmp_path / "run", accelerator)
    rates = [trainer.optimizer.param_groups[0]["lr"] for _ in trainer.run_to(4)]
    assert rates == [config.learning_rate_at(step) for step in range(4)]
    assert rates[0] < rates[1] > rates[-1]


def test_a_resumed_average_is_that_of_an_uninterrupted_run(
    sd_folder: Path, tmp_path: Path, accelerator: Accelerator
) -> None:
    config = configure(sd_folder, ema_decay=0.9, save_dtype="float32")
    list(new_trainer(config, tmp_path / "whole", accelerator).run_to(4))
    list(new_trainer(config, tmp_path / "parts", accelerator).run_to(2))
    resumed = new_trainer(config, tmp_path / "parts", accelerator)
    resumed.resume()
    list(resumed.run_to(4))
    whole, parts = (load(tmp_path / name / "model", device="cpu").denoiser.state_dict() for name in ("whole", "parts"))
    assert all(torch.equal(whole[name], parts[name]) for name in whole)


def test_the_log_of_a_resumed_run_has_each_step_once(sd_folder: Path, tmp_path: Path, accelerator: Accelerator) -> None:
    config = configure(sd_folder, log_every=1, ema_decay=0)
    list(new_trainer(config, tmp_path / "run", accelerator).run_to(3))  # the checkpoint is of step 2
    resumed = new_trainer(config, tmp_path / "run", accelerator)
    resumed.resume()
    list(resumed.run_to(4))
    lines = (tmp_path / "run" / "log" / "losses.jsonl").read_text().splitlines()
    assert [json.loads(line)["step"] for line in lines] == [1, 2, 3, 4]


def test_a_finished_run_is_left_as_it_is(sd_folder: Path, tmp_path: Path) -> None:
    train(configure(sd_folder, steps=2), tmp_path / "run")
    before = (tmp_path / "run" / "checkpoint" / "training.pt").stat().st_mtime_ns
    assert train(configure(sd_folder, steps=2), tmp_path / "run").steps == 2
    assert (tmp_path / "run" / "checkpoint" / "training.pt").stat().st_mtime_ns == before


def test_other_settings_and_other_folders_are_refused(sd_folder: Path, tmp_path: Path) -> None:
    train(configure(sd_folder, steps=2), tmp_path / "run")
    with pytest.raises(FairyError, match=r"holds a run with --learning-rate 0\.001, not 0\.01"):
        train(configure(sd_folder, steps=2, learning_rate=0.01), tmp_path / "run")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").touch()
    with pytest.raises(FairyError, match=r"is no training run: thesis\.txt is in it"):
        train(configure(sd_folder), tmp_path / "mine", overwrite=True)


def test_a_loss_that_is_no_number_is_told(sd_folder: Path, tmp_path: Path, accelerator: Accelerator) -> None:
    trainer = new_trainer(configure(sd_folder), tmp_path / "run", accelerator)
    nn.init.constant_(trainer.model.denoiser.conv_out.bias, float("nan"))
    with pytest.raises(FairyError, match="the loss is no number any more at step 1"):
        list(trainer.run_to(4))


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["--size", "30x32"], "--size 30x32: "),
        (["--mixed-precision", "fp16", "--device", "cpu"], "--mixed-precision fp16: is for GPUs"),
        (["--eight-bit"], "--eight-bit needs bitsandbytes: pip install bitsandbytes"),
        (["--lora-rank", "2", "--lora-targets", "nothing"], "--lora-targets nothing: no layer of the UNet"),
        (["--lora-rank", "2", "--lora-targets", "conv_in"], "conv_in is no linear layer"),
    ],
)
def test_what_cannot_be_is_told_in_one_line(
    words: list[str], line: str, sd_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    small = ["--size", "32x32", "--quiet", "--model", str(sd_folder)]
    assert main(["train", "-o", str(tmp_path / "run"), *small, *words]) in (1, 2)
    told = capsys.readouterr().err
    assert line in told
    assert told.count("\n") == 1
    assert not (tmp_path / "run").exists()


def test_two_text_encoders_cannot_learn(sdxl_folder: Path, tmp_path: Path) -> None:
    with pytest.raises(FairyError, match="has two text encoders, which stay as they are"):
        train(configure(sdxl_folder, train_text_encoder=True), tmp_path / "run")
