"""The denoiser's passes computed by OpenVINO, on the CPU: the same function up to rounding, in less time.

Only passes that read anchors, or none, come here; what the anchors write is computed by torch, once a shot. Shapes are
fixed: OpenVINO makes kernels for each kind of input at its first pass, from a graph that is kept on disk
(converted.py).
Every pass runs on one thread, and passes side by side do not see each other, so that a frame's bits depend on that
frame alone, as ever. Whatever a family calls its denoiser with is taken apart into tensors and put together again
(torch.utils._pytree): no family is known here.
"""

from __future__ import annotations

import importlib
import sys
import threading
import warnings
from collections.abc import Sequence
from typing import Any

import torch
from torch import nn
from torch.utils._pytree import TreeSpec, tree_flatten, tree_unflatten

from fairy.errors import MissingPackageError
from fairy.method.converted import keep_graph, name_of, read_graph

PRECISIONS = {"openvino": "f32", "openvino-bf16": "bf16"}
"""By the name that `fairy.load(compile=...)` knows it under."""


class OpenVinoDenoiser:
    """Stands for a denoiser of diffusers where it is called; everything else is asked of the denoiser itself."""

    def __init__(self, denoiser: Any, mode: str) -> None:
        """`denoiser` has our attention processors already; `mode` is one of PRECISIONS."""
        self.denoiser = denoiser
        self.openvino = import_openvino(mode)
        self.core = open_core(self.openvino, mode)
        self._compiled: dict[Any, Any] = {}
        self._building = threading.Lock()
        self._requests = threading.local()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.denoiser, name)

    def __call__(self, *args: Any, **kwargs: Any) -> tuple[torch.Tensor]:
        """As the denoiser, called with return_dict=False."""
        leaves, spec = tree_flatten((args, kwargs))
        tensors = [leaf for leaf in leaves if isinstance(leaf, torch.Tensor)]
        constants = tuple(None if isinstance(leaf, torch.Tensor) else (leaf,) for leaf in leaves)
        request = self._request_for(Flat(self.denoiser, spec, constants), tensors)
        result = request.infer([tensor.contiguous().numpy() for tensor in tensors], share_inputs=True)
        return (torch.from_numpy(result[0]),)

    def _request_for(self, flat: Flat, inputs: Sequence[torch.Tensor]) -> Any:
        """This thread's own place to compute passes of one kind in."""
        kind = (str(flat.spec), flat.constants, tuple(tensor.shape for tensor in inputs))
        requests: dict[Any, Any] = self._requests.__dict__
        if kind not in requests:
            with self._building:
                if kind not in self._compiled:
                    self._compiled[kind] = self.core.compile_model(self._graph(kind, flat, inputs), "CPU")
            requests[kind] = self._compiled[kind].create_infer_request()
        return requests[kind]

    def _graph(self, kind: object, flat: Flat, inputs: Sequence[torch.Tensor]) -> Any:
        """The graph for inputs of one kind: the one that is kept, or else a new one, which then is."""
        name = name_of(self.denoiser, (kind, [str(tensor.dtype) for tensor in inputs]))
        if name and (known := read_graph(self.core, name)):
            return known
        graph = self._convert(flat, inputs)
        if name:
            keep_graph(self.openvino, graph, name)
        return graph

    @torch.inference_mode()
    def _convert(self, flat: Flat, inputs: Sequence[torch.Tensor]) -> Any:
        shapes = [list(tensor.shape) for tensor in inputs]
        with warnings.catch_warnings():
            # Tracing warns of every shape that Python sees; they are fixed here.
            warnings.simplefilter("ignore", torch.jit.TracerWarning)
            warnings.simplefilter("ignore", DeprecationWarning)
            return self.openvino.convert_model(flat.eval(), example_input=tuple(inputs), input=shapes)


class Flat(nn.Module):
    """A denoiser whose arguments come as plain tensors, in a fixed order."""

    def __init__(self, denoiser: Any, spec: TreeSpec, constants: tuple[Any, ...]) -> None:
        """`constants` has for each leaf of the arguments None where it is a tensor, else a tuple of what it is."""
        super().__init__()
        self.denoiser, self.spec, self.constants = denoiser, spec, constants

    def forward(self, *tensors: torch.Tensor) -> torch.Tensor:
        """The denoiser's result."""
        rest = iter(tensors)
        leaves = [next(rest) if constant is None else constant[0] for constant in self.constants]
        args, kwargs = tree_unflatten(leaves, self.spec)
        return self.denoiser(*args, **kwargs)[0]


def import_openvino(mode: str) -> Any:
    """The package, without the part of it that tells its makers of every import and every conversion."""
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
    try:
        return importlib.import_module("openvino")
    except ImportError as error:
        raise MissingPackageError(
            f"--compile {mode} needs OpenVINO, which is not installed: pip install 'fairy-video[openvino]'"
        ) from error


def open_core(openvino: Any, mode: str) -> Any:
    """OpenVINO's core, set so that passes run side by side, on one thread each."""
    cores = torch.get_num_threads()
    settings = {"INFERENCE_PRECISION_HINT": PRECISIONS[mode], "INFERENCE_NUM_THREADS": cores, "NUM_STREAMS": cores}
    core = openvino.Core()
    core.set_property("CPU", {**settings, "ENABLE_CPU_PINNING": False})
    return core
