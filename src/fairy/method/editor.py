"""The editor of one device: `edit_anchors` once, `edit_frames` many times (Fairy, arXiv 2312.13834, sec. 5.1).

F frames, K anchors, H rows, W columns; frames are uint8 (H, W, 3) in 0..255, at the size they are edited at.

Exactness: the bits of an edited frame depend on the model, the settings, the anchors and that frame, never on the
batch, its order or the number of workers. Kernels choose their way by the shape of a batch and by the number of
threads, so both are fixed: frames are computed in micro-batches of one constant size (the last one padded), on the CPU
each of them on one thread, and what runs side by side are whole micro-batches.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from itertools import islice, repeat
from types import TracebackType
from typing import TypeVar

import numpy as np
import torch

from fairy.config import EditConfig, RunConfig, check_instruction
from fairy.method import unet_attention as attention
from fairy.method.attend import KeysValues
from fairy.method.bank import AnchorBank, StepReader, StepWriter
from fairy.method.memory import MemoryNeeded, measure_live_bytes
from fairy.method.openvino import PRECISIONS, OpenVinoDenoiser
from fairy.method.sampler import branches_at
from fairy.method.trajectory import edit_together
from fairy.models import (
    Conditioning,
    Model,
    decode_latents,
    encode_frames,
    encode_instruction,
    predict_noise,
)
from fairy.pictures.size import pad_to_multiple
from fairy.pictures.tensors import Download

TRIAL_SIDE = 128
"""Pixels of a side at which memory is tried out."""

T = TypeVar("T")


class Editor:
    """Edits frames with one model on one device.

    The model's attention processors are exchanged until `close()`; they hold no state: several edits may run at once.
    """

    def __init__(self, model: Model, run: RunConfig | None = None, *, micro_batch: int | None = None) -> None:
        self.model = model
        self.run = run or RunConfig()
        self.micro_batch = micro_batch or model.micro_batch
        self.cores = torch.get_num_threads()
        self._former = attention.install(model.unet)
        self._quick = model
        if model.compile in PRECISIONS:
            self._quick = replace(model, unet=OpenVinoDenoiser(model.unet, model.compile))

    def close(self) -> None:
        """Leave the model's denoiser as it was."""
        attention.uninstall(self.model.unet, self._former)

    def __enter__(self) -> Editor:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def edit_anchors(
        self,
        frames: np.ndarray,
        instruction: str,
        config: EditConfig | None = None,
        *,
        given: Mapping[int, np.ndarray] | None = None,
        on_step: Callable[[int, int], None] | None = None,
    ) -> AnchorBank:
        """Edit the anchors together and keep what the other frames read of them.

        `frames` is uint8 (K, H, W, 3); with K = 0 the other frames will each be edited alone. `given` holds anchors
        that are edited already, uint8 (H, W, 3) by their place among the K: they stay as they are, and the others
        follow them. `on_step` is called with the steps done and their number. An empty instruction is a UsageError.
        """
        check_instruction(instruction)
        settings = (config or EditConfig()).resolved(self.model.defaults)
        height, width = frames.shape[1:3]
        padded_height, padded_width = pad_to_multiple(frames, self.model.multiple).shape[1:3]
        place = self._bank_device((height, width), len(frames), config)
        writers: list[StepWriter] = []

        def write(step: int) -> StepWriter:
            if on_step:
                on_step(step, settings.num_steps)
            writers.append(StepWriter(len(branches_at(step, settings)), place))
            return writers[-1]

        with self.workers(1) as pool:
            conditioning, text = pool.submit(self._encode, instruction, padded_height, padded_width).result()
            edited = frames
            if len(frames):
                anchors = AnchorBank(instruction, settings, conditioning, text, (height, width), frames, ())
                making = pool.submit(edit_together, self.model, frames, anchors, write, given=given)
                edited = making.result().wait()
                if on_step:
                    on_step(settings.num_steps, settings.num_steps)
        steps = tuple(writer.layers for writer in writers)
        return AnchorBank(instruction, settings, conditioning, text, (height, width), edited, steps)

    def edit_frames(self, frames: Iterable[np.ndarray], bank: AnchorBank) -> Iterator[np.ndarray]:
        """Edit each uint8 (H, W, 3) frame by itself, reading the anchors; lazily, in the order given.

        At most twice `batch_size` frames are held at a time, however many there are.
        """
        waiting: deque[Future[tuple[Download, int]]] = deque()
        with self.workers(self.num_workers) as pool:
            for batch in _batched(frames, self.micro_batch):
                waiting.append(pool.submit(self._edit_batch, batch, bank))
                if len(waiting) >= 2 * self.num_workers:
                    yield from _finished(waiting.popleft())
            while waiting:
                yield from _finished(waiting.popleft())

    def memory_needed(self, size: tuple[int, int], num_anchors: int, config: EditConfig | None = None) -> MemoryNeeded:
        """What editing frames of `size` rows and columns with K anchors will take.

        Found by one denoising step at a small size: all that is counted here grows with the number of pixels.
        """
        settings = (config or EditConfig()).resolved(self.model.defaults)
        trial = [min(side, TRIAL_SIDE) // self.model.multiple * self.model.multiple for side in size]
        height, width = (max(side, self.model.multiple) for side in trial)
        pixels = math.prod(-(-side // self.model.multiple) * self.model.multiple for side in size)
        growth = pixels / (height * width)
        branches = branches_at(0, settings)
        passes = sum(len(branches_at(step, settings)) for step in range(settings.num_steps))
        with self.workers(1) as pool:
            bank, anchors_work, frame_work = pool.submit(self._try_step, height, width, num_anchors, branches).result()
        return MemoryNeeded(
            weights=_weights_bytes(self.model),
            bank=round(growth * bank * passes / len(branches)),
            work=round(growth * max(anchors_work, self.num_workers * frame_work)),
        )

    def _try_step(self, height: int, width: int, num_anchors: int, branches: list[int]) -> tuple[int, int, int]:
        """Bytes of one step: of the bank, of the anchors' pass and of a micro-batch's pass."""
        conditioning = encode_instruction(self.model, "", height=height, width=width).branches(branches)

        def step(count: int, anchors: StepWriter | StepReader | None) -> None:
            source = encode_frames(self.model, torch.zeros(count, 3, height, width))
            latents = torch.cat([source] * len(branches))
            predict_noise(self.model, latents, latents, torch.zeros(()), conditioning, {"anchors": anchors})
            decode_latents(self.model, source)

        writer = StepWriter(len(branches))
        reader = StepReader(writer.layers, 1.0) if num_anchors else None
        # Kernels made for a size that is tried out only would be thrown away.
        compiled = self.model.compile != "off" and self._quick is self.model
        with torch.compiler.set_stance("force_eager") if compiled else nullcontext():
            anchors_work = measure_live_bytes(lambda: step(num_anchors, writer)) if num_anchors else 0
            frame_work = measure_live_bytes(lambda: step(self.micro_batch, reader))
        return sum(t.nbytes for entry in writer.layers.values() for t in entry), anchors_work, frame_work

    @property
    def num_workers(self) -> int:
        """Micro-batches computed at a time."""
        if self.model.device.type != "cpu":
            return 1
        return max(1, (self.run.batch_size or self.cores) // self.micro_batch)

    def _bank_device(self, size: tuple[int, int], num_anchors: int, config: EditConfig | None) -> torch.device | None:
        """Where the bank lives; None is where it is computed. `auto` spares a GPU what takes half its free memory."""
        on_gpu = self.model.device.type == "cuda"
        if self.run.bank == "host":
            return torch.device("cpu")
        if self.run.bank == "device" or not on_gpu:
            return None
        free, _ = torch.cuda.mem_get_info(self.model.device)
        return torch.device("cpu") if 2 * self.memory_needed(size, num_anchors, config).bank > free else None

    def _edit_batch(self, frames: list[np.ndarray], bank: AnchorBank) -> tuple[Download, int]:
        """Up to a micro-batch of frames, computed as a whole one; and how many they are."""
        if any(frame.shape != (*bank.size, 3) for frame in frames):
            shapes = [frame.shape for frame in frames]
            raise ValueError(f"frames of {shapes} do not fit anchors of {bank.size} rows and columns")
        filled = [*frames, *repeat(frames[-1], self.micro_batch - len(frames))]
        return edit_together(self._quick, np.stack(filled), bank, bank.at), len(frames)

    @torch.inference_mode()
    def _encode(self, instruction: str, height: int, width: int) -> tuple[Conditioning, dict[str, KeysValues]]:
        """The instruction for the denoiser, and its keys and values for the cross-attention layers."""
        conditioning = encode_instruction(self.model, instruction, height=height, width=width)
        return conditioning, attention.read_text(self.model.unet, conditioning.embeds)

    @contextmanager
    def workers(self, count: int) -> Iterator[ThreadPoolExecutor]:
        """Threads that compute micro-batches; on the CPU one thread of torch's for each."""
        threads = torch.get_num_threads()
        wanted = 1 if self.model.device.type == "cpu" else threads
        pool = ThreadPoolExecutor(count, "fairy", initializer=torch.set_num_threads, initargs=(wanted,))
        try:
            yield pool
        finally:
            pool.shutdown(cancel_futures=True)
            torch.set_num_threads(threads)


def _finished(future: Future[tuple[Download, int]]) -> np.ndarray:
    """The frames of a micro-batch, once they are there; what filled it up is left out."""
    download, count = future.result()
    return download.wait()[:count]


def _weights_bytes(model: Model) -> int:
    return sum(t.nbytes for part in (model.unet, model.vae, *model.text_encoders) for t in part.parameters())


def _batched(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """Lists of up to `size` items (itertools.batched comes with Python 3.12)."""
    iterator = iter(items)
    while chunk := list(islice(iterator, size)):
        yield chunk
