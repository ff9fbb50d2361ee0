"""How well attention tracks: benchmarks/DATE-tracking.{md,json,png}, of a model, of random weights, and of chance.

`python scripts/measure_tracking.py [MODEL]`, some minutes on two cores. MODEL is what `fairy.load` opens, by default
the embedded one. Clips are of the synthetic world, with exact tracks, fast ones, so that standing still does not pass
for tracking. The floor is a UNet of SD-1.5's shape with torch's initial weights; `--floor OLD.json` takes over its
numbers from an earlier result of this script instead of computing them.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from types import SimpleNamespace

import torch
import torch.nn.functional as F
from diffusers.models.autoencoders.autoencoder_tiny import AutoencoderTinyOutput

import fairy
from fairy.cli.terminal import Terminal
from fairy.config import EditConfig
from fairy.disk.whole import write_text
from fairy.lab.bench.random_model import build_sd15
from fairy.lab.results.machine import describe_machine, in_words, today
from fairy.lab.results.tables import as_markdown
from fairy.lab.tracking.capture import observe
from fairy.lab.tracking.measure import measure
from fairy.lab.tracking.points import synthetic_clips
from fairy.lab.tracking.tables import Accuracy, LayerBounds, LayerStep, draw_accuracy, summarize, to_json
from fairy.models import Model

SEED, SPEED = 1, 16.0
SIZE = (256, 256)
INSTRUCTION = "make it night"
NOTES = """- *Allowed*, *if nothing moved* and *chance* are counted on the same points: docs/lab/tracking.md says how.
- The best layer and step are picked by the numbers that are shown, which flatters them, those of random weights above
  all: the best of 32 lies above chance. The means in the table below are free of that.
- Random weights: a UNet of SD-1.5's shape in bfloat16, two of three steps, one guidance branch, and means of 8 x 8
  pixels in place of an autoencoder.
- An edit has the same noise for all frames, so that a place has the same noise in each of them. What is lost when each
  frame has its own noise is owed to that, not to the picture."""


def main() -> None:
    """Measure, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", nargs="?", help="what fairy.load opens (default: the embedded model)")
    parser.add_argument("-o", "--output", type=Path, default=Path("benchmarks"), metavar="FOLDER")
    parser.add_argument("--clips", type=int, default=10, help="synthetic clips (default: 10)")
    parser.add_argument("--frames", type=int, default=3, help="frames of each (default: 3)")
    parser.add_argument("--floor", type=Path, metavar="OLD.json", help="take over the random weights' numbers")
    chosen = parser.parse_args()
    model = fairy.load(chosen.model)
    own, sample = own_size(model), (chosen.clips, chosen.frames)
    results = {
        "model": account(model, SIZE, *sample),
        "model, own size": account(model, own, *sample),
        "model, own size, own noise": account(model, own, *sample, own_noise=True),
    }
    if chosen.floor:
        results["random weights"] = from_json(chosen.floor, "random weights")
    else:
        with open_floor() as floor:
            config = EditConfig(num_steps=3, text_guidance=1.0, image_guidance=1.0)
            results["random weights"] = account(floor, SIZE, 4, 3, config=config, steps=[0, 1])
    write(chosen.output, results)


def own_size(model: Model) -> tuple[int, int]:
    """(width, height) in the ratio of most clips, at the size that the model edits at."""
    side = model.defaults.long_side
    return side, side * 3 // 4 // model.multiple * model.multiple


def account(
    model: Model,
    size: tuple[int, int],
    num_clips: int,
    num_frames: int,
    *,
    config: EditConfig | None = None,
    steps: Sequence[int] | None = None,
    own_noise: bool = False,
) -> Accuracy:
    """The numbers of all layers, and what they are of; `own_noise` gives each frame its own."""
    clips = synthetic_clips(num_clips, num_frames=num_frames, size=size, seed=SEED, speed=SPEED)
    watching = observe(model, INSTRUCTION, config, size=size, steps=steps, own_noise=own_noise)
    with Terminal() as report, watching as observer:
        tell = lambda done, total: report.progress("measuring", done, total)  # noqa: E731
        counts = list(measure(observer, clips, size=size, on_progress=tell))
    about = {"model": model.name, "instruction": INSTRUCTION, **asdict(observer.settings)}
    return summarize(counts, about | {"own_noise": own_noise, "size": size, "frames_of_a_clip": num_frames})


