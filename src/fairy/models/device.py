"""Where a model computes, in which number format, and how many frames go through it together."""

from __future__ import annotations

import re

import torch

from fairy.errors import UsageError

DTYPES = {"float32": torch.float32, "float16": torch.float16, "bfloat16": torch.bfloat16}


def choose_micro_batch(device: torch.device) -> int:
    """By the kind of device alone, so that equal machines give equal bits: what is free just now does not count."""
    if device.type != "cuda":
        return 1
    gibibytes = torch.cuda.get_device_properties(device).total_memory / 2**30
    return next((count for count, needed in ((8, 20), (4, 12), (2, 7)) if gibibytes >= needed), 1)


def choose_device(name: str) -> torch.device:
    """The device called `name`; auto is the best there is."""
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
    if not re.fullmatch(r"cpu|mps|cuda(:\d+)?", name):
        raise UsageError(f"--device {name}: unknown. Accepted are auto, cpu, mps, cuda and cuda:N.")
    device = torch.device(name)
    count = {"cpu": 1, "mps": int(torch.backends.mps.is_available()), "cuda": torch.cuda.device_count()}[device.type]
    if (device.index or 0) >= count:
        raise UsageError(f"--device {name}: this machine has {count or 'no'} such device. Try --device auto.")
    return device


def choose_dtype(name: str, device: torch.device) -> torch.dtype:
    """The number format called `name`; auto is float32 on the CPU and 16 bits elsewhere."""
    name = name.removeprefix("torch.")
    if name == "auto":
        if device.type == "cuda":
            name = "bfloat16" if torch.cuda.is_bf16_supported(including_emulation=False) else "float16"
        else:
            name = "float16" if device.type == "mps" else "float32"
    if name not in DTYPES:
        raise UsageError(f"--dtype {name}: unknown. Accepted are auto, {', '.join(DTYPES)}.")
    return DTYPES[name]
