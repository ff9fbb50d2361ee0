"""What the machine can do at most, measured: a large matrix product and a large copy (as in the roofline model)."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from fairy.lab.bench.timing import seconds_of

SIDE = {"cuda": 8192, "mps": 4096, "cpu": 2048}
COPIED_BYTES = {"cuda": 2**31, "mps": 2**28, "cpu": 2**28}
TRIES = 5


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
