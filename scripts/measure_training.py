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
import resource
import statistics
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import torch

from fairy.lab.bench.random_model import TEXT, UNET, VAE, build_sd15
from fairy.lab.results.machine import describe_machine, in_words
from fairy.lab.results.tables import as_markdown
from fairy.lab.training.batches import load_batches
from fairy.lab.training.finetune import Trainer, start_accelerator
from fairy.lab.training.runs import Run
from fairy.lab.training.settings import TrainConfig

WARM_UP = 2
SIDES = (32, 64, 128, 128)
SHAPES = {
    "sd15": {},
    "tiny": {
        "unet": UNET
        | {"block_out_channels": SIDES, "layers_per_block": 1, "attention_head_dim": 2, "cross_attention_dim": 32},
        "vae": VAE | {"block_out_channels": SIDES, "layers_per_block": 1},
        "text": TEXT | {"hidden_size": 32, "intermediate_size": 128, "num_hidden_layers": 1, "num_attention_heads": 2},
    },
}
VARIANTS = {
    "all weights": {},
    "all weights, gradient checkpointing": {"gradient_checkpointing": True},
    "LoRA of rank 16": {"lora_rank": 16},
}


def main() -> None:
    """Build the model once, measure each variant, print the table."""
    options = parse()
    device = torch.device("cuda" if torch.cuda.is_available() and options.device == "auto" else "cpu")
    rows = []
    with tempfile.TemporaryDirectory() as temporary:
        folder = build_sd15(Path(temporary) / "model", device, **SHAPES[options.shape])
        config = TrainConfig(
            model=str(folder), size=options.size, batch=options.batch, device=options.device,
            mixed_precision=options.mixed_precision, steps=10**6, save_every=10**6, sample_every=0, log_every=10**6,
        )  # fmt: skip
        for name, settings in VARIANTS.items():
            seconds, gib = measure(replace(config, **settings), Path(temporary) / "run", options.steps)
            rows.append([name, f"{seconds:.3f}", f"{options.batch / seconds:.1f}", f"{gib:.1f}"])
    about = f"{options.shape}, {options.size}, batch {options.batch}, {options.mixed_precision}"
    table = as_markdown(["", "seconds a step", "samples a second", "memory, GiB"], rows)
    sys.stdout.write(f"{in_words(describe_machine(device))}; {about}\n\n{table}\n")


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
