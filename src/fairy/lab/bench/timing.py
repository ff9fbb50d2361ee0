"""How long something takes: runs that take turns, after a warm-up, the memory that they take, and the floor.

The floor is what the machine can do at most, measured: a large matrix product and a large copy (as in the roofline
model).
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from fairy.method.memory import peak_memory

SIDE = {"cuda": 8192, "mps": 4096, "cpu": 2048}
COPIED_BYTES = {"cuda": 2**31, "mps": 2**28, "cpu": 2**28}
TRIES = 5
CLEAR_REFS = Path("/proc/self/clear_refs")
FAILURES = (RuntimeError, AssertionError, ValueError)
"""How torch, its compilers and its kernels say that they are out of memory, or cannot do a thing on this device."""


@dataclass(frozen=True)
class Timing:
    """One run's account, or why there is none."""

    seconds: tuple[float, ...] = ()
    peak_bytes: int | None = None
    """The most that was held while it ran: on a GPU besides what was there before, else by the whole process."""
    failure: str = ""

    @property
    def median(self) -> float:
        """Seconds."""
        return statistics.median(self.seconds)


def medians(repeats: int, *runs: Callable[[], object]) -> list[float]:
    """Median seconds of each, the runs taking turns so that a change of the machine's mood meets all of them."""
    times: list[list[float]] = [[] for _ in runs]
    for run in runs:
        run()
    for _ in range(repeats):
        for taken, run in zip(times, runs, strict=True):
            taken.append(seconds_of(run))
    return [statistics.median(taken) for taken in times]


def take_turns(
    runs: Sequence[tuple[Callable[[], object], Callable[[], object]]],
    *,
    repeats: int,
    device: torch.device,
    on_progress: Callable[[int, int], None],
) -> list[Timing]:
    """As `medians`, of pairs of a warm-up and a run, with memory. A run that fails is out, and the others go on."""
    timings = [Timing() for _ in runs]
    total = len(runs) * (1 + repeats)
    for turn in range(1 + repeats):
        for number, (warm_up, run) in enumerate(runs):
            on_progress(turn * len(runs) + number, total)
            if not timings[number].failure:
                timings[number] = _one_turn(run if turn else warm_up, timings[number], device, counts=turn > 0)
    on_progress(total, total)
    return timings


def _one_turn(run: Callable[[], object], before: Timing, device: torch.device, *, counts: bool) -> Timing:
    can_reset = reset_peak(device)
    held = torch.cuda.memory_allocated(device) if device.type == "cuda" else 0
    try:
        seconds = seconds_of(run, device)
    except FAILURES as error:
        if device.type == "cuda":
            torch.cuda.empty_cache()
        return Timing(failure=describe_failure(error))
    peak = max(peak_memory(device) - held, before.peak_bytes or 0) if can_reset else None
    return Timing((*before.seconds, seconds) if counts else before.seconds, peak)


def seconds_of(run: Callable[[], object], device: torch.device | None = None) -> float:
    """Of one run, the device's work included."""
    synchronize(device)
    begun = time.perf_counter()
    run()
    synchronize(device)
    return time.perf_counter() - begun


def synchronize(device: torch.device | None) -> None:
    """Wait for a GPU."""
    if device is not None and device.type == "cuda":
        torch.cuda.synchronize(device)
    elif device is not None and device.type == "mps":
        torch.mps.synchronize()


def reset_peak(device: torch.device) -> bool:
    """Forget the highest mark of memory; whether that can be done."""
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
        return True
    if not CLEAR_REFS.exists():  # Linux alone lets a process do that
        return False
    CLEAR_REFS.write_text("5")
    return True


def describe_failure(error: BaseException) -> str:
    """In one line."""
    lines = str(error).strip().splitlines() or ["no reason given"]
    return f"{type(error).__name__}: {lines[0]}"[:300].replace("|", "/")


@dataclass(frozen=True)
class Floor:
    """Rates of one device in one number format."""

    flops: float
    """Operations a second of a large matrix product, 2 a multiply-add."""
    bytes_per_second: float
    """Read and written by a large copy."""
    side: int
    """Of the matrices."""
    copied_bytes: int

    def seconds(self, operations: float) -> float:
        """The least time for so many operations."""
        return operations / self.flops


def measure_floor(
    device: torch.device, dtype: torch.dtype, *, side: int | None = None, copied_bytes: int | None = None
) -> Floor:
    """The best of some tries of each."""
    side, copied_bytes = side or SIDE[device.type], copied_bytes or COPIED_BYTES[device.type]
    left, right = (torch.randn(side, side, device=device).to(dtype) for _ in range(2))
    product = torch.empty_like(left)
    source = torch.zeros(copied_bytes, dtype=torch.uint8, device=device)
    target = torch.zeros_like(source)
    seconds = [
        min(seconds_of(run, device) for _ in range(TRIES))
        for run in (lambda: torch.mm(left, right, out=product), lambda: target.copy_(source))
    ]
    return Floor(2 * side**3 / seconds[0], 2 * copied_bytes / seconds[1], side, copied_bytes)
