"""The editor of one device: `edit_anchors` once, `edit_frames` many times (Fairy, arXiv 2312.13834, sec. 5.1).

F frames, K anchors, H rows, W columns; frames are uint8 (H, W, 3) in 0..255, at the size they are edited at.

Exactness: the bits of an edited frame depend on the model, the settings, the anchors and that frame, never on the
batch, its order or the number of workers. Kernels choose their way by the shape of a batch and by the number of
threads, so both are fixed: frames are computed in micro-batches of one constant size (the last one padded), on the CPU
each of them on one thread, and what runs side by side are whole micro-batches.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager
from copy import copy
from dataclasses import replace
from functools import cached_property
from itertools import islice, repeat
from types import TracebackType
from typing import Any

import numpy as np
import torch

from fairy.config import EditConfig, EditSettings, RunConfig, check_instruction
from fairy.method.bank import Again, AnchorBank, StepWriter
from fairy.method.lockstep import NUM_FRAMES, edit_in_lockstep
from fairy.method.memory import MemoryNeeded, memory_needed, place_bank
from fairy.method.openvino import PRECISIONS, OpenVinoDenoiser
from fairy.method.rehearsal import Rehearsal, rehearse, shadow
from fairy.method.threads import pinned_threads
from fairy.method.trajectory import edit_together
from fairy.models import Model
from fairy.models.attention import uninstall
from fairy.pictures.size import padded_size
from fairy.pictures.tensors import Download


class Editor:
    """Edits frames with one model on one device.

    The model's attention processors are exchanged until `close()`; they hold no state: several edits may run at once.
    """

    def __init__(self, model: Model, run: RunConfig | None = None, *, micro_batch: int | None = None) -> None:
        self.model = model
        self.run = run or RunConfig()
        self.micro_batch = micro_batch or model.micro_batch
        self.cores = torch.get_num_threads()
        self._told: tuple[tuple[str, int, int], Any] | None = None
        self._rehearsals: dict[Any, Rehearsal] = {}
        self._former = model.family.install(model.denoiser)
        self._quick = _quickened(model)
        self._settled: dict[str, Editor] = {}

    def for_video(self, num_frames: int) -> Editor:
        """This editor, or one that shares its model and is open for as long, with what `compile` leaves open decided
        for a source of so many frames. Without it, an open `compile` is off."""
        if self.model.config.compile != "auto":
            return self
        model = self.model.for_video(num_frames)
        if model.config.compile not in self._settled:
            settled = copy(self)
            settled.model, settled._quick = model, _quickened(model)
            self._settled[model.config.compile] = settled
        return self._settled[model.config.compile]

    def close(self) -> None:
        """Leave the model's denoiser as it was."""
        uninstall(self.model.denoiser, self._former)

    def __enter__(self) -> Editor:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def edit_anchors(
        self,
        frames: np.ndarray,
        instruction: str,
        config: EditConfig | EditSettings | None = None,
        *,
        given: Mapping[int, np.ndarray] | None = None,
        on_step: Callable[[int, int], None] | None = None,
    ) -> AnchorBank:
        """Edit the anchors together and keep what the other frames read of them.

        `frames` is uint8 (K, H, W, 3); with K = 0 the other frames will each be edited alone. `given` holds anchors
        that are edited already, uint8 (H, W, 3) by their place among the K: they stay as they are, and the others
        follow them. `on_step` is called with the steps done and their number. UsageError where the instruction is empty
        or the model has no guidance of a kind that is asked for.
        """
        check_instruction(instruction)
        settings = self.settle(config)
        size = (frames.shape[1], frames.shape[2])
        place = place_bank(self, size, len(frames), settings)
        kept_on = torch.device("cpu") if place == "host" else None
        writers: list[StepWriter] = []

        def write(step: int) -> StepWriter:
            if on_step:
                on_step(step, settings.num_steps)
            if place == "lockstep":
                writers.clear()
            writers.append(StepWriter(len(self.model.family.branches(self.model, settings, step)), kept_on))
            return writers[-1]

        with self.threads(1) as pool:
            told = pool.submit(self._read, instruction, *padded_size(*size, self.model.multiple)).result()
            bank = AnchorBank(instruction, settings, told, size, frames, ())
            if not len(frames):
                return bank
            edited = pool.submit(edit_together, self.model, frames, bank, write, given=given).result().wait()
            if on_step:
                on_step(settings.num_steps, settings.num_steps)
        if place == "lockstep":
            return replace(bank, frames=edited, again=Again(frames, given or {}))
        return replace(bank, frames=edited, steps=tuple(writer.layers for writer in writers))

    def edit_frames(self, frames: Iterable[np.ndarray], bank: AnchorBank) -> Iterator[np.ndarray]:
        """Edit each uint8 (H, W, 3) frame by itself, reading the anchors; lazily, in the order given.

        At most twice `batch_size` frames are held at a time, however many there are; in lockstep a group of them.
        """
        if bank.again and bank.settings.anchor_strength:
            yield from self._edit_in_lockstep(frames, bank)
            return
        waiting: deque[Future[tuple[Download, int]]] = deque()
        with self.threads(self.num_workers) as pool:
            for batch in _batched(frames, self.micro_batch):
                waiting.append(pool.submit(self._edit_batch, batch, bank))
                if len(waiting) >= 2 * self.num_workers:
                    yield from _finished(waiting.popleft())
            while waiting:
                yield from _finished(waiting.popleft())

    def settle(self, config: EditConfig | EditSettings | None) -> EditSettings:
        """Settings with nothing left open."""
        return config if isinstance(config, EditSettings) else (config or EditConfig()).resolved(self.model.defaults)

    @cached_property
    def shadow(self) -> Model:
        """The model without its numbers, to rehearse with."""
        return shadow(self.model)

    def rehearsed(self, size: tuple[int, int], num_anchors: int, settings: EditSettings) -> Rehearsal:
        """What the passes take, for frames of `size` rows and columns."""
        asked = (padded_size(*size, self.model.multiple), num_anchors, self.micro_batch, settings)
        if asked not in self._rehearsals:
            self._rehearsals[asked] = rehearse(self.shadow, *asked)
        return self._rehearsals[asked]

    def memory_needed(
        self, size: tuple[int, int], num_anchors: int, config: EditConfig | EditSettings | None = None
    ) -> MemoryNeeded:
        """What editing frames of `size` rows and columns with K anchors will take."""
        return memory_needed(self, size, num_anchors, self.settle(config))

    @property
    def num_workers(self) -> int:
        """Micro-batches computed at a time."""
        if self.model.device.type != "cpu":
            return 1
        return max(1, (self.run.batch_size or self.cores) // self.micro_batch)

    def threads(self, count: int) -> AbstractContextManager[ThreadPoolExecutor]:
        """Threads that compute micro-batches, each on one thread of torch's where the device is the CPU."""
        return pinned_threads(count, self.model.device)

    def _edit_in_lockstep(self, frames: Iterable[np.ndarray], bank: AnchorBank) -> Iterator[np.ndarray]:
        with self.threads(self.num_workers) as pool:
            for group in _batched(frames, NUM_FRAMES):
                batches = [self._filled(batch, bank) for batch in _batched(group, self.micro_batch)]
                done = edit_in_lockstep(self.model, self._quick, batches, bank, pool)
                yield from np.concatenate([download.wait() for download in done])[: len(group)]

    def _edit_batch(self, frames: list[np.ndarray], bank: AnchorBank) -> tuple[Download, int]:
        """Up to a micro-batch of frames, computed as a whole one; and how many they are."""
        return edit_together(self._quick, self._filled(frames, bank), bank, bank.at), len(frames)

    def _filled(self, frames: list[np.ndarray], bank: AnchorBank) -> np.ndarray:
        """A whole micro-batch, the last frame again and again where there are too few."""
        if any(frame.shape != (*bank.size, 3) for frame in frames):
            shapes = [frame.shape for frame in frames]
            raise ValueError(f"frames of {shapes} do not fit anchors of {bank.size} rows and columns")
        filled = [*frames, *repeat(frames[-1], self.micro_batch - len(frames))]
        return np.stack(filled)

    @torch.inference_mode()
    def _read(self, instruction: str, height: int, width: int) -> Any:
        """Once for all shots of a job: a text encoder may have to come to the device for it."""
        asked = (instruction, height, width)
        if self._told is None or self._told[0] != asked:
            self._told = asked, self.model.family.read(self.model, instruction, height, width)
        return self._told[1]


def _quickened(model: Model) -> Model:
    """The model that edits all frames but the anchors."""
    if model.config.compile not in PRECISIONS:
        return model
    return replace(model, denoiser=OpenVinoDenoiser(model.denoiser, model.config.compile))


def _finished(future: Future[tuple[Download, int]]) -> np.ndarray:
    """The frames of a micro-batch, once they are there; what filled it up is left out."""
    download, count = future.result()
    return download.wait()[:count]


def _batched(frames: Iterable[np.ndarray], size: int) -> Iterator[list[np.ndarray]]:
    """Lists of up to `size` frames (itertools.batched comes with Python 3.12)."""
    iterator = iter(frames)
    while batch := list(islice(iterator, size)):
        yield batch
