"""The account of finished work."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from fairy.jobs.manifest import Manifest
from fairy.jobs.render import Renderer
from fairy.jobs.selection import Selection
from fairy.method.editor import Editor


@dataclass(frozen=True)
class EditResult:
    """What was made, and how."""

    output: Path
    num_frames: int
    size: tuple[int, int]
    """Columns and rows of the delivered frames."""
    seconds: float
    """Wall time of the editing, without loading the model."""
    frames_per_second: float
    """Of the frames computed now: what an earlier run has done is not counted."""
    anchors: tuple[int, ...]
    """Indices of the anchors in the source."""
    model: str
    seed: int
    device: str
    dtype: str
    peak_memory_bytes: int
    """Of the GPU where there is one, of the process where there is none; of many workers the most that one took."""
    notes: tuple[str, ...] = ()
    workers: int = 1


def summarize(
    output: Path,
    selection: Selection,
    renderer: Renderer,
    manifest: Manifest,
    *,
    delivered: int,
    computed: int,
    begun: float,
    notes: tuple[str, ...],
) -> EditResult:
    """The account of finished work: frames delivered, and computed now, since the moment `begun` of perf_counter."""
    seconds = time.perf_counter() - begun
    name, device = renderer.ask(name_and_device)
    return EditResult(
        output=output,
        num_frames=delivered,
        size=manifest.delivered,
        seconds=seconds,
        frames_per_second=computed / seconds,
        anchors=selection.anchors,
        model=name,
        seed=manifest.edit.settings.seed,
        device=device,
        dtype=manifest.model.dtype,
        peak_memory_bytes=renderer.peak_memory(),
        notes=notes,
        workers=renderer.workers,
    )


def name_and_device(editor: Editor) -> tuple[str, str]:
    """The model as it was asked for, and where it is."""
    return editor.model.name, str(editor.model.device)
