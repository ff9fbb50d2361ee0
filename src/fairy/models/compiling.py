"""`--compile`: kernels made for a model and a size, and what `auto` means.

`auto` is a pure function of the model, the machine's packages and the length of the source, never of what lies in a
cache or of how many cores there are: it decides last bits, and so must come out the same when a job goes on.
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

import torch

from fairy.config import LONG_VIDEO
from fairy.errors import UsageError

LIGHT = 2**30
"""Bytes of a denoiser's weights, of which OpenVINO makes a copy: `auto` does that to lighter ones only."""


def settle_machine(compile: str, device: torch.device, dtype: torch.dtype) -> str:
    """The mode, where `auto` is left open only if OpenVINO can compute here. UsageError where it must and cannot."""
    serves = device.type == "cpu" and dtype is torch.float32
    if compile.startswith("openvino") and not serves:
        raise UsageError(f"--compile {compile}: is for --device cpu and --dtype float32")
    return "off" if compile == "auto" and not (serves and find_spec("openvino")) else compile


def settle_length(compile: str, kind: str, denoiser: torch.nn.Module, num_frames: int) -> str:
    """The mode for a source of so many frames, with nothing left open. `kind`: unet or transformer.

    What `auto` was measured on is UNets; other denoisers are computed by OpenVINO only where that is asked for.
    """
    if compile != "auto":
        return compile
    weights = sum(tensor.nbytes for tensor in denoiser.parameters())
    fits = kind == "unet" and weights < LIGHT and num_frames >= LONG_VIDEO
    return "openvino" if fits else "off"


def is_torchs(compile: str) -> bool:
    """Whether a mode is one of torch.compile."""
    return compile not in ("auto", "off") and not compile.startswith("openvino")


def compile_parts(model: Any, mode: str) -> None:
    """Let torch.compile make kernels of its own for the denoiser and the autoencoder, at their first call."""
    decoding = model.decoder or model.vae
    for module in (model.denoiser, model.vae.encoder, decoding.decoder):
        module.compile(mode=mode, dynamic=False)
