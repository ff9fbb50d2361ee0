"""Four cases of our editor alone, each a ratio with a target, the median of several runs after a warm-up.

overhead     a whole job, file to file, over the bare forwards of the same denoiser and autoencoder on as many threads
stock        frames edited one by one, against diffusers' own pipeline called for one frame after the other
anchors      what K anchors add for every other frame, against the operations that they add
memory       the peak of a process that edits a clip of 64x48 in one step, for clips of 60 to 12,000 frames
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from fairy.config import EditConfig, VideoConfig
from fairy.lab.bench.clips import moving_gradient, write_clip
from fairy.lab.bench.methods import INSTRUCTION
from fairy.lab.bench.peers import open_peer
from fairy.lab.bench.settings import ANCHORS, MEMORY, OVERHEAD, STOCK
from fairy.lab.bench.timing import EditorHere, count_operations, medians
from fairy.method.anchors import choose_anchors
from fairy.method.bank import AnchorBank
from fairy.method.editor import Editor
from fairy.models import Model
from fairy.pictures.tensors import to_tensor

NUM_ANCHORS = 3
CLIPS = (60, 120, 960, 12_000)
"""Frames of the clips whose peak memory is compared."""


@dataclass(frozen=True)
class EditorMeasure:
    """One line of the result."""

    model: str
    case: str
    value: float
    """A ratio."""
    target: str
    detail: str


@dataclass(frozen=True)
class Setup:
    """What the cases share."""

    editor: Editor
    frames: np.ndarray
    """uint8 (F, H, W, 3)"""
    config: EditConfig
    repeats: int
    clips: Sequence[int] = CLIPS

    def measure(self, case: str, value: float, target: str, detail: str) -> EditorMeasure:
        """Of this editor's model."""
        return EditorMeasure(self.editor.model.name, case, value, target, detail)


def measure_overhead(setup: Setup) -> EditorMeasure:
    """A job of `edit_video` over the same forwards with nothing around them."""
    from fairy.jobs.calls import edit_video

    frames, model = setup.frames, setup.editor.model
    with tempfile.TemporaryDirectory() as folder:
        source, output = Path(folder, "source.mp4"), Path(folder, "edited.mp4")
        write_clip(source, frames)
        video = VideoConfig(long_side=max(frames.shape[1:3]))

        def job() -> None:
            edit_video(source, INSTRUCTION, output, edit=setup.config, model=model, video=video, overwrite=True)

        job_seconds, bare_seconds = medians(setup.repeats, job, lambda: bare_forwards(setup))
    detail = f"{len(frames)} frames: job {job_seconds:.2f} s, bare forwards {bare_seconds:.2f} s"
    return setup.measure(OVERHEAD, job_seconds / bare_seconds, "at most 1.05", detail)


def bare_forwards(setup: Setup) -> None:
    """All forwards of an edit of these frames with K = 3, and nothing else."""
    editor, frames = setup.editor, setup.frames
    anchors = choose_anchors(len(frames))
    bank = editor.edit_anchors(frames[list(anchors)], INSTRUCTION, setup.config)
    others = [frame for index, frame in enumerate(frames) if index not in anchors]
    batches = [
        np.stack(others[start : start + editor.micro_batch]) for start in range(0, len(others), editor.micro_batch)
    ]
    with editor.threads(editor.num_workers) as pool:
        for done in [pool.submit(bare_batch, editor.model, batch, bank) for batch in batches]:
            done.result()


@torch.inference_mode()
def bare_batch(model: Model, frames: np.ndarray, bank: AnchorBank) -> None:
    """Encoder, every step of the denoiser, decoder."""
    family, settings = model.family, bank.settings
    height, width = frames.shape[1:3]
    seen = family.look(model, to_tensor(frames), bank.told)
    latents = torch.zeros(len(frames), *family.latent_shape(model, height, width))
    for step, timestep in enumerate(family.schedule(model, settings.num_steps, height, width).timesteps):
        inputs = family.inputs(model, bank.told, seen, family.branches(model, settings, step), settings)
        family.predict(model, latents, inputs, timestep, bank.at(step))
    family.decode(model, latents)


