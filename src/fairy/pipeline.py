"""The editor of one device: `edit_anchors` once, `edit_frames` many times (Fairy, arXiv 2312.13834, sec. 5.1).

F frames, K anchors, H rows, W columns; frames are uint8 (H, W, 3) in 0..255, at the size they are edited at.

Exactness: the bits of an edited frame depend on the model, the settings, the anchors and that frame, never on the batch,
its order or the number of workers. Kernels choose their way by the shape of a batch and by the number of threads, so both
are fixed: frames are computed in micro-batches of one constant size (the last one padded), on the CPU each of them on one
thread, and what runs side by side are whole micro-batches.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from itertools import islice
from types import TracebackType

import numpy as np
import torch

from fairy import attention
from fairy.anchors import AnchorBank, StepReader, StepWriter
from fairy.config import EditConfig, EditSettings, RunConfig
from fairy.errors import UsageError
from fairy.frames import pad_to_multiple, to_tensor, to_uint8
from fairy.models import (
    Conditioning,
    Model,
    decode_latents,
    encode_frames,
    encode_instruction,
    latent_shape,
    make_scheduler,
    predict_noise,
)
from fairy.sampler import BRANCHES, denoise, shared_noise

MICRO_BATCH = {"cpu": 1, "mps": 1, "cuda": 8}
"""Frames of one forward pass, by kind of device: part of what decides the last bit, so it is not `--batch-size`."""

AnchorsAt = Callable[[int], StepWriter | StepReader | None]
"""What the self-attention layers may write or read in one denoising step."""


class Editor:
    """Edits frames with one model on one device.

    The model's attention processors are exchanged until `close()`; they hold no state, so several edits may run at once.
    """

    def __init__(self, model: Model, run: RunConfig | None = None, *, micro_batch: int | None = None) -> None:
        self.model = model
        self.run = run or RunConfig()
        self.micro_batch = micro_batch or MICRO_BATCH[model.device.type]
        self.cores = torch.get_num_threads()
        self._former = attention.install(model.unet)

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
        on_step: Callable[[int, int], None] | None = None,
    ) -> AnchorBank:
        """Edit the anchors together and keep what the other frames read of them.

        `frames` is uint8 (K, H, W, 3); with K = 0 the other frames will each be edited alone. `on_step` is called with
        the steps done and their number. Raises UsageError where the instruction is empty.
        """
        if not instruction.strip():
            raise UsageError('the instruction is empty; say what to change, for example "make it night"')
        settings = (config or EditConfig()).resolved(self.model.defaults)
        height, width = frames.shape[1:3]
        padded = pad_to_multiple(frames, self.model.multiple)
        conditioning = encode_instruction(self.model, instruction, height=padded.shape[1], width=padded.shape[2])
        writers: list[StepWriter] = []
        edited = frames
        if len(frames):
            with self._workers(1) as pool:
                place = self._bank_device(padded.shape, conditioning, settings)

                def write(step: int) -> StepWriter:
                    if on_step:
                        on_step(step, settings.num_steps)
                    writers.append(StepWriter(BRANCHES, place))
                    return writers[-1]

                edited = pool.submit(self._edit, frames, conditioning, settings, write).result()
        return AnchorBank(
            instruction, settings, conditioning, (height, width), edited, tuple(writer.layers for writer in writers)
        )

    def edit_frames(self, frames: Iterable[np.ndarray], bank: AnchorBank) -> Iterator[np.ndarray]:
        """Edit each uint8 (H, W, 3) frame by itself, reading the anchors; lazily, in the order given.

        At most twice `batch_size` frames are held at a time, however many there are.
        """
        batch_size = self.run.batch_size or self.default_batch_size
        workers = max(1, batch_size // self.micro_batch) if self.model.device.type == "cpu" else 1
        waiting: deque[Future[np.ndarray]] = deque()
        with self._workers(workers) as pool:
            for chunk in _batched(frames, self.micro_batch):
                waiting.append(pool.submit(self._edit_chunk, chunk, bank))
                if len(waiting) >= 2 * workers:
                    yield from waiting.popleft().result()
            while waiting:
                yield from waiting.popleft().result()

    @property
    def default_batch_size(self) -> int:
        """Frames computed at a time where the user does not say."""
        return self.micro_batch * (self.cores if self.model.device.type == "cpu" else 1)

    def bank_bytes(self, frames_shape: tuple[int, ...], conditioning: Conditioning, settings: EditSettings) -> int:
        """Memory that the bank of frames of shape (K, H, W, 3), padded, will take: a dry run without data."""
        from torch._subclasses.fake_tensor import FakeTensorMode

        writer = StepWriter(BRANCHES)
        count, height, width, _ = frames_shape
        device = self.model.device
        timestep = make_scheduler(self.model, settings.num_steps).timesteps[0]
        with FakeTensorMode(allow_non_fake_inputs=True), torch.no_grad():
            latents = torch.empty(BRANCHES * count, *latent_shape(self.model, height, width), device=device)
            predict_noise(self.model, latents, latents, timestep, conditioning, {"anchors": writer})
        return settings.num_steps * sum(t.nbytes for entry in writer.layers.values() for t in entry)

    def _bank_device(
        self, frames_shape: tuple[int, ...], conditioning: Conditioning, settings: EditSettings
    ) -> torch.device | None:
        """Where the bank lives: `auto` leaves it on a GPU where it takes at most half of the free memory there."""
        if self.run.bank == "device" or self.model.device.type != "cuda":
            return torch.device("cpu") if self.run.bank == "host" else None
        if self.run.bank == "host":
            return torch.device("cpu")
        free, _ = torch.cuda.mem_get_info(self.model.device)
        return torch.device("cpu") if 2 * self.bank_bytes(frames_shape, conditioning, settings) > free else None

    def _edit_chunk(self, chunk: list[np.ndarray], bank: AnchorBank) -> np.ndarray:
        """Up to a micro-batch of frames, computed as a whole one."""
        if any(frame.shape != (*bank.size, 3) for frame in chunk):
            raise ValueError(f"frames of {[f.shape for f in chunk]} do not fit anchors of {bank.size} rows and columns")
        filled = np.stack(chunk + [chunk[-1]] * (self.micro_batch - len(chunk)))
        return self._edit(filled, bank.conditioning, bank.settings, bank.at)[: len(chunk)]

    @torch.inference_mode()
    def _edit(
        self, frames: np.ndarray, conditioning: Conditioning, settings: EditSettings, anchors_at: AnchorsAt
    ) -> np.ndarray:
        """One trajectory of F frames: uint8 (F, H, W, 3) -> the same, edited."""
        model = self.model
        padded = pad_to_multiple(frames, model.multiple)
        source = encode_frames(model, to_tensor(padded).to(model.device))
        source = torch.cat([source, source, torch.zeros_like(source)])
        noise, generators = shared_noise(settings.seed, len(frames), latent_shape(model, *padded.shape[1:3]))

        def predict(latents: torch.Tensor, step: int, timestep: torch.Tensor) -> torch.Tensor:
            return predict_noise(model, latents, source, timestep, conditioning, {"anchors": anchors_at(step)})

        steps = denoise(
            predict,
            make_scheduler(model, settings.num_steps),
            noise.to(model.device),
            generators,
            text_guidance=settings.text_guidance,
            image_guidance=settings.image_guidance,
        )
        (latents,) = deque(steps, maxlen=1)
        return to_uint8(decode_latents(model, latents))[:, : frames.shape[1], : frames.shape[2]]

    @contextmanager
    def _workers(self, count: int) -> Iterator[ThreadPoolExecutor]:
        """Threads that compute micro-batches; on the CPU one thread of torch's for each."""
        threads = torch.get_num_threads()
        wanted = 1 if self.model.device.type == "cpu" else threads
        pool = ThreadPoolExecutor(count, "fairy", initializer=torch.set_num_threads, initargs=(wanted,))
        try:
            yield pool
        finally:
            pool.shutdown(cancel_futures=True)
            torch.set_num_threads(threads)


def _batched(frames: Iterable[np.ndarray], size: int) -> Iterator[list[np.ndarray]]:
    """Lists of up to `size` frames (itertools.batched comes with Python 3.12)."""
    iterator = iter(frames)
    while chunk := list(islice(iterator, size)):
        yield chunk
