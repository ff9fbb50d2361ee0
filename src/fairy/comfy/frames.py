"""The node that edits all other frames of a shot, each by itself, from the anchors."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from comfy_api.latest import io

from fairy.comfy.bank import EditedAnchors, FairyBank
from fairy.comfy.device import editor_at_work
from fairy.comfy.pixels import empty_image, put, to_mask, to_picture
from fairy.comfy.progress import NodeReport
from fairy.comfy.settings import read
from fairy.comfy.widgets import inputs
from fairy.comfy.words import in_one_line
from fairy.config import MaskConfig, VideoConfig
from fairy.jobs.masks import Blend
from fairy.jobs.render import edit_frames
from fairy.pictures.blend import composite, feathered
from fairy.pictures.scale import scaled
from fairy.video import Frame

NO_ANCHOR = -1


class EditFrames(io.ComfyNode):
    """Fairy: Edit Frames."""

    @classmethod
    def define_schema(cls) -> Any:
        """What the node asks for."""
        return io.Schema(
            node_id="FairyEditFrames",
            display_name="Fairy: Edit Frames",
            category="fairy",
            description="Edits every frame by itself; their look comes from the anchors. For long videos take Fairy:"
            " Edit Video, which holds a few frames at a time.",
            hidden=[io.Hidden.unique_id],
            inputs=[
                FairyBank.Input("bank"),
                io.Image.Input("images", tooltip="Frames of the anchors' shot."),
                io.Combo.Input(
                    "size",
                    options=["source", "model"],
                    default="source",
                    tooltip="Of the result: that of the images, or that of the model's own pictures.",
                ),
                *inputs(VideoConfig, "detail"),
                *inputs(MaskConfig, "feather", "auto_mask"),
                io.Mask.Input("mask", optional=True, tooltip="White where to edit: one for all, or one an image."),
            ],
            outputs=[io.Image.Output(display_name="images")],
        )

    @classmethod
    def execute(cls, bank: EditedAnchors, images: Any, size: str, detail: str, **values: Any) -> Any:
        """The edited frames."""
        report, mask, wish = NodeReport(cls.hidden.unique_id), values.pop("mask", None), read(MaskConfig, values)
        delivered = bank.size if size == "model" else (images.shape[2], images.shape[1])
        finish = Finish(delivered, detail, wish, mask, len(images), bank.model.device)
        with in_one_line(), editor_at_work(bank.model, report.look) as editor:
            finish.check()
            done = empty_image(len(images), delivered)
            report.progress("frames", 0, len(images))
            edits = edit_frames(editor, small_frames(bank, images), bank.at_work(editor), range(len(bank.sources)))
            for index, (_, edited) in enumerate(edits):
                put(done, index, finish(index, images[index], edited))
                report.progress("frames", index + 1, len(images))
        return io.NodeOutput(done)


def small_frames(anchors: EditedAnchors, images: Any) -> Iterator[Frame]:
    """The images at the size of the edit, one at a time. An anchor has its place as its index, the others NO_ANCHOR."""
    for pts, image in enumerate(images):
        picture = to_picture(image, anchors.size)
        place = anchors.place_of(picture)
        yield Frame(NO_ANCHOR if place is None else place, pts, picture)


class Finish:
    """From the model's picture of a frame to the delivered one: at its size, over its source."""

    def __init__(
        self, size: tuple[int, int], detail: str, wish: MaskConfig, mask: Any, count: int, device: Any = "cpu"
    ) -> None:
        self._size, self._detail, self._device = size, detail, device
        self._wish, self._mask, self._count = wish, mask, count
        self._blend = Blend(auto=wish.auto_mask)

    def check(self) -> None:
        """UsageError where the mask has another number of pictures than the images."""
        if self._mask is not None:
            to_mask(self._mask, 0, self._count, self._size)

    def __call__(self, index: int, image: Any, edited: np.ndarray) -> np.ndarray:
        """uint8 (H, W, 3), of the image at that index and its edit, uint8 (h, w, 3)."""
        source = to_picture(image, self._size)
        picture = scaled(edited, source, self._detail, self._device)
        weight = self._blend.weight(source, edited, self._weight(index))
        return picture if weight is None else composite(source, picture, weight)

    def _weight(self, index: int) -> np.ndarray | None:
        if self._mask is None:
            return None
        return feathered(to_mask(self._mask, index, self._count, self._size), self._wish.feather)
