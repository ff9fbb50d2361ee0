"""The node that edits the anchors, or takes them as another editor in the graph has made them."""

from __future__ import annotations

from typing import Any

import numpy as np
from comfy_api.latest import io, ui

from fairy.comfy.bank import EditedAnchors, FairyBank, FairyModel, moved
from fairy.comfy.device import editor_at_work
from fairy.comfy.pixels import to_image, to_picture
from fairy.comfy.progress import NodeReport
from fairy.comfy.settings import others, read, read_frames
from fairy.comfy.widgets import inputs, instruction
from fairy.comfy.words import in_one_line
from fairy.config import EditConfig, VideoConfig, check_instruction
from fairy.errors import UsageError
from fairy.method.anchors import choose_anchors
from fairy.models import Model
from fairy.pictures.size import fit_size

EDIT = ("seed", *others(EditConfig, "seed", "guided_share"))
"""Widgets of the edit; as on the command line, guided_share is a part of `fast`."""
ANCHOR_FRAMES = "Which frames are anchors, counted from 0, such as 0, 12, 23. Nothing: evenly spaced."
EDITED_ANCHORS = "The anchors as any other editor has made them: a picture for each anchor, in their order."


class EditAnchors(io.ComfyNode):
    """Fairy: Edit Anchors."""

    @classmethod
    def define_schema(cls) -> Any:
        """What the node asks for."""
        return io.Schema(
            node_id="FairyEditAnchors",
            display_name="Fairy: Edit Anchors",
            category="fairy",
            description="Edits a few frames together. All other frames of the shot take their look from these.",
            hidden=[io.Hidden.unique_id],
            inputs=[
                FairyModel.Input("model"),
                io.Image.Input("images", tooltip="All frames of one shot, or only those that are to be anchors."),
                instruction(),
                *inputs(EditConfig, *EDIT),
                *inputs(VideoConfig, "long_side"),
                io.String.Input("anchor_frames", default="", tooltip=ANCHOR_FRAMES),
                io.Image.Input("edited_anchors", optional=True, tooltip=EDITED_ANCHORS),
            ],
            outputs=[
                FairyBank.Output(display_name="bank", tooltip="For Fairy: Edit Frames."),
                io.Image.Output(display_name="anchors", tooltip="The edited anchors, at the size of the model."),
            ],
        )

    @classmethod
    def execute(cls, model: Model, images: Any, instruction: str, anchor_frames: str, **values: Any) -> Any:
        """The bank, and the edited anchors."""
        report = NodeReport(cls.hidden.unique_id)
        given = values.pop("edited_anchors", None)
        with in_one_line():
            edit, video = read(EditConfig, values), read(VideoConfig, values)
            check_instruction(instruction)
            size = fit_size(images.shape[2], images.shape[1], video.long_side or model.defaults.long_side)
            indices = choose(len(images), edit, anchor_frames)
            sources = gathered(images, indices, size)
            made = {} if given is None else made_elsewhere(given, indices, size)
            with editor_at_work(model, report.look) as editor:
                bank = moved(editor.edit_anchors(sources, instruction, edit, given=made, on_step=report.steps), "cpu")
        anchors = to_image(bank.frames) if len(bank.frames) else to_image(sources)
        shown = ui.PreviewImage(anchors, cls=cls) if len(anchors) else None
        return io.NodeOutput(EditedAnchors(model, sources, bank), anchors, ui=shown)


def choose(count: int, edit: EditConfig, anchor_frames: str) -> tuple[int, ...]:
    """The frames that are anchors, among `count`. UsageError where one is asked for that is not there."""
    asked = frames_of(anchor_frames)
    if asked is None:
        return choose_anchors(count, edit.num_anchors)
    if edit.num_anchors is not None:
        raise UsageError("anchor_frames and num_anchors: give one of them; -1 leaves num_anchors out")
    for index in asked:
        if index >= count:
            raise UsageError(f"anchor_frames {index}: there are frames 0 to {count - 1}")
    return tuple(sorted(set(asked)))


def frames_of(text: str) -> tuple[int, ...] | None:
    """The frames that are named, or None. UsageError where the text names none."""
    try:
        return read_frames(text)
    except ValueError as error:
        raise UsageError(str(error)) from None


def gathered(images: Any, indices: tuple[int, ...], size: tuple[int, int]) -> np.ndarray:
    """A few pictures of an IMAGE: uint8 (K, H, W, 3) at `size` (columns, rows)."""
    pictures = [to_picture(images[index], size) for index in indices]
    return np.stack(pictures) if pictures else np.zeros((0, size[1], size[0], 3), np.uint8)


def made_elsewhere(given: Any, indices: tuple[int, ...], size: tuple[int, int]) -> dict[int, np.ndarray]:
    """Anchors that are edited already, by their place. UsageError where they are not as many as the anchors."""
    if len(given) != len(indices):
        named = ", ".join(map(str, indices)) or "none"
        raise UsageError(
            f"edited_anchors has {len(given)} pictures, but there are {len(indices)} anchors (frames {named});"
            " give a picture for each of them, in their order"
        )
    return {place: to_picture(picture, size) for place, picture in enumerate(given)}
