"""One pass of the embedded model's denoiser on one CPU thread, by what can compute it: milliseconds, and how far off.

`python scripts/measure_backends.py`, half a minute on an idle core. One frame of 192x144 with two guidance branches,
reading no anchors and three. The quickest of 30 passes each; compiling is not counted.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import torch

import fairy
from fairy.config import EditConfig
from fairy.lab.bench.timing import seconds_of
from fairy.lab.results.tables import as_markdown
from fairy.method.bank import StepReader, StepWriter
from fairy.method.openvino import PRECISIONS, OpenVinoDenoiser

SIZE = (144, 192)
BRANCHES, REPEATS = (0, 1), 30

Pass = Callable[[], Sequence[torch.Tensor]]


def main() -> None:
    """Print a table."""
    torch.set_num_threads(1)
    rows = []
    for num_anchors in (0, 3):
        expected = None
        for name, run in backends(num_anchors):
            result = torch.stack(list(run()))
            expected = result if expected is None else expected
            seconds = min(seconds_of(run) for _ in range(REPEATS))
            off = (result - expected).abs().max().item()
            rows.append([str(num_anchors), name, f"{1e3 * seconds:.1f}", f"{off:.0e}"])
    sys.stdout.write(as_markdown(["K", "computed by", "ms", "largest difference"], rows) + "\n")


def backends(num_anchors: int) -> Iterator[tuple[str, Pass]]:
    """What to compare, the reference first."""
    yield "torch, float32", prepare(num_anchors)
    yield "torch, bfloat16", prepare(num_anchors, dtype=torch.bfloat16)
    yield "torch.compile, float32", prepare(num_anchors, wrap=lambda unet: torch.compile(unet, dynamic=False))
    for mode, precision in PRECISIONS.items():
        yield f"OpenVINO, {precision}", prepare(num_anchors, wrap=lambda unet, mode=mode: OpenVinoDenoiser(unet, mode))


@torch.inference_mode()
def prepare(
    num_anchors: int, *, dtype: torch.dtype = torch.float32, wrap: Callable[[Any], Any] = lambda unet: unet
) -> Pass:
    """A pass with the same numbers whatever computes it; returns (1, C, h, w) for each branch."""
    torch.manual_seed(0)
    model = fairy.load(dtype=dtype)
    family, timestep = model.family, torch.tensor(500.0)
    family.install(model.denoiser)
    told, settings = family.read(model, "make it night", *SIZE), EditConfig().resolved(model.defaults)
    shape = family.latent_shape(model, *SIZE)
    latents, seen = (torch.randn(1, *shape) for _ in range(2))
    reader = None
    if num_anchors:
        writer = StepWriter(len(BRANCHES))
        others, sources = (torch.randn(num_anchors, *shape) for _ in range(2))
        family.predict(model, others, family.inputs(model, told, sources, BRANCHES, settings), timestep, writer)
        reader = StepReader(writer.layers, 1.0)
    inputs = family.inputs(model, told, seen, BRANCHES, settings)
    wrapped = replace(model, denoiser=wrap(model.denoiser))

    @torch.inference_mode()
    def run() -> Sequence[torch.Tensor]:
        return wrapped.family.predict(wrapped, latents, inputs, timestep, reader)

    return run


if __name__ == "__main__":
    main()
