"""How much memory a computation takes: foretold from a small trial, and read off afterwards."""

from __future__ import annotations

import sys
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves


@dataclass(frozen=True)
class MemoryNeeded:
    """Bytes that an edit takes, besides Python and the libraries themselves."""

    weights: int
    bank: int
    """The anchors' keys and values."""
    work: int
    """What is alive at once while frames are computed."""

    @property
    def total(self) -> int:
        """All together."""
        return self.weights + self.bank + self.work

    def __str__(self) -> str:
        parts = ", ".join(f"{name} {format_bytes(getattr(self, name))}" for name in ("weights", "bank", "work"))
        return f"{format_bytes(self.total)} ({parts})"


class _LiveBytes(TorchDispatchMode):
    """Counts the bytes of all tensors that operations have made and nobody has dropped yet."""

    def __init__(self) -> None:
        super().__init__()
        self.now = self.peak = 0
        self._known: set[int] = set()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        outputs = func(*args, **(kwargs or {}))
        for output in tree_leaves(outputs):
            if isinstance(output, torch.Tensor):
                self._count(output.untyped_storage())
        return outputs

    def _count(self, storage: torch.UntypedStorage) -> None:
        key, size = storage._cdata, storage.nbytes()
        if key in self._known:
            return
        self._known.add(key)
        self.now += size
        self.peak = max(self.peak, self.now)
        weakref.finalize(storage, self._drop, key, size)

    def _drop(self, key: int, size: int) -> None:
        self._known.discard(key)
        self.now -= size


def measure_live_bytes(computation: Callable[[], object]) -> int:
    """The most bytes alive at once in tensors that `computation` makes. Run it small, and scale."""
    with torch.inference_mode(), _LiveBytes() as live:
        computation()
    return live.peak


def peak_memory(device: torch.device) -> int:
    """Bytes: the most that torch held on the GPU, or the most that this process has held in memory."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    if sys.platform == "win32":
        import psutil

        return int(psutil.Process().memory_info().peak_wset)
    status = Path("/proc/self/status")
    if status.exists():  # getrusage would count what the parent process held when it started this one
        return 1024 * int(status.read_text().split("VmHWM:")[1].split()[0])
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def format_bytes(count: int) -> str:
    """12345678 -> '11.8 MiB'."""
    value, unit = float(count), "B"
    for unit in ("B", "KiB", "MiB", "GiB", "TiB"):
        if value < 1024 or unit == "TiB":
            break
        value /= 1024
    return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
