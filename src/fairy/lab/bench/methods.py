"""Ways to edit the same frames with the same weights, side by side: ours and what a user would take instead.

F frames, uint8 (F, H, W, 3), from memory to memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cache
from importlib.util import find_spec
from itertools import product
from typing import Any

import numpy as np
import torch

from fairy.config import EditConfig
from fairy.lab.bench.peers import Peer, cross_frame_processors, num_across_frames, open_peer
from fairy.lab.bench.timing import EditorHere, count_operations
from fairy.method.anchors import choose_anchors
from fairy.method.editor import Editor
from fairy.models import Model

INSTRUCTION = "make it night"
LARGER = 4
"""Micro-batches of ours in the larger batch of diffusers' pipeline."""

Load = Callable[..., Model]
"""`fairy.models.load` with name, device and number format bound to it."""


@dataclass(frozen=True)
class EditorVariant:
    """Our editor with some settings beyond the number of anchors."""

    words: str = ""
    """What its name says of it."""
    load: Mapping[str, Any] = field(default_factory=dict)
    """Keywords of `fairy.models.load`."""
    edit: Mapping[str, Any] = field(default_factory=dict)
    """Keywords of `EditConfig`."""
    steps: float = 1.0
    """Share of the steps that are asked for."""
    devices: tuple[str, ...] = ("cpu", "mps", "cuda")
    needs: str = ""
    """A package that it takes; where it is not installed, the variant is left out."""

    def suits(self, model: Model) -> bool:
        """Whether it can be measured with this model, here."""
        fits = self.needs != OPENVINO or model.dtype is torch.float32
        return fits and model.device.type in self.devices and (not self.needs or find_spec(self.needs) is not None)


OPENVINO = "openvino"
GPU = ("cuda",)
VARIANTS: tuple[EditorVariant, ...] = (
    EditorVariant(),
    EditorVariant("compiled", load={"compile": "default"}, devices=GPU),
    EditorVariant("CUDA graphs", load={"compile": "reduce-overhead"}, devices=GPU),
    EditorVariant("OpenVINO", load={"compile": "openvino"}, devices=("cpu",), needs=OPENVINO),
    EditorVariant("OpenVINO, bfloat16", load={"compile": "openvino-bf16"}, devices=("cpu",), needs=OPENVINO),
    EditorVariant("--fast", edit={"fast": True}, steps=0.5),
    EditorVariant("--fast, compiled", load={"compile": "default"}, edit={"fast": True}, steps=0.5, devices=GPU),
)
"""Each is measured with every number of anchors, where its devices have the one at hand."""


@dataclass(frozen=True)
class Method:
    """One way to edit."""

    name: str
    run: Callable[[np.ndarray], np.ndarray]
    """uint8 (F, H, W, 3) -> the same, edited."""
    count: Callable[[np.ndarray], float]
    """Operations that editing the frames takes at least in this way."""
    ours: bool
    weights_bytes: int


@contextmanager
def open_methods(
    load: Load,
    *,
    num_steps: int,
    num_anchors: Sequence[int],
    variants: Sequence[EditorVariant] = VARIANTS,
    wanted: Sequence[str] = ("",),
) -> Iterator[list[Method]]:
    """The methods whose names hold one of the `wanted` words, ready to run; the models go when it ends."""
    plain = load()
    editors: dict[Any, Editor] = {}
    with ExitStack() as stack:
        methods = []
        for variant, number in product(variants, num_anchors):
            name = f"fairy, K = {number}{variant.words and ', '}{variant.words}"
            if not variant.suits(plain) or not is_wanted(name, wanted):
                continue
            key = tuple(variant.load.items())
            if key not in editors:
                editors[key] = stack.enter_context(Editor(load(**variant.load) if variant.load else plain))
            steps = max(1, round(variant.steps * num_steps))
            config = EditConfig(num_steps=steps, num_anchors=number, **variant.edit)
            methods.append(our_method(name, editors[key], plain, config))
        methods += peer_methods(open_peer(plain, INSTRUCTION, num_steps), plain.micro_batch)
        yield [method for method in methods if is_wanted(method.name, wanted)]


def is_wanted(name: str, wanted: Sequence[str]) -> bool:
    """Whether it holds one of the words."""
    return any(word in name for word in wanted)


def our_method(name: str, editor: Editor, plain: Model, config: EditConfig) -> Method:
    """The anchors together, then every other frame. Operations are counted on the `plain` model, never compiled."""

    def run(frames: np.ndarray) -> np.ndarray:
        return edit_shot(editor, frames, config)

    def count(frames: np.ndarray) -> float:
        anchors = choose_anchors(len(frames), config.num_anchors)
        with EditorHere(plain, micro_batch=1) as here:
            banks = []
            together = count_operations(
                lambda: banks.append(here.edit_anchors(frames[list(anchors)], INSTRUCTION, config))
            )
            others = len(frames) - len(anchors)
            each = count_operations(lambda: list(here.edit_frames(frames[:1], banks[0]))) if others else 0
        return together + others * each

    return Method(name, run, count, ours=True, weights_bytes=weights_bytes(editor.model))


def edit_shot(editor: Editor, frames: np.ndarray, config: EditConfig) -> np.ndarray:
    """All frames of one shot, in order."""
    anchors = choose_anchors(len(frames), config.num_anchors)
    bank = editor.edit_anchors(frames[list(anchors)], INSTRUCTION, config)
    edited = np.empty_like(frames)
    edited[list(anchors)] = bank.frames
    others = [index for index in range(len(frames)) if index not in anchors]
    for index, frame in zip(others, editor.edit_frames((frames[index] for index in others), bank), strict=True):
        edited[index] = frame
    return edited


def peer_methods(peer: Peer, micro_batch: int) -> list[Method]:
    """diffusers' pipeline frame by frame, in batches of ours and larger ones, and across frames."""

    @cache
    def one(height: int, width: int) -> int:
        return count_operations(lambda: peer.edit_batch(np.zeros((1, height, width, 3), np.uint8)))

    weights, methods = weights_bytes(peer.pipeline), []
    for size in sorted({1, micro_batch, LARGER * micro_batch}):
        words = "frame by frame" if size == 1 else f"batches of {size}"
        run = lambda frames, size=size: peer.edit(frames, size)  # noqa: E731
        count = lambda frames: len(frames) * one(*frames.shape[1:3])  # noqa: E731
        methods.append(Method(f"diffusers, {words}", run, count, ours=False, weights_bytes=weights))
    for words, processor in cross_frame_processors().items():
        run = lambda frames, processor=processor: peer.edit_across_frames(frames, processor)  # noqa: E731
        count = lambda frames: num_across_frames(len(frames)) * one(*frames.shape[1:3])  # noqa: E731
        methods.append(Method(f"Text2Video-Zero{words}", run, count, ours=False, weights_bytes=weights))
    return methods


def weights_bytes(model: Any) -> int:
    """Of a model of ours, or of diffusers' pipeline."""
    parts = model.parts if isinstance(model, Model) else (model.unet, model.vae, model.text_encoder)
    return sum(tensor.nbytes for part in parts for tensor in part.parameters())
