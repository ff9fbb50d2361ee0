"""How long a step of `fairy train` takes and how much memory, on random weights of the true shapes: no download.

    python scripts/measure_training.py                              # SD-1.5's InstructPix2Pix at 256x256
    python scripts/measure_training.py --batch 32 --size 512x512
    python scripts/measure_training.py --shape tiny --size 32x32 --batch 2 --device cpu    # that it runs at all

Prints a table in Markdown: all weights, all weights with gradient checkpointing, and a LoRA of rank 16. A step is:
encode the pictures and the text, forward, backward, optimizer, moving average. One batch of the synthetic world is used
again and again, so that no step waits for its data.
"""

from __future__ import annotations

import argparse
import gc
import itertools
import json
import platform
import resource
import statistics
import string
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from diffusers import AutoencoderKL, EulerAncestralDiscreteScheduler, UNet2DConditionModel
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

from fairy.lab.training.batches import load_batches
from fairy.lab.training.finetune import Trainer, start_accelerator
from fairy.lab.training.runs import Run
from fairy.lab.training.settings import TrainConfig
from fairy.models.quiet import quiet_libraries

WARM_UP = 2
SHAPES: dict[str, dict[str, Any]] = {
    "sd15": {"width": 320, "text": 768, "text_layers": 12, "heads": 12, "vae": 128, "layers": 2, "attention": 8},
    "tiny": {"width": 32, "text": 32, "text_layers": 1, "heads": 2, "vae": 32, "layers": 1, "attention": 2},
}
VARIANTS = {
    "all weights": {},
    "all weights, gradient checkpointing": {"gradient_checkpointing": True},
    "LoRA of rank 16": {"lora_rank": 16},
}


def main() -> None:
    """Build the model once, measure each variant, print the table."""
    options = parse()
    with tempfile.TemporaryDirectory() as temporary:
        folder = build_folder(Path(temporary) / "model", SHAPES[options.shape])
        config = TrainConfig(
            model=str(folder), size=options.size, batch=options.batch, device=options.device,
            mixed_precision=options.mixed_precision, steps=10**6, save_every=10**6, sample_every=0, log_every=10**6,
        )  # fmt: skip
        print(  # noqa: T201
            f"{describe_machine()}, {options.shape}, {options.size}, batch {options.batch}, {options.mixed_precision}\n"
        )
        print("| | seconds a step | samples a second | memory, GiB |\n| --- | --- | --- | --- |")  # noqa: T201
        for name, settings in VARIANTS.items():
            seconds, gib = measure(replace(config, **settings), Path(temporary) / "run", options.steps)
            print(f"| {name} | {seconds:.3f} | {options.batch / seconds:.1f} | {gib:.1f} |", flush=True)  # noqa: T201


def measure(config: TrainConfig, folder: Path, num_steps: int) -> tuple[float, float]:
    """Median seconds of a step after the warm-up, and the peak of memory: the GPU's, or else the process's."""
    run, accelerator = Run(folder), start_accelerator(config)
    run.begin(config, 1, overwrite=True)
    if torch.cuda.is_available():
        torch.cuda.reset_peak_memory_stats()
    trainer = Trainer(config, run, accelerator)
    prepared = load_batches(trainer.source, config, trainer.teacher.latent, trainer.share, 0)
    batches = itertools.repeat(next(prepared))
    marks = []
    for _ in range(WARM_UP + num_steps):
        trainer.make_step(batches)  # ends with reading the loss, so the GPU has finished
        marks.append(time.perf_counter())
    peak = torch.cuda.max_memory_allocated() if torch.cuda.is_available() else peak_of_process()
    accelerator.free_memory()
    del trainer
    gc.collect()
    return statistics.median(b - a for a, b in zip(marks[WARM_UP - 1 :], marks[WARM_UP:], strict=False)), peak / 2**30


def build_folder(folder: Path, shape: dict[str, Any]) -> Path:
    """An InstructPix2Pix model of Stable Diffusion's layout with random weights of seed 0."""
    torch.manual_seed(0)
    tokenizer = build_tokenizer()
    parts = {
        "unet": UNet2DConditionModel(
            in_channels=8, out_channels=4, cross_attention_dim=shape["text"], attention_head_dim=shape["attention"],
            block_out_channels=tuple(shape["width"] * factor for factor in (1, 2, 4, 4)),
            layers_per_block=shape["layers"],
        ),
        "vae": AutoencoderKL(
            block_out_channels=tuple(shape["vae"] * factor for factor in (1, 2, 4, 4)), latent_channels=4,
            layers_per_block=shape["layers"], down_block_types=("DownEncoderBlock2D",) * 4,
            up_block_types=("UpDecoderBlock2D",) * 4,
        ),
        "text_encoder": CLIPTextModel(CLIPTextConfig(
            hidden_size=shape["text"], intermediate_size=4 * shape["text"], num_hidden_layers=shape["text_layers"],
            num_attention_heads=shape["heads"], max_position_embeddings=77, bos_token_id=tokenizer.bos_token_id,
            eos_token_id=tokenizer.eos_token_id,
        )),
        "tokenizer": tokenizer,
        "scheduler": EulerAncestralDiscreteScheduler(
            beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", steps_offset=1
        ),
    }  # fmt: skip
    index: dict[str, Any] = {"_class_name": "StableDiffusionInstructPix2PixPipeline"}
    for name, part in parts.items():
        with quiet_libraries():
            part.save_pretrained(folder / name)
        index[name] = ["diffusers" if name in ("unet", "vae", "scheduler") else "transformers", type(part).__name__]
    (folder / "model_index.json").write_text(json.dumps(index))
    return folder


def build_tokenizer() -> CLIPTokenizer:
    """Letters only: how words are cut makes no difference to the time, every instruction being padded to 77 tokens."""
    letters = [*string.ascii_lowercase, *string.digits, *",.'-"]
    words = [*letters, *(letter + "</w>" for letter in letters), "<|startoftext|>", "<|endoftext|>"]
    return CLIPTokenizer(vocab={word: n for n, word in enumerate(words)}, merges=[], model_max_length=77)


def describe_machine() -> str:
    """The GPU, or the processor."""
    name = torch.cuda.get_device_name() if torch.cuda.is_available() else f"{platform.machine()} CPU"
    return f"{name}, torch {torch.__version__}"


def peak_of_process() -> int:
    """Bytes."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def parse() -> argparse.Namespace:
    """The options."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shape", choices=SHAPES, default="sd15")
    parser.add_argument("--size", default="256x256")
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--device", choices=("auto", "cpu"), default="auto")
    parser.add_argument("--mixed-precision", choices=("no", "fp16", "bf16"), default="bf16")
    return parser.parse_args()


if __name__ == "__main__":
    main()
