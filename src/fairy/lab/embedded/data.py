"""Training data: pairs of the synthetic world, as latents in chunks on disk, and batches drawn from them.

The generator's cost is paid once: a pair is used several times, each time with fresh noise. A chunk is decided by the
seed and its number alone, a batch by the seed, the step and the process alone, so a run can be resumed exactly.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch.nn import functional
from transformers import PreTrainedTokenizerBase

from fairy.lab.embedded.autoencoder import PATCH, Components
from fairy.lab.embedded.recipe import Recipe, Size
from fairy.lab.synthetic import Pair, photographs, sample_pair

SEED_STRIDE = 10_000_000
CHANGED = 0.02
"""A token counts as changed above this mean difference of its latents, whose colours have a spread of 1."""


@dataclass(frozen=True)
class Batch:
    """B samples. Latents float32 (B, C, h, w), of the source and of the edited picture; token ids (B, T); where the
    source shows an object, bool (B, 1, h, w)."""

    source: torch.Tensor
    edited: torch.Tensor
    tokens: torch.Tensor
    objects: torch.Tensor


def make_pairs(recipe: Recipe, chunk: int) -> list[Pair]:
    """The pairs of chunk number `chunk`, all of one size."""
    size = recipe.sizes[chunk % len(recipe.sizes)]
    photos = photographs("train")
    first = recipe.seed * SEED_STRIDE + chunk * recipe.chunk_pairs
    return [
        sample_pair(seed, size=size, split="train", photos=photos, edit=draw_edit(recipe, seed))
        for seed in range(first, first + recipe.chunk_pairs)
    ]


def write_chunks(recipe: Recipe, components: Components, folder: Path, *, num_workers: int) -> None:
    """Make every chunk that is not yet in `folder`, here (0) or in `num_workers` processes."""
    folder.mkdir(parents=True, exist_ok=True)
    missing = [chunk for chunk in range(recipe.num_chunks) if not _chunk_path(folder, chunk).exists()]
    jobs = [(recipe, components, folder, chunk) for chunk in missing]
    if num_workers == 0:
        for job in jobs:
            _write_chunk(job)
        return
    with get_context("spawn").Pool(num_workers, initializer=torch.set_num_threads, initargs=(1,)) as pool:
        for _ in pool.imap_unordered(_write_chunk, jobs):
            pass


def load_pictures(recipe: Recipe, folder: Path) -> list[np.ndarray]:
    """The pixels kept with the first chunks: uint8 arrays (N, H, W, 3), sources and edited pictures, one a size."""
    arrays = [np.load(_picture_path(folder, chunk)) for chunk in range(recipe.picture_chunks)]
    shapes = sorted({array.shape[1:] for array in arrays})
    return [np.concatenate([array for array in arrays if array.shape[1:] == shape]) for shape in shapes]


class Latents:
    """All chunks in memory, grouped by size."""

    def __init__(self, recipe: Recipe, folder: Path, tokenizer: PreTrainedTokenizerBase) -> None:
        self.recipe = recipe
        sizes = list(dict.fromkeys(recipe.sizes))
        self.groups = [self._load(folder, size, tokenizer) for size in sizes]
        self.shares = np.array([len(group.tokens) for group in self.groups], dtype=float)
        self.is_small = np.array([size in recipe.small_sizes for size in sizes])

    def draw(self, step: int, process: int) -> Batch:
        """The batch of a step. All processes draw the same size, so that none waits for another."""
        recipe = self.recipe
        shares = self.shares * self.is_small if step < recipe.small_steps else self.shares
        common = np.random.default_rng([recipe.seed, step])
        group = self.groups[common.choice(len(self.groups), p=shares / shares.sum())]
        own = np.random.default_rng([recipe.seed, step, process])
        chosen = torch.from_numpy(own.integers(len(group.tokens), size=recipe.batch))
        return Batch(
            group.source[chosen].float(), group.edited[chosen].float(), group.tokens[chosen], group.objects[chosen]
        )

    def _load(self, folder: Path, size: Size, tokenizer: PreTrainedTokenizerBase) -> Batch:
        recipe = self.recipe
        numbers = [n for n in range(recipe.num_chunks) if recipe.sizes[n % len(recipe.sizes)] == size]
        parts = [_read_chunk(_chunk_path(folder, number)) for number in numbers]
        instructions = [instruction for part in parts for instruction in part["instructions"]]
        source, edited = (torch.cat([part[name] for part in parts]) for name in ("source", "edited"))
        objects = torch.cat([part["objects"] for part in parts])
        return Batch(source, edited, tokenize(tokenizer, instructions), objects)


def find_changes(batch: Batch) -> torch.Tensor:
    """Where the edit changes the picture: bool (B, 1, h, w). Latents of untouched patches are equal to the bit."""
    return (batch.edited - batch.source).abs().mean(1, keepdim=True) > CHANGED


def tokenize(tokenizer: PreTrainedTokenizerBase, instructions: list[str]) -> torch.Tensor:
    """Token ids (N, T), padded and cut as diffusers does it."""
    encoded = tokenizer(
        instructions, padding="max_length", max_length=tokenizer.model_max_length, truncation=True, return_tensors="pt"
    )
    return encoded.input_ids


def draw_edit(recipe: Recipe, seed: int) -> str | None:
    """None: by the weights of EDITS."""
    return str(np.random.default_rng([seed, 1]).choice(recipe.edits)) if recipe.edits else None


def _write_chunk(job: tuple[Recipe, Components, Path, int]) -> None:
    recipe, components, folder, chunk = job
    pairs = make_pairs(recipe, chunk)
    pictures = {name: np.stack([getattr(pair, name) for pair in pairs]) for name in ("source", "edited")}
    tensors = {name: components.encode(stack).half().contiguous() for name, stack in pictures.items()}
    objects = torch.from_numpy(np.stack([pair.objects for pair in pairs])[:, None]).float()
    tensors["objects"] = functional.max_pool2d(objects, PATCH) > 0
    instructions = [pair.instruction for pair in pairs]
    if chunk < recipe.picture_chunks:
        np.save(_picture_path(folder, chunk), np.concatenate(list(pictures.values())))
    path = _chunk_path(folder, chunk)
    save_file(tensors, path.with_suffix(".part"), metadata={"instructions": json.dumps(instructions)})
    path.with_suffix(".part").rename(path)


def _read_chunk(path: Path) -> dict[str, Any]:
    with safe_open(path, "pt") as file:
        tensors = {name: file.get_tensor(name) for name in ("source", "edited", "objects")}
        return {**tensors, "instructions": json.loads(file.metadata()["instructions"])}


def _chunk_path(folder: Path, chunk: int) -> Path:
    return folder / f"latents_{chunk:05d}.safetensors"


def _picture_path(folder: Path, chunk: int) -> Path:
    return folder / f"pictures_{chunk:05d}.npy"
