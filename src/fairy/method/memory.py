"""How much memory an edit takes: foretold from a small trial, and read off afterwards."""

from __future__ import annotations

import math
import sys
import weakref
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from fairy.config import EditSettings
from fairy.method.bank import StepReader, StepWriter
from fairy.method.openvino import PRECISIONS
from fairy.models import Model
from fairy.pictures.size import padded_size

if TYPE_CHECKING:
    from fairy.method.editor import Editor

TRIAL_SIDE = 128
"""Pixels of a side at which memory is tried out."""


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


def memory_needed(editor: Editor, size: tuple[int, int], num_anchors: int, settings: EditSettings) -> MemoryNeeded:
    """What editing frames of `size` rows and columns with K anchors will take.

    Found by one denoising step at a small size: all that is counted here grows with the number of pixels.
    """
    model = editor.model
    height, width = (max(min(side, TRIAL_SIDE) // model.multiple * model.multiple, model.multiple) for side in size)
    growth = math.prod(padded_size(*size, model.multiple)) / (height * width)
    branches = model.family.branches(model, settings, 0)
    passes = sum(len(model.family.branches(model, settings, step)) for step in range(settings.num_steps))
    with editor.threads(1) as pool:
        trial = pool.submit(_try_step, model, (height, width), num_anchors, editor.micro_batch, branches, settings)
        bank, anchors_work, frame_work = trial.result()
    return MemoryNeeded(
        weights=sum(tensor.nbytes for part in model.parts for tensor in part.parameters()),
        bank=round(growth * bank * passes / len(branches)),
        work=round(growth * max(anchors_work, editor.num_workers * frame_work)),
    )


def bank_device(editor: Editor, size: tuple[int, int], num_anchors: int, settings: EditSettings) -> torch.device | None:
    """Where the bank lives; None is where it is computed. `auto` spares a GPU what takes half its free memory."""
    device = editor.model.device
    if editor.run.bank == "host":
        return torch.device("cpu")
    if editor.run.bank == "device" or device.type != "cuda":
        return None
    free, _ = torch.cuda.mem_get_info(device)
    return torch.device("cpu") if 2 * memory_needed(editor, size, num_anchors, settings).bank > free else None


def _try_step(
    model: Model,
    size: tuple[int, int],
    num_anchors: int,
    micro_batch: int,
    branches: Sequence[int],
    settings: EditSettings,
) -> tuple[int, int, int]:
    """Bytes of one step: of the bank, of the anchors' pass and of a micro-batch's pass."""
    family = model.family
    told = family.read(model, "", *size)

    def step(count: int, anchors: StepWriter | StepReader | None) -> None:
        seen = family.look(model, torch.zeros(count, 3, *size), told)
        latents = torch.zeros(count, *family.latent_shape(model, *size), device=model.device)
        inputs = family.inputs(model, told, seen, branches, settings)
        family.predict(model, latents, inputs, torch.zeros(()), anchors)
        family.decode(model, latents)

    writer = StepWriter(len(branches))
    reader = StepReader(writer.layers, 1.0) if num_anchors else None
    # Kernels made for a size that is tried out only would be thrown away.
    compiled = model.config.compile != "off" and model.config.compile not in PRECISIONS
    with torch.compiler.set_stance("force_eager") if compiled else nullcontext():
        anchors_work = measure_live_bytes(lambda: step(num_anchors, writer)) if num_anchors else 0
        frame_work = measure_live_bytes(lambda: step(micro_batch, reader))
    return sum(t.nbytes for entry in writer.layers.values() for t in entry), anchors_work, frame_work


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
