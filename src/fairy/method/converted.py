"""Graphs that OpenVINO has converted, kept on disk, so that the next start need not trace the model again.

A graph's name tells all that it was made from: the weights themselves, the code that was traced, the shapes. What is
read is checked against its digests, and what is not whole is made anew; bits do not depend on whether a graph lay here.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import torch

from fairy.disk.hashes import hash_file, hash_text
from fairy.disk.whole import new_folder
from fairy.errors import OutputError
from fairy.models.compiling import LIGHT
from fairy.models.identity import versions

MOST_BYTES = 2**31
"""Of all graphs together; those that were not used for longest go first."""
GRAPH, WEIGHTS, DIGESTS = "graph.xml", "graph.bin", "digests.json"


def cache_folder() -> Path:
    """Where graphs are kept: $XDG_CACHE_HOME/fairy/openvino, by itself in ~/.cache."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "fairy" / "openvino"


def name_of(denoiser: Any, kind: object) -> str | None:
    """The name of the graph of a denoiser for inputs of one kind; None where it cannot be kept: it is too large, or
    its inputs cannot be named.

    `kind` is anything whose repr tells all of the inputs but the tensors' values.
    """
    tensors = denoiser.state_dict()
    if sum(tensor.nbytes for tensor in tensors.values()) >= LIGHT or " at 0x" in repr(kind):
        return None
    digest = hashlib.blake2b(digest_size=16)
    for name, tensor in sorted(tensors.items()):
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        digest.update(tensor.detach().contiguous().reshape(-1).view(torch.uint8).numpy().data)
    settings = sorted((name, value) for name, value in denoiser.config.items() if name != "_name_or_path")
    layers = [(name, type(processor).__name__) for name, processor in denoiser.attn_processors.items()]
    built = [repr(denoiser), settings, layers, digest_of_code(), versions("openvino"), kind]
    return hash_text(digest.hexdigest() + repr(built))


@cache
def digest_of_code() -> str:
    """Of Fairy's own code that a model is traced through: its version does not tell an editable one."""
    root = Path(__file__).parent.parent
    files = sorted(file for room in ("models", "method") for file in (root / room).rglob("*.py"))
    return hash_text("".join(map(hash_file, files)))


def read_graph(core: Any, name: str) -> Any:
    """The graph of this name; None where it is not there or not whole."""
    folder = cache_folder() / name
    with suppress(OSError, ValueError, KeyError):
        known = json.loads((folder / DIGESTS).read_text(encoding="utf-8"))
        if all(hash_file(folder / file) == known[file] for file in (GRAPH, WEIGHTS)):
            os.utime(folder)
            return core.read_model(folder / GRAPH)
    return None


def keep_graph(openvino: Any, graph: Any, name: str) -> None:
    """Keep a graph. A cache that cannot be written to is none: that is no error."""
    with suppress(OSError, OutputError):
        with new_folder(cache_folder() / name) as folder:
            openvino.save_model(graph, folder / GRAPH, compress_to_fp16=False)
            digests = {file: hash_file(folder / file) for file in (GRAPH, WEIGHTS)}
            (folder / DIGESTS).write_text(json.dumps(digests), encoding="utf-8")
        forget_oldest(cache_folder())


def forget_oldest(folder: Path) -> None:
    """Let go of what was not used for longest, until the rest is small enough."""
    kept = sorted((path for path in folder.iterdir() if path.is_dir()), key=lambda path: path.stat().st_mtime)
    sizes = {path: sum(file.stat().st_size for file in path.iterdir()) for path in kept}
    total = sum(sizes.values())
    for path in kept[:-1]:
        if total <= MOST_BYTES:
            return
        shutil.rmtree(path)
        total -= sizes[path]
