"""What a user would take instead, from diffusers: its InstructPix2Pix pipeline, and the recipe of Text2Video-Zero.

F frames, uint8 (F, H, W, 3), from memory to memory. The weights are read from the same folder as ours, in the same
number format, and nothing is done to them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from fairy.config import EditConfig
from fairy.errors import UsageError
from fairy.models import Model
from fairy.models.quiet import quiet_libraries

CHUNK = 8
"""Frames of a batch in the documentation of Text2Video-Zero, the first one of the video among them."""
BRANCHES = 3


@dataclass(frozen=True)
class Peer:
    """diffusers' StableDiffusionInstructPix2PixPipeline with the settings of an edit."""

    pipeline: Any
    instruction: str
    num_steps: int
    text_guidance: float
    image_guidance: float

    def edit_batch(self, frames: np.ndarray) -> np.ndarray:
        """One call of the pipeline; every frame has the noise of seed 0."""
        images = self.pipeline(
            prompt=[self.instruction] * len(frames),
            image=torch.from_numpy(frames).permute(0, 3, 1, 2).float() / 255,
            num_inference_steps=self.num_steps,
            guidance_scale=self.text_guidance,
            image_guidance_scale=self.image_guidance,
            generator=[torch.Generator().manual_seed(0) for _ in frames],
            output_type="np",
        ).images
        return (images * 255).round().astype(np.uint8)

    def edit(self, frames: np.ndarray, batch_size: int) -> np.ndarray:
        """Batch after batch: uint8 (F, H, W, 3) -> the same, edited."""
        starts = range(0, len(frames), batch_size)
        return np.concatenate([self.edit_batch(frames[start : start + batch_size]) for start in starts])

    def edit_across_frames(self, frames: np.ndarray, processor: type) -> np.ndarray:
        """Video InstructPix2Pix of Text2Video-Zero (arXiv 2303.13439, sec. 4.4) in chunks, as diffusers documents both.

        Each chunk is led by the video's first frame, whose keys and values all of it reads; `processor` is one of
        `cross_frame_processors`.
        """
        edited = []
        with self._attending(processor):
            for start in range(0, len(frames), CHUNK - 1):
                chunk = np.concatenate([frames[:1], frames[start : start + CHUNK - 1]])
                edited.append(self.edit_batch(chunk)[1:])
        return np.concatenate(edited)

    @contextmanager
    def _attending(self, processor: type) -> Iterator[None]:
        former = self.pipeline.unet.attn_processors
        self.pipeline.unet.set_attn_processor(processor(batch_size=BRANCHES))
        try:
            yield
        finally:
            self.pipeline.unet.set_attn_processor(dict(former))


def num_across_frames(num_frames: int) -> int:
    """Frames that `edit_across_frames` computes: the first one leads every chunk."""
    return num_frames + -(-num_frames // (CHUNK - 1))


def open_peer(model: Model, instruction: str, num_steps: int) -> Peer:
    """The pipeline with the weights of `model`'s folder. UsageError where the model is not of SD-1.5's family."""
    if len(model.text_encoders) != 1:
        raise UsageError(f"--model {model.name}: only models of the SD-1.5 family are compared with peers")
    with quiet_libraries():
        from diffusers import StableDiffusionInstructPix2PixPipeline

        pipeline = StableDiffusionInstructPix2PixPipeline.from_pretrained(
            model.folder.path, safety_checker=None, local_files_only=True
        )
        # Its own scheduler may be another one than the edit's.
        pipeline.scheduler = type(model.scheduler).from_config(model.scheduler.config)
        pipeline.to(model.device, model.dtype)
    pipeline.set_progress_bar_config(disable=True)
    settings = EditConfig().resolved(model.defaults)
    return Peer(pipeline, instruction, num_steps, settings.text_guidance, settings.image_guidance)


def cross_frame_processors() -> dict[str, type]:
    """Attention to the first frame, of diffusers: as its documentation takes it, and with torch's fused attention."""
    with quiet_libraries():
        try:
            from diffusers.pipelines.deprecated.text_to_video_synthesis import pipeline_text_to_video_zero as zero
        except ImportError:  # where it was before diffusers 0.37
            from diffusers.pipelines.text_to_video_synthesis import pipeline_text_to_video_zero as zero
    return {"": zero.CrossFrameAttnProcessor, ", fused attention": zero.CrossFrameAttnProcessor2_0}