@contextmanager
def open_floor() -> Iterator[Model]:
    """A model of SD-1.5's shape that has learned nothing.

    In bfloat16: a third of the time, and of 57 correspondences as many were within 16 pixels as in float32, in every
    layer.
    """
    with tempfile.TemporaryDirectory() as folder:
        build_sd15(Path(folder), torch.device("cpu"))
        yield replace(fairy.load(folder, device="cpu", dtype="bfloat16"), vae=Pooling())


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
    return Accuracy(**{**content, "layers": layers, "cells": [LayerStep(**cell) for cell in content["cells"]]})


def write(folder: Path, results: dict[str, Accuracy]) -> None:
    """The three files."""
    stem = folder / f"{today()}-tracking"
    content = {"environment": describe_machine(), **{name: json.loads(to_json(each)) for name, each in results.items()}}
    write_text(stem.with_suffix(".json"), json.dumps(content, indent=1) + "\n")
    write_text(stem.with_suffix(".md"), report(results, stem.name))
    titles = {name: name_of(name, each).replace(", ", ",\n", 1) for name, each in results.items()}
    draw_accuracy(stem.with_suffix(".png"), [(titles[name], each) for name, each in results.items()])


def name_of(name: str, accuracy: Accuracy) -> str:
    """A result in words."""
    width, height = accuracy.about["size"]
    noise = ", each frame its own noise" if accuracy.about["own_noise"] else ""
    return f"{accuracy.about['model']} at {width}x{height}{noise}" if name.startswith("model") else name


def report(results: dict[str, Accuracy], stem: str) -> str:
    """The page."""
    best = [row for name, accuracy in results.items() for row in best_rows(name_of(name, accuracy), accuracy)]
    layers = [row for name, accuracy in results.items() for row in layer_rows(name_of(name, accuracy), accuracy)]
    parts = [
        "# Attention as tracking",
        f"Command: `python scripts/measure_tracking.py`. {in_words(describe_machine())}.\n"
        f"Synthetic clips with exact tracks, seed {SEED}, speed {SPEED:g}; shares in percent, each the mean over clips,"
        " with its 95 % confidence by bootstrap over clips; distances in pixels of a 256 x 256 picture.",
        f"![Accuracy over layers and steps]({stem}.png)",
        as_markdown(
            ["", "clips, points, correspondences", "best layer and step", "within 16", "within 32", "`<delta`"], best
        ),
        NOTES,
        "Mean over the measured steps, within 16 and 32 pixels:",
        as_markdown(["", "layer", "tokens", "within 16", "within 32", "allowed 16, 32"], layers),
    ]
    return "\n\n".join(parts) + "\n"


def best_rows(name: str, accuracy: Accuracy) -> list[list[str]]:
    """The best cell, and what it is to be held against."""
    peak, bounds = accuracy.peak, accuracy.layers[accuracy.peak.layer]
    place = f"{list(accuracy.layers).index(peak.layer)}, {peak.step}"
    sample = f"{accuracy.num_clips}, {accuracy.num_points}, {accuracy.num_pairs}"
    shares = [f"{percent(peak.within[d])} ({percent(peak.low[d])} to {percent(peak.high[d])})" for d in (16, 32)]
    others = (("allowed", bounds.best), ("if nothing moved", bounds.still), ("chance", bounds.chance))
    rows = [[f"- {words}", "", "", percent(side[16]), percent(side[32]), ""] for words, side in others]
    return [[name, sample, place, *shares, percent(peak.average)], *rows]


def layer_rows(name: str, accuracy: Accuracy) -> list[list[str]]:
    """Every layer's mean over steps."""
    rows = []
    for number, (layer, bounds) in enumerate(accuracy.layers.items()):
        means = [percent(accuracy.shares(distance)[number].mean()) for distance in (16, 32)]
        allowed = ", ".join(percent(bounds.best[distance]) for distance in (16, 32))
        place = f"{number}: {layer.split('.transformer')[0]}"
        rows.append([name, place, f"{bounds.columns}x{bounds.rows}", *means, allowed])
    return rows


def percent(share: float) -> str:
    """0.123 -> 12.3."""
    return f"{100 * share:.1f}"


if __name__ == "__main__":
    main()
