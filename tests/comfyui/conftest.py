"""One real ComfyUI for all tests. `make test-comfyui` brings it and runs them."""

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import av
import numpy as np
import pytest
from server import FETCHED, ComfyUI

import fairy
from fairy.video import VideoWriter, probe, read_frames

DEMO = Path(fairy.__file__).parent / "video" / "clips" / "demo.mp4"
SIZE = (192, 144)
SMALL = {"num_steps": 2, "long_side": 64}
"""Quick settings of a node."""


def pytest_configure() -> None:
    if not (FETCHED / "ready").exists():
        pytest.exit("no ComfyUI: run `make test-comfyui`, or tests/comfyui/fetch.sh first", returncode=1)


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo clip, 24 frames with sound, but small."""
    path, info = tmp_path_factory.mktemp("clip") / "demo.mp4", probe(DEMO)
    with VideoWriter(path, info=info, size=SIZE) as writer:
        for frame in read_frames(info, size=SIZE):
            writer.write(frame.image, frame.pts)
    return path


@pytest.fixture(scope="session")
def comfy(tmp_path_factory: pytest.TempPathFactory, clip: Path) -> Iterator[ComfyUI]:
    server = ComfyUI(tmp_path_factory.mktemp("comfy") / "base")
    shutil.copy(clip, server.base / "input" / "demo.mp4")
    server.start()
    yield server
    server.stop()


@pytest.fixture
def by_command(tmp_path: Path, clip: Path) -> Callable[..., Path]:
    """by_command("--seed", "3", ...): the demo clip as `fairy edit` edits it."""

    def edit(*options: str) -> Path:
        words = [str(clip), "make it night", "-o", "edited.mp4", "--num-steps", "2", "--long-side", "64", "--quiet"]
        subprocess.run([sys.executable, "-m", "fairy", "edit", *words, *options], cwd=tmp_path, check=True)
        return tmp_path / "edited.mp4"

    return edit


def frames_of(path: Path) -> np.ndarray:
    """uint8 (F, H, W, 3)"""
    with av.open(str(path)) as container:
        return np.stack([frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)])


def times_of(path: Path) -> list[float]:
    with av.open(str(path)) as container:
        return [float(frame.time or 0) for frame in container.decode(video=0)]


def sound_of(path: Path) -> np.ndarray:
    with av.open(str(path)) as container:
        return np.concatenate([frame.to_ndarray() for frame in container.decode(audio=0)], axis=1)
