"""Starts ComfyUI's own main.py beside a torch for the CPU: `python launch.py MAIN.PY OPTIONS`.

What PyPI has of torchvision and torchaudio for Linux is made for CUDA. ComfyUI imports both at the top of files that no
test reaches, so that it is enough that the imports go well.
"""

import runpy
import sys
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any

import torch

OPERATORS = (
    "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
)
LIBRARY = torch.library.Library("torchvision", "DEF")


class Hollow(ModuleType):
    """A package in which every name is an empty class."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.__spec__, self.__path__ = ModuleSpec(name, None), []

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return type(name, (), {})


def main(script: Path, *options: str) -> None:
    for operator in OPERATORS:  # torchvision declares what they give for shapes, and fails where they are not there
        LIBRARY.define(operator)
    for name in ("torchaudio", "torchaudio.functional", "torchaudio.transforms"):
        sys.modules[name] = Hollow(name)
    sys.argv = [str(script), *options]
    sys.path.insert(0, str(script.parent))
    runpy.run_path(str(script), run_name="__main__")


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve(), *sys.argv[2:])
