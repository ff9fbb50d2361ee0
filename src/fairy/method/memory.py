"""How much memory an edit takes: foretold by a rehearsal of its passes, and read off afterwards."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from fairy.config import EditSettings
from fairy.method.rehearsal import rehearse
from fairy.models import Model
from fairy.pictures.size import padded_size

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

    @property
    def total(self) -> int:
        """All together."""
        return self.libraries + self.weights + self.bank + self.work

    def __str__(self) -> str:
        counted = {name: getattr(self, name) for name in ("libraries", "weights", "bank", "work")}
        parts = ", ".join(f"{name} {format_bytes(count)}" for name, count in counted.items() if count)
        return f"{format_bytes(self.total)} ({parts})"


def memory_needed(editor: Editor, size: tuple[int, int], num_anchors: int, settings: EditSettings) -> MemoryNeeded:
    """What editing frames of `size` rows and columns with K anchors will take."""
    model, family = editor.model, editor.model.family
    found = rehearse(editor.shadow, padded_size(*size, model.multiple), num_anchors, editor.micro_batch, settings)
    counts = [len(family.branches(model, settings, step)) for step in range(settings.num_steps)]
    on_device, passing = weights_of(model)
    together, apart = found.anchors - found.bank, editor.num_workers * found.frames
    # What a thread of the CPU has freed stays with that thread: the anchors' and the other frames' add up.
    work = together + apart if model.device.type == "cpu" else max(together, apart, passing)
    return MemoryNeeded(
        libraries=libraries_held(model),
        weights=on_device,
        bank=found.bank * sum(counts) // counts[0],
        work=work,
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


def bank_device(editor: Editor, size: tuple[int, int], num_anchors: int, settings: EditSettings) -> torch.device | None:
    """Where the bank lives; None is where it is computed. `auto` spares a GPU what takes half its free memory."""
    device = editor.model.device
    if editor.run.bank == "host":
        return torch.device("cpu")
    if editor.run.bank == "device" or device.type != "cuda":
        return None
    free, _ = torch.cuda.mem_get_info(device)
    return torch.device("cpu") if 2 * memory_needed(editor, size, num_anchors, settings).bank > free else None


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
