"""How well attention tracks: benchmarks/DATE-tracking.{md,json,png}, of a model, of random weights, and of chance.

`python scripts/measure_tracking.py [MODEL]`, some minutes on two cores. MODEL is what `fairy.load` opens, by default
the embedded one. Clips are of the synthetic world, with exact tracks, fast ones, so that standing still does not pass
for tracking. The floor is a UNet of SD-1.5's shape with torch's initial weights; `--floor OLD.json` takes over its
numbers from an earlier result of this script instead of computing them.
"""

from __future__ import annotations

import argparse
import json
import platform
import subprocess
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import diffusers
import torch
import torch.nn.functional as F
from diffusers.models.autoencoders.autoencoder_tiny import AutoencoderTinyOutput

import fairy
from fairy.config import EditSettings
from fairy.disk.whole import save_png
from fairy.lab.bench.random_model import NOISE, UNET
from fairy.lab.tracking.capture import Observer, observe, self_attention_layers
from fairy.lab.tracking.measure import measure
from fairy.lab.tracking.tables import draw_accuracy
from fairy.lab.tracking.points import synthetic_clips
from fairy.lab.tracking.tables import Accuracy, Cell, LayerBounds, summarize, to_json
from fairy.models import Conditioning, Model
from fairy.models.defaults import Defaults

SEED, SPEED = 1, 16.0
SIZE = (256, 256)
INSTRUCTION = "make it night"


NOTES = """- *Allowed*, *if nothing moved* and *chance* are counted on the same points: docs/tracking.md says how.
- The best layer and step are picked by the numbers that are shown, which flatters them, those of random weights above
  all: the best of 32 lies above chance. The means in the table below are free of that.
- Random weights: a UNet of SD-1.5's shape in bfloat16, two of three steps, one guidance branch, random text, and means
  of 8 x 8 pixels in place of an autoencoder.
- An edit has the same noise for all frames, so that a place has the same noise in each of them. What is lost when each
  frame has its own noise is owed to that, not to the picture."""


