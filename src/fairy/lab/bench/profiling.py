"""Where the time of one micro-batch goes, by torch's profiler: `fairy lab bench --profile`.

The micro-batch is edited as ever, but by one thread. Every operation that Python calls is counted, with all that it
calls itself, under one kind; what is left of the time is Python, and on a GPU also its waiting to be told what to do.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

from torch.profiler import ProfilerActivity, profile, record_function

from fairy.config import EditConfig
from fairy.lab.bench.clips import moving_gradient
from fairy.lab.bench.methods import INSTRUCTION
from fairy.lab.bench.timing import EditorHere, seconds_of
from fairy.method.anchors import choose_anchors
from fairy.models import Model

SELF, CROSS, DENOISER, ENCODER, DECODER, TEXT = LABELS = (
    "fairy: self-attention",
    "fairy: cross-attention",
    "fairy: denoiser",
    "fairy: encoder",
    "fairy: decoder",
    "fairy: text",
)
GAPS = "Python, gaps between launches"
WHOLE = {ENCODER: "VAE encode", DECODER: "VAE decode", TEXT: "text"}
"""Parts that are one kind, whatever they are made of."""
REST = "scheduler, guidance, frames to and from tensors"
KINDS = (
    (r"(linear|matmul|mm|addmm)$", "linear layers"),
    (r"scaled_dot_product|bmm$|softmax", "attention"),
    (r"conv", "convolutions"),
    (r"norm", "normalisation"),
    (r"(cat|copy_|contiguous|repeat|expand|clone|to|reshape|index\w*|stack)$", "copies"),
)
ELSE = "elementwise"


@dataclass(frozen=True)
class ProfilePart:
    """One kind of work with one number of anchors."""

    model: str
    num_anchors: int
    kind: str
    seconds: float
    share: float
    """Of the whole time."""

    def __str__(self) -> str:
        return f"{1000 * self.seconds:.1f} ms, {100 * self.share:.1f} %"


def profile_micro_batch(
    model: Model, name: str, size: tuple[int, int], num_anchors: int, num_steps: int
) -> list[ProfilePart]:
    """The kinds of work in one micro-batch of frames, by falling share; the anchors have been edited before."""
    width, height = size
    config = EditConfig(num_steps=num_steps, num_anchors=num_anchors)
    with EditorHere(model) as editor:
        frames = moving_gradient(max(num_anchors, editor.micro_batch), height, width)
        bank = editor.edit_anchors(frames[list(choose_anchors(len(frames), num_anchors))], INSTRUCTION, config)
        run = lambda: list(editor.edit_frames(frames[: editor.micro_batch], bank))  # noqa: E731
        run()
        whole = seconds_of(run, model.device)
        on_gpu = model.device.type == "cuda"
        activities = [ProfilerActivity.CPU, *([ProfilerActivity.CUDA] if on_gpu else [])]
        with labelled(model), profile(activities=activities) as profiler:
            profiled = seconds_of(run, model.device)
    seconds = seconds_by_kind(profiler.events(), on_gpu)
    if not on_gpu:  # the profiler slows everything down there, not only Python
        whole = profiled
    seconds[GAPS] = max(0.0, whole - sum(seconds.values()))
    total = sum(seconds.values())
    parts = [ProfilePart(name, num_anchors, kind, value, value / total) for kind, value in seconds.items()]
    return sorted(parts, key=lambda part: -part.seconds)


@contextmanager
def labelled(model: Model) -> Iterator[None]:
    """Name what the parts of the model do for the profiler."""
    parts = [(model.denoiser, DENOISER), (model.vae.encoder, ENCODER), (model.vae.decoder, DECODER)]
    parts += [(encoder, TEXT) for encoder in model.text_encoders]
    for module_name, module in model.denoiser.named_modules():
        if module_name.endswith(("attn1", "attn2")):
            parts.append((module, SELF if module_name.endswith("attn1") else CROSS))
    running: list[Any] = []
    with ExitStack() as hooks:
        for module, label in parts:
            before = module.register_forward_pre_hook(lambda *_, label=label: running.append(entered(label)))
            after = module.register_forward_hook(lambda *_: running.pop().__exit__(None, None, None))
            hooks.callback(before.remove)
            hooks.callback(after.remove)
        yield


def entered(label: str) -> Any:
    """A label of the profiler's that has begun."""
    record = record_function(label)
    record.__enter__()
    return record


def seconds_by_kind(events: Any, on_gpu: bool) -> dict[str, float]:
    """Seconds of the operations that no other one has called, by kind; of a GPU, those of its kernels."""
    found: dict[str, float] = defaultdict(float)
    for event in events:
        if not event.name.startswith("aten::"):
            continue
        callers = list(_callers(event))
        if any(caller.startswith("aten::") for caller in callers):
            continue
        label = next((caller for caller in callers if caller in LABELS), "")
        microseconds = event.device_time_total if on_gpu else event.cpu_time_total
        found[kind_of(event.name, label)] += microseconds / 1e6
    return found


def kind_of(operation: str, label: str) -> str:
    """The kind of an operation of torch within a part of the model."""
    if label in WHOLE:
        return WHOLE[label]
    if not label:
        return REST
    kind = next((kind for pattern, kind in KINDS if re.search(pattern, operation)), ELSE)
    if kind == "attention":
        return "self-attention, anchors included" if label == SELF else "attention to the text"
    return "copies in self-attention" if kind == "copies" and label == SELF else kind


def _callers(event: Any) -> Iterator[str]:
    while (event := event.cpu_parent) is not None:
        yield event.name