def measure_against_stock(setup: Setup) -> EditorMeasure:
    """Frames per second without anchors over those of diffusers' pipeline, same weights, steps and precision."""
    editor, frames = setup.editor, setup.frames
    num_steps = setup.config.resolved(editor.model.defaults).num_steps
    peer = open_peer(editor.model, INSTRUCTION, num_steps)

    def ours() -> None:
        bank = editor.edit_anchors(frames[:0], INSTRUCTION, setup.config)
        for _ in editor.edit_frames(frames, bank):
            pass

    our_seconds, stock_seconds = medians(setup.repeats, ours, lambda: peer.edit(frames, 1))
    rates = [len(frames) / seconds for seconds in (our_seconds, stock_seconds)]
    detail = f"{rates[0]:.2f} frames/s, diffusers frame by frame {rates[1]:.2f} frames/s"
    return setup.measure(STOCK, rates[0] / rates[1], "at least 1.3", detail)


def measure_anchors(setup: Setup) -> EditorMeasure:
    """Time of a frame with 3 anchors over without, divided by the same ratio of operations."""
    editor, frames = setup.editor, setup.frames
    counts = (min(NUM_ANCHORS, len(frames)), 0)
    banks = [
        editor.edit_anchors(frames[list(choose_anchors(len(frames), k))], INSTRUCTION, setup.config) for k in counts
    ]
    seconds = medians(setup.repeats, *(lambda bank=bank: list(editor.edit_frames(frames, bank)) for bank in banks))
    operations = [operations_of_a_frame(editor.model, frames[0], bank) for bank in banks]
    time_ratio, operation_ratio = seconds[0] / seconds[1], operations[0] / operations[1]
    detail = (
        f"K = {counts[0]} takes {time_ratio:.3f} times as long as K = 0 and {operation_ratio:.3f} times the operations"
        f" ({operations[1] / 1e9:.2f} GFLOP a frame without, 2 FLOP a multiply-add)"
    )
    return setup.measure(ANCHORS, time_ratio / operation_ratio, "near 1", detail)


def operations_of_a_frame(model: Model, frame: np.ndarray, bank: AnchorBank) -> int:
    """Operations of one frame that reads the bank: all steps and branches, encoder and decoder."""
    with EditorHere(model, micro_batch=1) as here:
        return count_operations(lambda: list(here.edit_frames([frame], bank)))


def measure_memory(setup: Setup) -> EditorMeasure:
    """The largest peak of a process's memory over the smallest, among clips of very different lengths."""
    peaks = []
    for num_frames in setup.clips:
        with tempfile.TemporaryDirectory() as folder:
            source = Path(folder, "source.mp4")
            write_clip(source, moving_gradient(num_frames, 48, 64))
            peaks.append(peak_of_edit(source, Path(folder, "edited.mp4"), setup.editor.model.folder.path))
    detail = ", ".join(f"{n} frames {peak / 2**20:.0f} MiB" for peak, n in zip(peaks, setup.clips, strict=True))
    return setup.measure(MEMORY, max(peaks) / min(peaks), "at most 1.05", detail)


def peak_of_edit(source: Path, output: Path, model: Path) -> int:
    """Bytes that a process of its own took at most."""
    words = ["edit", str(source), INSTRUCTION, "-o", str(output), "--model", str(model)]
    options = ["--num-steps", "1", "--long-side", "64", "--device", "cpu", "--quiet", "--json"]
    command = [sys.executable, "-m", "fairy", *words, *options]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return json.loads(done.stdout.splitlines()[-1])["peak_memory_bytes"]


EDITOR_CASES: dict[str, Callable[[Setup], EditorMeasure]] = {
    OVERHEAD: measure_overhead,
    STOCK: measure_against_stock,
    ANCHORS: measure_anchors,
    MEMORY: measure_memory,
}
NEED_FILES = (OVERHEAD, MEMORY)
"""Cases that read and write videos, and so need PyAV."""
