"""How long something takes, how much memory and how many operations, and what the machine can do at most.

Runs take turns, after a warm-up. The floor is measured: a large matrix product and a large copy (the roofline model).
"""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch.utils.flop_counter import FlopCounterMode

from fairy.method.editor import Editor
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
    turns = [[seconds_of(run) for run in runs] for _ in range(1 + repeats)]
    return [statistics.median(taken) for taken in zip(*turns[1:], strict=True)]


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
    on_accelerator = device is not None and device.type != "cpu"
    if on_accelerator:
        torch.accelerator.synchronize(device)
    begun = time.perf_counter()
    run()
    if on_accelerator:
        torch.accelerator.synchronize(device)
    return time.perf_counter() - begun


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


CPU_ATTENTION = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu
"""The one fused attention that torch's counter does not know."""


class EditorHere(Editor):
    """Computes the same bits, one micro-batch after the other."""

    @property
    def num_workers(self) -> int:
        """One at a time."""
        return 1

    @contextmanager
    def threads(self, count: int) -> Iterator[ThreadPoolExecutor]:
        """What runs at once; on the CPU on one thread of torch's, as in a worker."""
        threads = torch.get_num_threads()
        torch.set_num_threads(1 if self.model.device.type == "cpu" else threads)
        try:
            with _Here(count) as pool:
                yield pool
        finally:
            torch.set_num_threads(threads)


class _Here(ThreadPoolExecutor):
    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Run it, then return."""
        done: Future[Any] = Future()
        done.set_result(fn(*args, **kwargs))
        return done


def count_operations(run: Callable[[], object]) -> int:
    """Floating-point operations of matrix products, convolutions and attention in this thread, 2 a multiply-add."""
    with FlopCounterMode(display=False, custom_mapping={CPU_ATTENTION: attention_operations}) as counter:
        run()
    return counter.get_total_flops()


def attention_operations(queries: Any, keys: Any, values: Any, *_: Any, **__: Any) -> int:
    """Of the shapes (n, H, L, D), (n, H, M, D) and (n, H, M, D): the products with keys and with values."""
    rows = math.prod(queries[:3])
    return 2 * rows * keys[2] * (queries[3] + values[3])
