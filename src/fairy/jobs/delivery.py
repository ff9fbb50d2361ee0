"""How edits at the model's size become the frames that are delivered: at another size, with the source's own detail,
laid over the source through a mask.

It happens when the video is put together. What is stored of a job are the model's own pictures, so that nothing here is
a reason to edit a frame again. H rows, W columns as delivered, h and w as edited.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from fairy.config import VideoConfig
from fairy.jobs.masks import Blend
from fairy.pictures.blend import composite
from fairy.pictures.scale import scaled
from fairy.pictures.size import delivered_size
from fairy.video import Frame, VideoInfo, background, read_at

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """Everything that is wished of the delivered frames."""

    info: VideoInfo
    """The source."""
    size: tuple[int, int]
    """Columns and rows."""
    detail: str
    """carry or off."""
    codec: str | None = None
    """By its name; None: what the output's suffix stands for."""
    quality: int | None = None
    """The encoder's rate factor."""
    blend: Blend = field(default_factory=Blend)
    """How the frames are laid over their sources."""
    device: torch.device | str = "cpu"
    """Where the detail is carried."""

    def on(self, device: torch.device | str) -> Delivery:
        """The same, computed there."""
        return replace(self, device=device)

    def finished(
        self, edits: Iterable[np.ndarray], indices: Sequence[int], bit_depth: int = 8
    ) -> Iterator[tuple[Frame, np.ndarray]]:
        """Each frame of the source, as it is delivered, with its finished edit: uint8 or uint16 (H, W, 3).

        edits: uint8 (h, w, 3), of the frames at `indices`, which rise.
        """
        masks = self.blend.masks(indices, self.size)
        with closing(background(read_at(self.info, indices, size=self.size, bit_depth=bit_depth))) as sources:
            for frame, edited, mask in zip(sources, edits, masks, strict=False):
                yield frame, self._finish(frame.image, edited, mask)

    def _finish(self, source: np.ndarray, edited: np.ndarray, mask: np.ndarray | None) -> np.ndarray:
        picture = scaled(edited, source, self.detail, self.device)
        weight = self.blend.weight(source, edited, mask)
        return picture if weight is None else composite(source, picture, weight)


def plan_delivery(video: VideoConfig, info: VideoInfo, edited: tuple[int, int], blend: Blend | None = None) -> Delivery:
    """What is wished of a source whose edits have the size `edited` (columns, rows).

    Raises UsageError where the size has another ratio of sides than the source.
    """
    size = delivered_size(video.size, (info.width, info.height), edited)
    return Delivery(
        info=info, size=size, detail=video.detail, codec=video.codec, quality=video.quality, blend=blend or Blend()
    )
