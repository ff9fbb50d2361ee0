"""An edit's passes, rehearsed: the same code at true size on the meta device, where tensors have shapes and no numbers.

It takes neither the model's weights nor time, and what is alive at once is known to the byte.
"""

from __future__ import annotations

import copy
import weakref
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import FlopCounterMode

from fairy.config import EditSettings
from fairy.method.bank import StepReader, StepWriter
from fairy.models import Model
from fairy.models.compiling import is_torchs

META = torch.device("meta")


@dataclass(frozen=True)
class Rehearsal:
    """Bytes of one denoising step with its encoding and decoding."""

    bank: int
    """Of the anchors' keys and values."""
    anchors: int
    """The most alive at once in the anchors' pass, their keys and values included."""
    frames: int
    """The most alive at once in the pass of a micro-batch."""


def rehearse(
    model: Model, size: tuple[int, int], num_anchors: int, micro_batch: int, settings: EditSettings
) -> Rehearsal:
    """One step for frames of `size` rows and columns, multiples of the model's; `model` is the shadow of one."""
    branches = model.family.branches(model, settings, 0)
    writer = StepWriter(len(branches))
    reader = StepReader(writer.layers, 1.0) if num_anchors else None
    # Kernels made for shapes without numbers would be thrown away.
    eager = torch.compiler.set_stance("force_eager") if is_torchs(model.config.compile) else nullcontext()
    with eager, torch.inference_mode(), _FusedAttention():
        told = model.family.read(model, "", *size)

        def pass_of(count: int, anchors: StepWriter | StepReader | None) -> int:
            return measure_live_bytes(lambda: _step(model, size, count, told, branches, settings, anchors))

        together = pass_of(num_anchors, writer) if num_anchors else 0
        bank = sum(tensor.nbytes for entry in writer.layers.values() for tensor in entry)
        return Rehearsal(bank, together, pass_of(micro_batch, reader))


def count_operations(model: Model, size: tuple[int, int], num_anchors: int, settings: EditSettings) -> tuple[int, int]:
    """Operations of all anchors together and of one other frame that reads them, two a multiply-add, in all steps.

    Encoder, decoder and attention are counted, the text encoder is not. `model` is a shadow.
    """
    family, writers = model.family, [StepWriter(1) for _ in range(settings.num_steps)]

    def of(count: int, anchors: Sequence[StepWriter | StepReader | None]) -> int:
        with FlopCounterMode(display=False) as counter:
            for step, each in enumerate(anchors):
                branches = family.branches(model, settings, step)
                inputs = family.inputs(model, told, seen[count], branches, settings)
                written = replace(each, branches=len(branches)) if isinstance(each, StepWriter) else each
                family.predict(model, latents[count], inputs, torch.zeros(()), written)
            family.decode(model, latents[count])
            family.encode(model, frames[count])
        return int(counter.get_total_flops())

    with torch.inference_mode():
        told = family.read(model, "", *size)
        shape = family.latent_shape(model, *size)
        frames = {count: torch.zeros(count, 3, *size, device=META) for count in {num_anchors or 1, 1}}
        seen = {count: family.look(model, pictures, told) for count, pictures in frames.items()}
        latents = {count: torch.zeros(count, *shape, device=META) for count in frames}
        together = of(num_anchors, writers) if num_anchors else 0
        return together, of(1, [StepReader(writer.layers, 1.0) if num_anchors else None for writer in writers])


def shadow(model: Model) -> Model:
    """The same model on the meta device; nothing of its weights is copied."""
    return replace(
        model,
        denoiser=_shadow(model.denoiser),
        vae=_shadow(model.vae),
        decoder=_shadow(model.decoder),
        text_encoders=tuple(map(_shadow, model.text_encoders)),
        device=META,
    )


def measure_live_bytes(computation: Callable[[], object]) -> int:
    """The most bytes alive at once in tensors that `computation` makes."""
    with torch.inference_mode(), _LiveBytes() as live:
        computation()
    return live.peak


def _step(
    model: Model,
    size: tuple[int, int],
    count: int,
    told: Any,
    branches: Sequence[int],
    settings: EditSettings,
    anchors: StepWriter | StepReader | None,
) -> None:
    family = model.family
    seen = family.look(model, torch.zeros(count, 3, *size, device=model.device), told)
    latents = torch.zeros(count, *family.latent_shape(model, *size), device=model.device)
    inputs = family.inputs(model, told, seen, branches, settings)
    family.predict(model, latents, inputs, torch.zeros(()), anchors)
    family.decode(model, latents)


def _shadow(module: nn.Module | None) -> nn.Module | None:
    """A copy in whose place of every tensor stands one without numbers."""
    if module is None:
        return None
    known: dict[int, Any] = {}
    for tensor in (*module.parameters(), *module.buffers()):
        empty = torch.empty_like(tensor, device=META)
        is_weight = isinstance(tensor, nn.Parameter)
        known[id(tensor)] = nn.Parameter(empty, requires_grad=False) if is_weight else empty
    for part in module.modules():
        known[id(part._compiled_call_impl)] = None
    return copy.deepcopy(module, known)


class _FusedAttention(TorchFunctionMode):
    """Attention takes what a fused kernel takes: its result. Without a device torch would write out all scores."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func is F.scaled_dot_product_attention:
            given = dict(zip(("query", "key", "value"), args, strict=False)) | (kwargs or {})
            return given["query"].new_empty(*given["query"].shape[:-1], given["value"].shape[-1])
        return func(*args, **(kwargs or {}))


class _LiveBytes(TorchDispatchMode):
    """Counts the bytes of all tensors that operations have made and nobody has dropped yet."""

    def __init__(self) -> None:
        super().__init__()
        self.now = self.peak = 0
        self._known: set[int] = set()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        outputs = func(*args, **(kwargs or {}))
        for output in tree_leaves(outputs):
            if isinstance(output, torch.Tensor):
                self._count(output.untyped_storage())
        return outputs

    def _count(self, storage: torch.UntypedStorage) -> None:
        key, size = storage._cdata, storage.nbytes()
        if key in self._known:
            return
        self._known.add(key)
        self.now += size
        self.peak = max(self.peak, self.now)
        weakref.finalize(storage, self._drop, key, size)

    def _drop(self, key: int, size: int) -> None:
        self._known.discard(key)
        self.now -= size
