"""The benchmark's parts about shapes: ways to read the anchors, and the model of random weights."""

import pytest
import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from torch.nn.attention.flex_attention import flex_attention
from transformers import CLIPTextModel

from fairy.lab.bench.attention_forms import (
    FORMS,
    LayerShape,
    attend_flex,
    attend_padded,
    draw_tensors,
    forms_for,
    layer_shapes,
    measure_forms,
)
from fairy.lab.bench.random_model import UNET, VAE, text_config, tiny_vocabulary
from fairy.lab.bench.timing import count_operations
from fairy.method.attend import KeysValues, attend_joined

SHAPE = LayerShape(heads=2, tokens=12, head_dim=40, num_layers=1)
CPU = torch.device("cpu")


def test_heads_filled_up_with_zeros_change_nothing():
    tensors = draw_tensors(SHAPE, 3, 2, 2, CPU, torch.float64)
    joined = attend_joined(*tensors, heads=2, strength=1.0)
    torch.testing.assert_close(attend_padded(*tensors, heads=2, strength=1.0), joined)


@pytest.mark.filterwarnings("ignore:flex_attention called without torch.compile")
def test_flex_attention_is_the_same_attention(monkeypatch):
    monkeypatch.setattr("fairy.lab.bench.attention_forms.compiled_flex", lambda: flex_attention)
    tensors = draw_tensors(SHAPE, 3, 2, 2, CPU, torch.float32)
    joined = attend_joined(*tensors, heads=2, strength=1.0)
    torch.testing.assert_close(attend_flex(*tensors, heads=2, strength=1.0), joined)


def test_the_layers_of_a_model_are_found_without_computing(sd_model):
    shapes = layer_shapes(sd_model, (64, 48))
    assert sum(shape.num_layers for shape in shapes) == sum(
        "attn1" in name for name in sd_model.denoiser.attn_processors
    )
    assert shapes[0].tokens == 8 * 6


def test_every_form_is_measured_and_near_the_first(sd_model):
    rows = measure_forms(sd_model, "sd", (32, 32), num_frames=1, num_anchors=2)
    shapes = len({(row.tokens, row.heads, row.head_dim) for row in rows})
    assert len(rows) == shapes * len(forms_for(layer_shapes(sd_model, (32, 32))[0], CPU))
    assert all(row.difference < 1e-4 for row in rows if row.form != "own")


def test_a_form_that_fails_is_told(sd_model, monkeypatch):
    def fails(*_, **__):
        raise RuntimeError("no kernel")

    monkeypatch.setattr("fairy.lab.bench.attention_forms.FORMS", {"joined": attend_joined, "broken": fails})
    rows = measure_forms(sd_model, "sd", (32, 32), num_frames=1, num_anchors=1)
    assert {row.failure for row in rows if row.form == "broken"} == {"RuntimeError: no kernel"}


def test_the_random_model_has_the_published_number_of_weights():
    """Stable Diffusion 1.5: 859,520,964 in the denoiser, and 4 * 320 * 9 more for the 4 channels of the source."""
    with torch.device("meta"):
        parts = [UNet2DConditionModel(**UNET), AutoencoderKL(**VAE), CLIPTextModel(text_config(tiny_vocabulary()))]
    counts = [sum(weight.numel() for weight in part.parameters()) for part in parts]
    assert counts == [859_520_964 + 4 * 320 * 9, 83_653_863, 123_060_480]


def test_a_pass_of_the_random_model_takes_580_gflop_at_512x384():
    with torch.device("meta"), torch.no_grad():
        unet, latents, text = UNet2DConditionModel(**UNET), torch.zeros(1, 8, 48, 64), torch.zeros(1, 77, 768)
        operations = count_operations(lambda: unet(latents, torch.zeros(()), encoder_hidden_states=text))
    assert round(operations / 1e9, 1) == 580.3


@torch.no_grad()
@pytest.mark.parametrize("strength", [1.0, 0.3, 4.0])
def test_all_forms_of_reading_anchors_agree(strength):
    generator = torch.Generator().manual_seed(0)
    queries, *own = (torch.randn(9, 5, 8, generator=generator) for _ in range(3))
    anchors = KeysValues(*(torch.randn(3, 5, 8, generator=generator) for _ in range(2)))
    mixed = [form(queries, KeysValues(*own), anchors, heads=2, strength=strength) for form in FORMS.values()]
    for each in mixed[1:]:
        torch.testing.assert_close(each, mixed[0])
