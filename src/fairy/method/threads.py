"""Threads that compute micro-batches, pinned so that the bits do not depend on how many there are."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import torch


@contextmanager
def pinned_threads(count: int, device: torch.device) -> Iterator[ThreadPoolExecutor]:
    """So many threads; on the CPU each of them computes on one thread of torch's: kernels choose their way by that."""
    threads = torch.get_num_threads()
    wanted = 1 if device.type == "cpu" else threads
    pool = ThreadPoolExecutor(count, "fairy", initializer=torch.set_num_threads, initargs=(wanted,))
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)
        torch.set_num_threads(threads)
