"""What cannot be loaded: each refusal is one line that says what was given and what is needed."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from fairy.errors import ModelError, UsageError
from fairy.models import load
from tiny import build_sd_folder


def edit_json(path: Path, **entries: Any) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | entries))


def refusal(name: str | Path, **options: Any) -> str:
    with pytest.raises(ModelError) as error:
        load(name, device="cpu", **options)
    assert "\n" not in str(error.value)
    return str(error.value)


def test_folder_that_is_no_model(tmp_path: Path) -> None:
    assert "model_index.json is missing" in refusal(tmp_path)


def test_name_that_is_nothing(tmp_path: Path) -> None:
    assert "neither a folder nor a hub id" in refusal("nosuchmodel")
    assert "neither a folder nor a hub id" in refusal(tmp_path / "missing")


def test_single_file_is_no_model(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"")
    assert "is a file" in refusal(tmp_path / "model.safetensors")


@pytest.mark.parametrize(("channels", "kind"), [(4, "text-to-image"), (9, "inpainting"), (5, "another kind")])
def test_denoiser_with_other_inputs(tmp_path: Path, channels: int, kind: str) -> None:
    message = refusal(build_sd_folder(tmp_path, in_channels=channels))
    assert kind in message
    assert "8 = 2 x 4 latent channels" in message


def test_pipeline_of_another_kind(copied_folder: Path) -> None:
    edit_json(copied_folder / "model_index.json", _class_name="FluxPipeline")
    assert "FluxPipeline" in refusal(copied_folder)


def test_component_with_code_of_its_own(copied_folder: Path) -> None:
    edit_json(copied_folder / "model_index.json", unet=["my_unet", "MyUNet"])
    assert "my_unet.MyUNet" in refusal(copied_folder)


def test_pickled_weights(copied_folder: Path) -> None:
    weights = copied_folder / "unet" / "diffusion_pytorch_model.safetensors"
    weights.rename(weights.with_suffix(".bin"))
    assert "pickle" in refusal(copied_folder)


def test_missing_weights(copied_folder: Path) -> None:
    (copied_folder / "vae" / "diffusion_pytorch_model.safetensors").unlink()
    assert "vae/diffusion_pytorch_model.safetensors" in refusal(copied_folder)


@pytest.mark.parametrize("part", ["unet/diffusion_pytorch_model", "text_encoder/model"])
def test_truncated_weights(copied_folder: Path, part: str) -> None:
    weights = copied_folder / f"{part}.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1000])
    assert part.split("/")[0] in refusal(copied_folder)


@pytest.mark.parametrize("part", ["unet/diffusion_pytorch_model", "text_encoder/model"])
def test_weights_without_some_tensors(copied_folder: Path, part: str) -> None:
    weights = copied_folder / f"{part}.safetensors"
    save_file(dict(list(load_file(weights).items())[1:]), weights, metadata={"format": "pt"})
    assert "missing" in refusal(copied_folder)


def test_weights_of_another_size(copied_folder: Path) -> None:
    edit_json(copied_folder / "unet" / "config.json", block_out_channels=[32, 96])
    assert "unet" in refusal(copied_folder)


@pytest.mark.parametrize("file", ["tokenizer/tokenizer.json", "scheduler/scheduler_config.json", "unet/config.json"])
def test_missing_configuration(copied_folder: Path, file: str) -> None:
    (copied_folder / file).unlink()
    assert file.split("/")[0] in refusal(copied_folder)


def test_unknown_device_and_dtype(sd_folder: Path) -> None:
    with pytest.raises(UsageError, match=r"gpu.*cuda"):
        load(sd_folder, device="gpu")
    with pytest.raises(UsageError, match=r"int8.*bfloat16"):
        load(sd_folder, device="cpu", dtype="int8")


@pytest.mark.skipif(torch.cuda.is_available(), reason="a CUDA device is there")
def test_absent_device(sd_folder: Path) -> None:
    with pytest.raises(UsageError, match="no such device"):
        load(sd_folder, device="cuda")
