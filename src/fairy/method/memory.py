"""How much memory an edit takes: foretold by a rehearsal of its passes, and read off afterwards."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from fairy.config import EditSettings
from fairy.models import Model

if TYPE_CHECKING:
    from fairy.method.editor import Editor


@dataclass(frozen=True)
class MemoryNeeded:
    """Bytes that an edit takes where the model is: of the GPU, or of the process where it is on the CPU."""

    libraries: int
    """Python, torch and all that a process holds besides the model; of a GPU nothing is counted."""
    weights: int
    bank: int
    """The anchors' keys and values."""
    work: int
    """What is alive at once while frames are computed."""
    lockstep: bool = False
    """Whether the bank holds one step only (fairy.method.lockstep)."""

    @property
    def total(self) -> int:
        """All together."""
        return self.libraries + self.weights + self.bank + self.work

    def __str__(self) -> str:
        counted = {name: getattr(self, name) for name in ("libraries", "weights", "bank", "work")}
        parts = ", ".join(f"{name} {format_bytes(count)}" for name, count in counted.items() if count)
        how = "; of the bank one step at a time" if self.lockstep else ""
        return f"{format_bytes(self.total)} ({parts}{how})"


def memory_needed(editor: Editor, size: tuple[int, int], num_anchors: int, settings: EditSettings) -> MemoryNeeded:
    """What editing frames of `size` rows and columns with K anchors will take."""
    model = editor.model
    found = editor.rehearsed(size, num_anchors, settings)
    lockstep = place_bank(editor, size, num_anchors, settings) == "lockstep"
    on_device, passing = weights_of(model)
    together, apart = found.anchors - found.bank, editor.num_workers * found.frames
    # What a thread of the CPU has freed stays with that thread: the anchors' and the other frames' add up.
    work = together + apart if model.device.type == "cpu" else max(together, apart, passing)
    # OpenVINO has its own copy, beside the one that anchors are computed with.
    copied = bytes_of(model.denoiser) if model.config.compile.startswith("openvino") else 0
    return MemoryNeeded(
        libraries=libraries_held(model),
        weights=on_device + copied,
        bank=found.bank if lockstep else bank_bytes(editor, size, num_anchors, settings),
        work=work,
        lockstep=lockstep,
    )


def weights_of(model: Model) -> tuple[int, int]:
    """Bytes of the weights that stay where the model is, and of the text encoders that come there to read only."""
    texts = sum(bytes_of(encoder) for encoder in model.text_encoders)
    others = sum(map(bytes_of, model.parts)) - texts
    visit = model.device.type != "cpu" and not model.family.TEXT_STAYS
    return (others, texts) if visit else (others + texts, 0)


def bytes_of(module: torch.nn.Module) -> int:
    """Of its weights and buffers."""
    return sum(tensor.nbytes for tensor in (*module.parameters(), *module.buffers()))


def libraries_held(model: Model) -> int:
    """Bytes that this process holds besides the weights, before it computes anything."""
    if model.device.type != "cpu":
        return 0
    import psutil

    return max(0, int(psutil.Process().memory_info().rss) - sum(weights_of(model)))


def bank_bytes(editor: Editor, size: tuple[int, int], num_anchors: int, settings: EditSettings) -> int:
    """Of the keys and values of all steps."""
    model, family = editor.model, editor.model.family
    counts = [len(family.branches(model, settings, step)) for step in range(settings.num_steps)]
    return editor.rehearsed(size, num_anchors, settings).bank * sum(counts) // counts[0]


def place_bank(editor: Editor, size: tuple[int, int], num_anchors: int, settings: EditSettings) -> str:
    """Where the bank lives: device, host, or nowhere, in lockstep.

    `auto` spares a GPU what takes half of its free memory, and the host what takes half of that which it has to spare.
    """
    if editor.run.bank != "auto":
        return editor.run.bank
    if not num_anchors:
        return "device"
    import psutil

    twice, device = 2 * bank_bytes(editor, size, num_anchors, settings), editor.model.device
    if device.type == "cuda" and twice <= torch.cuda.mem_get_info(device)[0]:
        return "device"
    if twice > psutil.virtual_memory().available:
        return "lockstep"
    return "host" if device.type == "cuda" else "device"


def bank_device(editor: Editor, size: tuple[int, int], num_anchors: int, settings: EditSettings) -> torch.device | None:
    """Where keys and values are kept; None is where they are computed."""
    return torch.device("cpu") if place_bank(editor, size, num_anchors, settings) == "host" else None


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
