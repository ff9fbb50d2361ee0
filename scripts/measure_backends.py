"""One pass of the embedded model's denoiser on one CPU thread, by what could compute it: milliseconds, and how far off.

`pip install openvino && python scripts/measure_backends.py`, half a minute on an idle core. A frame with the anchors'
keys and values beside it, 192x144, K = 0 and 3. OpenVINO is measured here only; docs/performance.md says why.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import torch
from torch import nn

import fairy
from fairy import attention
from fairy.anchors import KeysValues, StepReader, StepWriter
from fairy.models import Model, latent_shape

SIZE = (144, 192)
BRANCHES = 2
REPEATS = 30


class Flat(nn.Module):
    """The denoiser with the anchors as plain tensors, as other compilers want it."""

    def __init__(self, model: Model, layers: list[str], text: dict[str, KeysValues]) -> None:
        super().__init__()
        self.unet, self.layers, self.text = model.unet, layers, text

    def forward(
        self, latents: torch.Tensor, timestep: torch.Tensor, embeds: torch.Tensor, *anchors: torch.Tensor
    ) -> torch.Tensor:
        """(B, 2 C, h, w), (), (B, T, D) and keys and values of every layer, (B, K * L, C) each."""
        entries = {layer: KeysValues(*anchors[2 * i : 2 * i + 2]) for i, layer in enumerate(self.layers)}
        extra = {"anchors": StepReader(entries, 1.0) if anchors else None, "text": self.text}
        return self.unet(latents, timestep, embeds, cross_attention_kwargs=extra, return_dict=False)[0]


def main() -> None:
    """Print a table."""
    torch.set_num_threads(1)
    print("| K | computed by | ms | largest difference |\n| --- | --- | --- | --- |")  # noqa: T201
    for num_anchors in (0, 3):
        reference = None
        for name, run in backends(num_anchors):
            result = run()
            reference = result if reference is None else reference
            off = (result.float() - reference).abs().max().item()
            print(f"| {num_anchors} | {name} | {1e3 * best(run):.1f} | {off:.1g} |", flush=True)  # noqa: T201


def backends(num_anchors: int) -> Iterator[tuple[str, Callable[[], torch.Tensor]]]:
    """What to compare, the reference first; each returns (B, C, h, w)."""
    for dtype in (torch.float32, torch.bfloat16):
        flat, inputs = prepare(dtype, num_anchors)
        yield f"torch, {str(dtype).removeprefix('torch.')}", lambda flat=flat, inputs=inputs: torch_run(flat, inputs)
    flat, inputs = prepare(torch.float32, num_anchors)
    compiled = torch.compile(flat, dynamic=False)
    yield "torch.compile, float32", lambda: torch_run(compiled, inputs)
    import openvino as ov

    with torch.inference_mode():
        converted = ov.convert_model(flat, example_input=inputs)
    for precision in ("f32", "bf16"):
        settings = {"INFERENCE_NUM_THREADS": 1, "INFERENCE_PRECISION_HINT": precision}
        request = ov.compile_model(converted, "CPU", settings).create_infer_request()
        yield (
            f"OpenVINO {ov.__version__.split('-')[0]}, {precision}",
            lambda request=request: torch.from_numpy(request.infer([x.numpy() for x in inputs])[0]),
        )


def prepare(dtype: torch.dtype, num_anchors: int) -> tuple[Flat, tuple[torch.Tensor, ...]]:
    """The denoiser and its inputs, the same numbers in every format."""
    torch.manual_seed(0)
    model = fairy.load(dtype=dtype)
    attention.install(model.unet)
    channels, height, width = latent_shape(model, *SIZE)
    latents = torch.randn(BRANCHES, 2 * channels, height, width).to(dtype)
    timestep = torch.tensor(500.0)
    embeds = torch.randn(BRANCHES, 16, model.unet.config.cross_attention_dim).to(dtype)
    writer = StepWriter(BRANCHES)
    with torch.inference_mode():
        text = attention.read_text(model.unet, embeds)
        if num_anchors:
            pictures, texts = (x.repeat_interleave(num_anchors, 0) for x in (latents, embeds))
            extra = {"anchors": writer, "text": text}
            model.unet(pictures + torch.randn_like(pictures), timestep, texts, cross_attention_kwargs=extra)
    anchors = [tensor for entry in writer.layers.values() for tensor in entry]
    return Flat(model, list(writer.layers), text).eval(), (latents, timestep, embeds, *anchors)


@torch.inference_mode()
def torch_run(module: Callable[..., torch.Tensor], inputs: tuple[torch.Tensor, ...]) -> torch.Tensor:
    """One pass."""
    return module(*inputs)


def best(run: Callable[[], object]) -> float:
    """Seconds of the quickest of some runs."""
    times = []
    for _ in range(REPEATS):
        begun = time.perf_counter()
        run()
        times.append(time.perf_counter() - begun)
    return min(times)


if __name__ == "__main__":
    main()