def main() -> None:
    """Measure, write, tell."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", nargs="?", help="what fairy.load opens (default: the embedded model)")
    parser.add_argument("-o", "--output", type=Path, default=Path("benchmarks"), metavar="FOLDER")
    parser.add_argument("--clips", type=int, default=10, help="synthetic clips (default: 10)")
    parser.add_argument("--frames", type=int, default=3, help="frames of each (default: 3)")
    parser.add_argument("--floor", type=Path, metavar="OLD.json", help="take over the random weights' numbers")
    chosen = parser.parse_args()
    model = fairy.load(chosen.model)
    results = {"model": measure_model(model, SIZE, chosen.clips, chosen.frames)}
    own = own_size(model)
    results["model, own size"] = measure_model(model, own, chosen.clips, chosen.frames)
    results["model, own size, own noise"] = measure_model(model, own, chosen.clips, chosen.frames, own_noise=True)
    results["random weights"] = from_json(chosen.floor, "random weights") if chosen.floor else measure_floor()
    write(chosen.output, results)


def own_size(model: Model) -> tuple[int, int]:
    """(width, height) in the ratio of most clips, at the size that the model edits at."""
    side = model.defaults.long_side
    return side, side * 3 // 4 // model.multiple * model.multiple


def measure_model(
    model: Model, size: tuple[int, int], num_clips: int, num_frames: int, *, own_noise: bool = False
) -> Accuracy:
    """All layers and steps of a loaded model; `own_noise` gives each frame its own."""
    clips = synthetic_clips(num_clips, num_frames=num_frames, size=size, seed=SEED, speed=SPEED)
    with observe(model, INSTRUCTION, size=size, own_noise=own_noise) as observer:
        return account(observer, clips, size, num_frames, INSTRUCTION)


def measure_floor(num_clips: int = 4, num_frames: int = 3) -> Accuracy:
    """All layers of the random UNet at two of three steps. One branch of guidance, for a forward takes seconds."""
    model, conditioning = build_floor()
    settings = EditSettings(num_steps=3, text_guidance=1.0, image_guidance=1.0, anchor_strength=1.0, seed=0)
    clips = synthetic_clips(num_clips, num_frames=num_frames, size=SIZE, seed=SEED, speed=SPEED)
    layers = self_attention_layers(model.denoiser)
    with Observer(model, conditioning, settings, layers=layers, steps=[0, 1]) as observer:
        return account(observer, clips, SIZE, num_frames, "random embedding")


def account(observer: Observer, clips: Any, size: tuple[int, int], num_frames: int, instruction: str) -> Accuracy:
    """The numbers, and what they are of."""
    counts = list(measure(observer, clips, size=size, on_progress=lambda done, total: print(done, total, flush=True)))  # noqa: T201
    about = {"model": observer.model.name, "instruction": instruction, **asdict(observer.settings)}
    about |= {"own_noise": observer.own_noise, "size": size, "frames_of_a_clip": num_frames}
    return summarize(counts, about)


def build_floor() -> tuple[Model, Conditioning]:
    """A model of SD-1.5's shape that has learned nothing, in memory, and random text for it.

    In bfloat16: a third of the time, and of 57 correspondences as many were within 16 pixels as in float32, in every
    layer.
    """
    with torch.random.fork_rng():
        torch.manual_seed(0)
        unet = diffusers.UNet2DConditionModel(**UNET).requires_grad_(False).eval()
        text = torch.randn(3, 77, 768)
    model = Model(
        name="random weights of SD-1.5's shape",
        path=Path(),
        unet=unet.to(torch.bfloat16, memory_format=torch.channels_last),
        vae=Pooling(),
        text_encoders=(),
        tokenizers=(),
        scheduler=diffusers.EulerAncestralDiscreteScheduler(**NOISE),
        defaults=Defaults(),
        device=torch.device("cpu"),
        dtype=torch.bfloat16,
    )
    return model, Conditioning(text.bfloat16())


class Pooling:
    """In place of an autoencoder: means of 8 x 8 pixels of red, green, blue and grey, as large as SD's latents are.

    An untrained encoder would hide most of the picture, and the floor is that of the UNet.
    """

    config = SimpleNamespace(block_out_channels=(0,) * 4, latent_channels=4, scaling_factor=0.18215)
    dtype = torch.float32

    def encode(self, frames: torch.Tensor) -> AutoencoderTinyOutput:
        """(F, 3, H, W) in -1..1 -> (F, 4, H / 8, W / 8)."""
        means = F.avg_pool2d(frames, 8)
        return AutoencoderTinyOutput(latents=10 * torch.cat([means, means.mean(dim=1, keepdim=True)], dim=1))


def from_json(path: Path, name: str) -> Accuracy:
    """The numbers of one of the results in an earlier file."""

    def numbers(shares: dict[str, float | None]) -> dict[int, float]:
        return {int(key): float("nan") if value is None else value for key, value in shares.items()}

    content = json.loads(path.read_text())[name]
    for entry in (*content["layers"].values(), *content["cells"]):
        entry |= {key: numbers(value) for key, value in entry.items() if isinstance(value, dict)}
    layers = {name: LayerBounds(**entry) for name, entry in content["layers"].items()}
    return Accuracy(**{**content, "layers": layers, "cells": [Cell(**cell) for cell in content["cells"]]})


def write(folder: Path, results: dict[str, Accuracy]) -> None:
    """The three files."""
    folder.mkdir(parents=True, exist_ok=True)
    stem = folder / f"{datetime.now(UTC).date()}-tracking"
    content = {"environment": environment(), **{name: json.loads(to_json(each)) for name, each in results.items()}}
    stem.with_suffix(".json").write_text(json.dumps(content, indent=1) + "\n")
    stem.with_suffix(".md").write_text(report(results, stem.name))
    save_png(stem.with_suffix(".png"), draw_accuracy([(title_of(name, each), each) for name, each in results.items()]))


def environment() -> dict[str, str]:
    """Of what the numbers depend on."""
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    return {
        "date": str(datetime.now(UTC).date()),
        "commit": commit.stdout.strip(),
        "processor": platform.processor() or platform.machine(),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "diffusers": diffusers.__version__,
    }


def name_of(name: str, accuracy: Accuracy) -> str:
    """A result in words."""
    width, height = accuracy.about["size"]
    noise = ", each frame its own noise" if accuracy.about["own_noise"] else ""
    return f"{accuracy.about['model']} at {width}x{height}{noise}" if name.startswith("model") else name


def title_of(name: str, accuracy: Accuracy) -> str:
    """The same in two lines, where it is long."""
    return name_of(name, accuracy).replace(", ", ",\n", 1)


def report(results: dict[str, Accuracy], stem: str) -> str:
    """The page."""
    around = ", ".join(f"{key} {value}" for key, value in environment().items())
    lines = [
        "# Attention as tracking",
        "",
        f"Command: `python scripts/measure_tracking.py`. {around}.",
        f"Synthetic clips with exact tracks, seed {SEED}, speed {SPEED:g}; "
        "shares in percent, each the mean over clips, with its 95 % confidence by bootstrap over clips; distances in "
        "pixels of a 256 x 256 picture.",
        "",
        f"![Accuracy over layers and steps]({stem}.png)",
        "",
        "| | clips, points, correspondences | best layer and step | within 16 | within 32 | `<delta` |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for name, accuracy in results.items():
        lines += rows_of(name_of(name, accuracy), accuracy)
    return "\n".join([*lines, "", NOTES, "", *layers_table(results), ""])


def rows_of(name: str, accuracy: Accuracy) -> list[str]:
    """The best cell, and what it is to be held against."""
    peak, bounds = accuracy.peak, accuracy.layers[accuracy.peak.layer]
    number = list(accuracy.layers).index(peak.layer)
    sample = f"{accuracy.num_clips}, {accuracy.num_points}, {accuracy.num_pairs}"
    shares = [f"{percent(peak.within[d])} ({percent(peak.low[d])} to {percent(peak.high[d])})" for d in (16, 32)]
    rows = [f"| {name} | {sample} | {number}, {peak.step} | {' | '.join(shares)} | {percent(peak.average)} |"]
    for words, side in (("allowed", bounds.best), ("if nothing moved", bounds.still), ("chance", bounds.chance)):
        rows.append(f"| - {words} | | | {percent(side[16])} | {percent(side[32])} | |")
    return rows


def layers_table(results: dict[str, Accuracy]) -> list[str]:
    """Every layer's mean over steps."""
    lines = ["Mean over the measured steps, within 16 and 32 pixels:", ""]
    lines += ["| | layer | tokens | within 16 | within 32 | allowed 16, 32 |", "| --- | --- | --- | --- | --- | --- |"]
    for name, accuracy in results.items():
        for number, (layer, bounds) in enumerate(accuracy.layers.items()):
            means = [percent(accuracy.shares(distance)[number].mean()) for distance in (16, 32)]
            allowed = ", ".join(percent(bounds.best[distance]) for distance in (16, 32))
            place = f"{number}: {layer.split('.transformer')[0]} | {bounds.columns}x{bounds.rows}"
            lines.append(f"| {name_of(name, accuracy)} | {place} | {' | '.join(means)} | {allowed} |")
    return lines


def percent(share: float) -> str:
    """0.123 -> 12.3."""
    return f"{100 * share:.1f}"


if __name__ == "__main__":
    main()
