"""The machine and the versions that a result belongs to."""

from __future__ import annotations

import platform
import re
import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import torch

PACKAGES = ("torch", "diffusers", "transformers", "numpy", "av")


def describe_machine(device: torch.device | None = None) -> dict[str, str]:
    """Date, commit, processor and versions; of a GPU its name too."""
    gpu = {"gpu": torch.cuda.get_device_name(device)} if device is not None and device.type == "cuda" else {}
    return {
        "date": today(),
        "commit": commit(),
        **gpu,
        "processor": processor_name(),
        "cores": str(torch.get_num_threads()),
        "python": platform.python_version(),
        **{name: package_version(name) for name in PACKAGES},
    }


def in_words(machine: Mapping[str, str]) -> str:
    """The description in one line."""
    return ", ".join(f"{name} {value}" for name, value in machine.items())


def short_name(device: torch.device) -> str:
    """As part of a file's name: the GPU's name, or the kind of processor."""
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else platform.machine()
    return re.sub(r"[^a-z0-9_]+", "-", name.lower()).strip("-")


def today() -> str:
    """The date in UTC, as results are named by it."""
    return f"{datetime.now(UTC):%Y-%m-%d}"


def commit() -> str:
    """Of the sources that run, and whether they were changed since."""
    command = ["git", "-C", str(Path(__file__).parent), "describe", "--always", "--dirty", "--exclude=*"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:  # no git there
        return "unknown"
    return done.stdout.strip() or "unknown"


def package_version(name: str) -> str:
    """Or that it is not there."""
    try:
        return version(name)
    except PackageNotFoundError:
        return "absent"


def processor_name() -> str:
    """The processor as the system calls it."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()
