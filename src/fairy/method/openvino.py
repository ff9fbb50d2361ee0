"""The denoiser's passes computed by OpenVINO, on the CPU: the same function up to rounding, in less time.

Only passes that read anchors, or none, come here; what the anchors write is computed by torch, once a shot. Shapes are
fixed: OpenVINO makes kernels for each kind of input at its first pass. Every pass runs on one thread, and passes side
by side do not see each other, so that a frame's bits depend on that frame alone, as ever.
"""

from __future__ import annotations

import importlib
import sys
import threading
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import nn

from fairy.errors import MissingPackageError
from fairy.method.attend import KeysValues
from fairy.method.bank import StepReader

PRECISIONS = {"openvino": "f32", "openvino-bf16": "bf16"}
"""By the name that `fairy.load(compile=...)` knows it under."""


class OpenVinoDenoiser:
    """Stands for a UNet of diffusers where it is called; everything else is asked of the UNet itself."""

    def __init__(self, unet: Any, mode: str) -> None:
        """`unet` has our attention processors already; `mode` is one of PRECISIONS."""
        self.unet = unet
        self.openvino = import_openvino(mode)
        self.core = open_core(self.openvino, mode)
        self._compiled: dict[Any, Any] = {}
        self._building = threading.Lock()
        self._requests = threading.local()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.unet, name)

    def __call__(
        self,
        latents: torch.Tensor,
        timestep: torch.Tensor,
        encoder_hidden_states: torch.Tensor,
        added_cond_kwargs: Mapping[str, torch.Tensor],
        cross_attention_kwargs: Mapping[str, Any],
        return_dict: bool,  # noqa: ARG002  the denoiser's only caller wants none
    ) -> tuple[torch.Tensor]:
        """As the UNet: (B * F, 2 C, h, w) -> (B * F, C, h, w)."""
        anchors, text = cross_attention_kwargs["anchors"], cross_attention_kwargs["text"]
        banks = [text, anchors.layers if anchors else {}]
        strength = anchors.strength if anchors else None
        flat = Flat(self.unet, [list(bank) for bank in banks], list(added_cond_kwargs), strength)
        entries = [tensor for bank in banks for entry in bank.values() for tensor in entry]
        inputs = (latents, timestep, encoder_hidden_states, *added_cond_kwargs.values(), *entries)
        request = self._request_for(flat, inputs)
        result = request.infer([tensor.contiguous().numpy() for tensor in inputs], share_inputs=True)
        return (torch.from_numpy(result[0]),)

    def _request_for(self, flat: Flat, inputs: Sequence[torch.Tensor]) -> Any:
        """This thread's own place to compute passes of one kind in."""
        kind = (flat.key, tuple(tensor.shape for tensor in inputs))
        requests: dict[Any, Any] = self._requests.__dict__
        if kind not in requests:
            with self._building:
                if kind not in self._compiled:
                    self._compiled[kind] = self._compile(flat, inputs)
            requests[kind] = self._compiled[kind].create_infer_request()
        return requests[kind]

    @torch.inference_mode()
    def _compile(self, flat: Flat, inputs: Sequence[torch.Tensor]) -> Any:
        shapes = [list(tensor.shape) for tensor in inputs]
        with warnings.catch_warnings():
            # Tracing warns of every shape that Python sees; they are fixed here.
            warnings.simplefilter("ignore", torch.jit.TracerWarning)
            warnings.simplefilter("ignore", DeprecationWarning)
            graph = self.openvino.convert_model(flat.eval(), example_input=tuple(inputs), input=shapes)
        return self.core.compile_model(graph, "CPU")


class Flat(nn.Module):
    """A UNet whose anchors and text come as plain tensors, in a fixed order."""

    def __init__(self, unet: Any, layers: list[list[str]], added: list[str], strength: float | None) -> None:
        super().__init__()
        self.unet, self.layers, self.added, self.strength = unet, layers, added, strength

    @property
    def key(self) -> Any:
        """What a graph depends on, besides the shapes of its inputs."""
        return tuple(map(tuple, self.layers)), tuple(self.added), self.strength

    def forward(
        self, latents: torch.Tensor, timestep: torch.Tensor, embeds: torch.Tensor, *others: torch.Tensor
    ) -> torch.Tensor:
        """`others`: what SDXL adds, then keys and values of the text's layers, then of the anchors' ones."""
        rest = iter(others)
        added = {name: next(rest) for name in self.added}
        text, anchors = ({layer: KeysValues(next(rest), next(rest)) for layer in layers} for layers in self.layers)
        reader = None if self.strength is None else StepReader(anchors, self.strength)
        extra = {"anchors": reader, "text": text}
        return self.unet(
            latents, timestep, embeds, added_cond_kwargs=added, cross_attention_kwargs=extra, return_dict=False
        )[0]


def import_openvino(mode: str) -> Any:
    """The package, without the part of it that tells its makers of every import and every conversion."""
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
    try:
        return importlib.import_module("openvino")
    except ImportError as error:
        raise MissingPackageError(
            f"--compile {mode} needs OpenVINO, which is not installed: pip install 'fairy-video[openvino]'"
        ) from error


def open_core(openvino: Any, mode: str) -> Any:
    """OpenVINO's core, set so that passes run side by side, on one thread each."""
    cores = torch.get_num_threads()
    settings = {"INFERENCE_PRECISION_HINT": PRECISIONS[mode], "INFERENCE_NUM_THREADS": cores, "NUM_STREAMS": cores}
    core = openvino.Core()
    core.set_property("CPU", {**settings, "ENABLE_CPU_PINNING": False})
    return core
