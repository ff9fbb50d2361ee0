"""The case `methods`: every method edits the same frames, in turns; seconds, memory, operations and the floor."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch

from fairy.errors import UsageError
from fairy.lab.bench.clips import moving_gradient
from fairy.lab.bench.methods import VARIANTS, EditorVariant, Load, open_methods
from fairy.lab.bench.settings import BenchSettings, Plan
from fairy.lab.bench.timing import Floor, take_turns

WARM_UP = 32
"""Frames of the run before the first that counts: no batch is larger."""


@dataclass(frozen=True)
class MethodRow:
    """One method with one model."""

    model: str
    method: str
    ours: bool
    num_frames: int
    size: tuple[int, int]
    """Width and height."""
    num_steps: int
    seconds: float | None
    """The median; None where the method failed."""
    all_seconds: tuple[float, ...]
    peak_bytes: int | None
    """On a GPU of this method's weights and tensors, else of the whole process while it ran."""
    operations: float | None
    floor_seconds: float | None
    """What the operations would take at the rate of a large matrix product."""
    failure: str = ""

    @property
    def frames_per_second(self) -> float | None:
        """Frames by seconds."""
        return self.num_frames / self.seconds if self.seconds else None

    @property
    def flops(self) -> float | None:
        """Operations a second that were reached."""
        return self.operations / self.seconds if self.seconds and self.operations else None

    @property
    def times_floor(self) -> float | None:
        """How many times the floor it takes."""
        return self.seconds / self.floor_seconds if self.seconds and self.floor_seconds else None


def compare_methods(
    load: Load,
    plan: Plan,
    settings: BenchSettings,
    floor: Floor,
    device: torch.device,
    *,
    variants: Sequence[EditorVariant] = VARIANTS,
    on_progress: Callable[[int, int], None],
) -> list[MethodRow]:
    """A row for each method."""
    width, height = plan.size
    frames = moving_gradient(plan.num_frames, height, width)
    warm_up = frames[: max(WARM_UP, *settings.num_anchors)]
    with open_methods(
        load,
        num_steps=settings.num_steps,
        num_anchors=settings.num_anchors,
        variants=variants,
        wanted=settings.methods or ("",),
    ) as methods:
        if not methods:
            raise UsageError(f"--methods {','.join(settings.methods or ())}: no method has that in its name")
        counts = [method.count(frames) for method in methods]
        runs = [
            (lambda method=method: method.run(warm_up), lambda method=method: method.run(frames)) for method in methods
        ]
        timings = take_turns(runs, repeats=settings.repeats, device=device, on_progress=on_progress)
    # Others' weights lie beside these on a GPU; what a process holds cannot be told apart.
    held = [method.weights_bytes if device.type == "cuda" else 0 for method in methods]
    return [
        MethodRow(
            model=plan.model,
            method=method.name,
            ours=method.ours,
            num_frames=plan.num_frames,
            size=plan.size,
            num_steps=settings.num_steps,
            seconds=None if timing.failure else timing.median,
            all_seconds=timing.seconds,
            peak_bytes=None if timing.peak_bytes is None else timing.peak_bytes + own,
            operations=operations,
            floor_seconds=floor.seconds(operations),
            failure=timing.failure,
        )
        for method, timing, operations, own in zip(methods, timings, counts, held, strict=True)
    ]
