"""LoRAs: found, checked, and added to the weights they are for."""

from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from fairy.errors import ModelError, UsageError
from fairy.models import Model, load

LAYER = "down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q"
TEXT_LAYER = "encoder.layers.0.self_attn.out_proj"
DOWN, UP = torch.randn(2, 2, 32, generator=torch.Generator().manual_seed(0)).unbind(0)
UP = UP.T.contiguous()

# The same low-rank change of one layer, as three programs write it; kohya's alpha of 1 halves it at rank 2.
KOHYA = "lora_unet_" + LAYER.replace(".", "_")
FORMATS: dict[str, dict[str, torch.Tensor]] = {
    "peft": {f"unet.{LAYER}.lora_A.weight": DOWN, f"unet.{LAYER}.lora_B.weight": UP},
    "diffusers": {f"unet.{LAYER}.lora.down.weight": DOWN, f"unet.{LAYER}.lora.up.weight": UP},
    "kohya": {
        f"{KOHYA}.lora_down.weight": DOWN,
        f"{KOHYA}.lora_up.weight": 2 * UP,
        f"{KOHYA}.alpha": torch.tensor(1.0),
    },
}


def load_with(folder: Path, lora: Path, scale: float = 1.0) -> Model:
    return load(folder, device="cpu", lora=str(lora), lora_scale=scale)


def change(after: Any, before: Any, layer: str) -> torch.Tensor:
    return after.get_submodule(layer).weight - before.get_submodule(layer).weight


@pytest.mark.parametrize("form", FORMATS)
def test_lora_is_added_at_its_scale(sd_folder: Path, sd_model: Model, tmp_path: Path, form: str) -> None:
    save_file(FORMATS[form], tmp_path / "lora.safetensors")
    changed = load_with(sd_folder, tmp_path / "lora.safetensors", scale=0.5)
    assert torch.allclose(change(changed.denoiser, sd_model.denoiser, LAYER), 0.5 * UP @ DOWN, atol=1e-6)


def test_fused_layers_and_processors_are_plain(sd_folder: Path, sd_model: Model, tmp_path: Path) -> None:
    save_file(FORMATS["peft"], tmp_path / "lora.safetensors")
    changed = load_with(sd_folder, tmp_path)
    assert [type(module) for module in changed.denoiser.modules()] == [
        type(module) for module in sd_model.denoiser.modules()
    ]
    plain = sd_model.denoiser.attn_processors
    assert {name: type(one) for name, one in changed.denoiser.attn_processors.items()} == {
        name: type(one) for name, one in plain.items()
    }
    assert not any(parameter.requires_grad for parameter in changed.denoiser.parameters())


@pytest.mark.parametrize(("kind", "prefixes"), [("sd", ["lora_te"]), ("sdxl", ["lora_te1", "lora_te2"])])
def test_text_encoders_are_changed_too(
    kind: str, prefixes: list[str], request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    folder, model = request.getfixturevalue(f"{kind}_folder"), request.getfixturevalue(f"{kind}_model")
    names = [f"{prefix}_text_model_{TEXT_LAYER.replace('.', '_')}" for prefix in prefixes]
    tensors = {
        f"{name}.lora_{side}.weight": part.clone() for name in names for side, part in [("down", DOWN), ("up", UP)]
    }
    save_file(tensors | {f"{name}.alpha": torch.tensor(2.0) for name in names}, tmp_path / "lora.safetensors")
    changed = load_with(folder, tmp_path)
    for after, before in zip(changed.text_encoders, model.text_encoders, strict=True):
        layer = next(name for name, _ in after.named_modules() if name.endswith(TEXT_LAYER))
        assert torch.allclose(change(after, before, layer), UP @ DOWN, atol=1e-6)


def test_usual_name_is_taken_from_a_folder(sd_folder: Path, sd_model: Model, tmp_path: Path) -> None:
    save_file(FORMATS["peft"], tmp_path / "pytorch_lora_weights.safetensors")
    save_file({"other": DOWN}, tmp_path / "another.safetensors")
    assert change(load_with(sd_folder, tmp_path).denoiser, sd_model.denoiser, LAYER).any()


def test_folder_with_several_files_asks_which(sd_folder: Path, tmp_path: Path) -> None:
    for name in ("one", "two"):
        save_file(FORMATS["peft"], tmp_path / f"{name}.safetensors")
    with pytest.raises(UsageError, match=r"one\.safetensors, two\.safetensors"):
        load_with(sd_folder, tmp_path)


WIDE = torch.zeros(2, 64)
MISFITS = {
    "another size": {f"unet.{LAYER}.lora_A.weight": WIDE, f"unet.{LAYER}.lora_B.weight": WIDE.T.contiguous()},
    "another layer": {"unet.no.layer.lora_A.weight": WIDE, "unet.no.layer.lora_B.weight": WIDE.T.contiguous()},
    "another denoiser": {"transformer.x.lora_A.weight": WIDE, "transformer.x.lora_B.weight": WIDE.T.contiguous()},
}


@pytest.mark.parametrize("misfit", MISFITS)
def test_lora_for_another_model(
    sd_folder: Path, tmp_path: Path, misfit: str, capfd: pytest.CaptureFixture[str]
) -> None:
    save_file(MISFITS[misfit], tmp_path / "lora.safetensors")
    with pytest.raises(ModelError, match=r"^[^\n]*does not fit[^\n]*$"):
        load_with(sd_folder, tmp_path)
    assert capfd.readouterr().err == ""


def test_file_that_is_no_lora(sd_folder: Path, tmp_path: Path) -> None:
    save_file({"weight": DOWN}, tmp_path / "model.safetensors")
    with pytest.raises(ModelError, match="is no LoRA"):
        load_with(sd_folder, tmp_path)


def test_damaged_pickled_and_missing_files(sd_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "damaged.safetensors").write_bytes(b"nonsense")
    (tmp_path / "pickled.bin").write_bytes(b"")
    for name, reason in [("damaged.safetensors", "damaged"), ("pickled.bin", "pickle"), ("absent", "neither a file")]:
        with pytest.raises(ModelError, match=reason):
            load_with(sd_folder, tmp_path / name)
