"""One pass of the embedded model's denoiser on one CPU thread, by what can compute it: milliseconds, and how far off.

`python scripts/measure_backends.py`, half a minute on an idle core. One frame of 192x144 with two guidance branches,
reading no anchors and three. The quickest of 30 passes each; compiling is not counted.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import torch

import fairy
from fairy.method import unet_attention as attention
from fairy.method.bank import StepReader, StepWriter
from fairy.method.openvino import PRECISIONS, OpenVinoDenoiser
from fairy.models import latent_shape

SIZE = (144, 192)
BRANCHES, REPEATS = 2, 30

Pass = Callable[[], torch.Tensor]


def main() -> None:
    """Print a table."""
    torch.set_num_threads(1)
    print("| K | computed by | ms | largest difference |\n| --- | --- | --- | --- |")  # noqa: T201
    for num_anchors in (0, 3):
        expected = None
        for name, run in backends(num_anchors):
            result = run().float()
            expected = result if expected is None else expected
            off = (result - expected).abs().max().item()
            print(f"| {num_anchors} | {name} | {1e3 * quickest(run):.1f} | {off:.0e} |", flush=True)  # noqa: T201


def backends(num_anchors: int) -> Iterator[tuple[str, Pass]]:
    """What to compare, the reference first."""
    yield "torch, float32", prepare(num_anchors)
    yield "torch, bfloat16", prepare(num_anchors, dtype=torch.bfloat16)
    yield "torch.compile, float32", prepare(num_anchors, wrap=lambda unet: torch.compile(unet, dynamic=False))
    for mode, precision in PRECISIONS.items():
        yield f"OpenVINO, {precision}", prepare(num_anchors, wrap=lambda unet, mode=mode: OpenVinoDenoiser(unet, mode))


def prepare(
    num_anchors: int, *, dtype: torch.dtype = torch.float32, wrap: Callable[..., Callable[..., tuple]] | None = None
) -> Pass:
    """A pass with the same numbers whatever computes it; returns (B, C, h, w)."""
    torch.manual_seed(0)
    model = fairy.load(dtype=dtype)
    attention.install(model.denoiser)
    channels, height, width = latent_shape(model, *SIZE)
    latents = torch.randn(BRANCHES, 2 * channels, height, width).to(dtype)
    embeds = torch.randn(BRANCHES, 16, model.denoiser.config.cross_attention_dim).to(dtype)
    timestep, writer = torch.tensor(500.0), StepWriter(BRANCHES)
    with torch.inference_mode():
        text = attention.read_text(model.denoiser, embeds)
        if num_anchors:
            pictures, texts = (each.repeat_interleave(num_anchors, 0) for each in (latents, embeds))
            extra = {"anchors": writer, "text": text}
            model.denoiser(pictures + torch.randn_like(pictures), timestep, texts, cross_attention_kwargs=extra)
    denoiser = wrap(model.denoiser) if wrap else model.denoiser
    extra = {"anchors": StepReader(writer.layers, 1.0) if num_anchors else None, "text": text}
    inputs = {"encoder_hidden_states": embeds, "added_cond_kwargs": {}, "cross_attention_kwargs": extra}

    @torch.inference_mode()
    def run() -> torch.Tensor:
        return denoiser(latents, timestep, **inputs, return_dict=False)[0]

    return run


def quickest(run: Pass) -> float:
    """Seconds of the quickest pass."""
    times = []
    for _ in range(REPEATS):
        begun = time.perf_counter()
        run()
        times.append(time.perf_counter() - begun)
    return min(times)


if __name__ == "__main__":
    main()
