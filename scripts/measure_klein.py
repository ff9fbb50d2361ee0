"""FLUX.2 klein 4B in its true configuration, without its weights: size, memory and operations on the meta device.

python scripts/measure_klein.py             seconds, on any machine
python scripts/measure_klein.py --forward   also a forward of full width and few layers on the CPU in bfloat16
"""

import argparse
import json
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from diffusers import AutoencoderKLFlux2, FlowMatchEulerDiscreteScheduler, Flux2Transformer2DModel
from transformers import Qwen3Config, Qwen3ForCausalLM

from fairy.config import EditConfig, ModelConfig
from fairy.method.memory import bytes_of, format_bytes
from fairy.method.rehearsal import META, count_operations, rehearse
from fairy.models import Model
from fairy.models.bundle import Model as Bundle
from fairy.models.folder import open_folder

# As published: 3.876 billion parameters, and Qwen3-4B.
TRANSFORMER: dict[str, Any] = {
    "num_layers": 5,
    "num_single_layers": 20,
    "attention_head_dim": 128,
    "num_attention_heads": 24,
    "joint_attention_dim": 7680,
    "guidance_embeds": False,
}
TEXT: dict[str, Any] = {
    "hidden_size": 2560,
    "intermediate_size": 9728,
    "num_hidden_layers": 36,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
    "head_dim": 128,
    "vocab_size": 151936,
    "tie_word_embeddings": True,
}
INDEX = {
    "_class_name": "Flux2KleinPipeline",
    "is_distilled": True,
    "transformer": ["diffusers", "Flux2Transformer2DModel"],
    "vae": ["diffusers", "AutoencoderKLFlux2"],
    "text_encoder": ["transformers", "Qwen3ForCausalLM"],
    "tokenizer": ["transformers", "Qwen2TokenizerFast"],
    "scheduler": ["diffusers", "FlowMatchEulerDiscreteScheduler"],
}
SIZES = ((384, 512), (576, 768), (768, 1024))
NUM_ANCHORS = 3


def build(folder: Path, device: torch.device, **transformer: Any) -> Model:
    """The model on `device`, its weights whatever lies there."""
    scheduler = FlowMatchEulerDiscreteScheduler(use_dynamic_shifting=True, shift=3.0)
    with device:
        torch.set_default_dtype(torch.bfloat16)
        denoiser, vae = Flux2Transformer2DModel(**TRANSFORMER | transformer), AutoencoderKLFlux2()
        torch.set_default_dtype(torch.float32)
    with META:
        text = Qwen3ForCausalLM(Qwen3Config(**TEXT)).to(torch.bfloat16)
    for name, part in {"transformer": denoiser, "vae": vae, "text_encoder": text}.items():
        (folder / name).mkdir()
        (folder / name / "config.json").write_text(json.dumps({**part.config} if name != "text_encoder" else TEXT))
    (folder / "model_index.json").write_text(json.dumps(INDEX))
    return Bundle(
        config=ModelConfig(model="FLUX.2-klein-4B", micro_batch=1),
        folder=open_folder(folder, "FLUX.2-klein-4B"),
        denoiser=denoiser.eval(),
        vae=vae.eval(),
        text_encoders=(text,),
        tokenizers=(None,),
        scheduler=scheduler,
        device=device,
        dtype=torch.bfloat16,
    )


def tell(model: Model) -> None:
    """Size, memory and operations."""
    settings = EditConfig().resolved(model.defaults)
    count = sum(weight.numel() for weight in model.denoiser.parameters())
    sizes = ", ".join(
        f"{name} {format_bytes(bytes_of(part))}"
        for name, part in (("transformer", model.denoiser), ("vae", model.vae), ("text", model.text_encoders[0]))
    )
    say(f"{count / 1e9:.3f} billion parameters; {sizes}\n")
    say("| size | bank | anchors' pass | a frame | operations of a frame, K = 0 | K = 3 |\n|---|---|---|---|---|---|")
    model.family.install(model.denoiser)
    for height, width in SIZES:
        found = rehearse(model, (height, width), NUM_ANCHORS, 1, settings)
        plain, read = (count_operations(model, (height, width), number, settings)[1] for number in (0, NUM_ANCHORS))
        cells = (found.bank * settings.num_steps, found.anchors, found.frames)
        row = " | ".join(map(format_bytes, cells))
        say(f"| {width}x{height} | {row} | {plain / 1e12:.1f} TFLOP | {read / 1e12:.1f} TFLOP |")


@torch.inference_mode()
def forward(folder: Path) -> None:
    """A frame of 128x96, encoded, two steps, decoded: full width, one block of each kind, weights as they come."""
    model = build(folder, torch.device("cpu"), num_layers=1, num_single_layers=1)
    model.family.install(model.denoiser)
    settings = replace(EditConfig().resolved(model.defaults), num_steps=2)
    told = (torch.randn(1, 512, 7680, dtype=torch.bfloat16),)
    began = time.perf_counter()
    latents = model.family.encode(model, torch.rand(1, 3, 96, 128) * 2 - 1)
    inputs = model.family.inputs(model, told, latents, (0,), settings)
    schedule = model.family.schedule(model, 2, 96, 128)
    noisy = torch.randn(latents.shape)
    for timestep in schedule.timesteps:
        (prediction,) = model.family.predict(model, noisy, inputs, timestep, None)
        noisy = schedule.step(prediction, timestep, noisy, [])
    picture = model.family.decode(model, noisy)
    seconds = time.perf_counter() - began
    say(f"\nforward at full width: {tuple(picture.shape)}, finite: {bool(picture.isfinite().all())}, {seconds:.1f} s")


def say(line: str) -> None:
    """To the terminal at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--forward", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as first, tempfile.TemporaryDirectory() as second:
        tell(build(Path(first), META))
        if arguments.forward:
            forward(Path(second))
