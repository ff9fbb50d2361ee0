"""An editor whose micro-batches are computed by the calling thread, where profilers and counters can see them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import torch
from torch.utils.flop_counter import FlopCounterMode

from fairy.method.editor import Editor

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
