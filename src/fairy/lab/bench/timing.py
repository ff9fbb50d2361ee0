"""How long something takes: runs that take turns, after a warm-up, and the memory that they take."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from fairy.method.memory import peak_memory

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
