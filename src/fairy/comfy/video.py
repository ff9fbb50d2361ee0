"""The node that edits a whole video, file to file: as `fairy edit` does, with the same pixels and the same memory."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import folder_paths
from comfy_api.latest import InputImpl, io, ui

from fairy.comfy.anchors import ANCHOR_FRAMES, EDIT, EDITED_ANCHORS, frames_of
from fairy.comfy.bank import FairyModel
from fairy.comfy.device import editor_at_work
from fairy.comfy.pixels import to_picture
from fairy.comfy.progress import NodeReport
from fairy.comfy.settings import read
from fairy.comfy.source import on_disk, scratch
from fairy.comfy.widgets import inputs, instruction
from fairy.comfy.words import in_one_line
from fairy.config import EditConfig, JobConfig, MaskConfig, VideoConfig, check_instruction
from fairy.disk.hashes import hash_file, hash_text
from fairy.disk.whole import save_png
from fairy.errors import UsageError
from fairy.jobs.edit import edit
from fairy.jobs.render import OneDevice
from fairy.jobs.request import Request, look_through
from fairy.models import Model
from fairy.video.formats import FORMATS
from fairy.video.lossless import LosslessWriter

SUFFIXES = [suffix.removeprefix(".") for suffix in FORMATS]


class EditVideo(io.ComfyNode):
    """Fairy: Edit Video."""

    @classmethod
    def define_schema(cls) -> Any:
        """What the node asks for."""
        return io.Schema(
            node_id="FairyEditVideo",
            display_name="Fairy: Edit Video",
            category="fairy",
            description="Edits a whole video, file to file: a few frames are in memory at a time; sound and time stamps"
            " are kept. After Interrupt, Queue goes on where it stopped.",
            hidden=[io.Hidden.unique_id],
            is_output_node=True,
            inputs=[
                FairyModel.Input("model"),
                io.Video.Input("video"),
                instruction(),
                *inputs(EditConfig, *EDIT),
                *inputs(VideoConfig),
                *inputs(JobConfig, "shots"),
                io.String.Input("anchor_frames", default="", tooltip=ANCHOR_FRAMES),
                *inputs(MaskConfig, "feather", "auto_mask"),
                io.Combo.Input("format", options=SUFFIXES, default="mp4", tooltip="The container of the result."),
                io.String.Input(
                    "filename_prefix",
                    default="video/fairy",
                    tooltip="Where the result lies in the output folder; a digest of all settings is added to it.",
                ),
                io.Image.Input("edited_anchors", optional=True, tooltip=EDITED_ANCHORS),
                io.Mask.Input("mask", optional=True, tooltip="White where to edit: one for all, or one a frame."),
            ],
            outputs=[io.Video.Output(display_name="video")],
        )

    @classmethod
    def execute(
        cls, model: Model, video: Any, instruction: str, format: str, filename_prefix: str, **values: Any
    ) -> Any:
        """The edited video, which lies in the output folder."""
        report = NodeReport(cls.hidden.unique_id)
        folder, name, _, subfolder, _ = folder_paths.get_save_image_path(
            filename_prefix, folder_paths.get_output_directory()
        )
        with in_one_line(), scratch() as aside:
            request = wished(video, instruction, values, aside, report)
            output = Path(folder) / f"{name}_{digest(request, model)}.{format}"
            if output.exists():  # its name says that it is just what is wanted
                report.note(f"{output} is there already")
            else:
                with editor_at_work(model, report.look) as editor:
                    edit(replace(request, model=OneDevice(editor)), output, report=report)
        shown = ui.PreviewVideo([ui.SavedResult(output.name, subfolder, io.FolderType.output)])
        return io.NodeOutput(InputImpl.VideoFromFile(str(output)), ui=shown)


def wished(video: Any, instruction: str, values: dict[str, Any], aside: Path, report: NodeReport) -> Request:
    """What the inputs of the node ask for; pictures that came through the graph are put `aside`. UsageError."""
    check_instruction(instruction)
    mask, given = values.get("mask"), values.get("edited_anchors")
    source, part = on_disk(video, read(VideoConfig, values), aside)
    feather, auto = values["feather"], values["auto_mask"]
    masking = MaskConfig(mask=None if mask is None else write_mask(mask, aside), feather=feather, auto_mask=auto)
    request = Request(
        source=source,
        instruction=instruction,
        edit=read(EditConfig, values),
        video=part,
        job=JobConfig(shots=values["shots"], anchors=frames_of(values["anchor_frames"])),
        mask=masking,
    )
    return request if given is None else with_anchors(request, given, aside, report)


def with_anchors(request: Request, given: Any, aside: Path, report: NodeReport) -> Request:
    """The same with anchors that are edited already. UsageError where they are not as many as the anchors."""
    anchors = look_through(request, report).selection.anchors
    if len(given) != len(anchors):
        raise UsageError(
            f"edited_anchors has {len(given)} pictures, but there are {len(anchors)} anchors"
            f" (frames {', '.join(map(str, anchors)) or 'none'}); give a picture for each of them, in their order"
        )
    files = {index: aside / f"anchor-{index}.png" for index in anchors}
    for file, picture in zip(files.values(), given, strict=True):
        save_png(file, to_picture(picture))
    return replace(request, job=replace(request.job, given=files))


def write_mask(mask: Any, aside: Path) -> Path:
    """A MASK as a file: a picture, or a video without loss."""
    stack = mask[None] if mask.ndim == 2 else mask
    pictures = (to_picture(one[..., None].expand(-1, -1, 3)) for one in stack)
    if len(stack) == 1:
        save_png(aside / "mask.png", next(pictures))
        return aside / "mask.png"
    with LosslessWriter(aside / "mask.mkv", (stack.shape[2], stack.shape[1])) as writer:
        for picture in pictures:
            writer.write(picture)
    return aside / "mask.mkv"


def digest(request: Request, model: Model) -> str:
    """Of everything that decides the result: the same wish has the same name, so that it goes on where it stopped."""
    mask = request.mask.mask
    facts = {
        "source": hash_file(request.source),
        "instruction": request.instruction,
        "edit": asdict(request.edit),
        "video": asdict(request.video),
        "shots": [request.job.shots, request.job.anchors],
        "given": {index: hash_file(path) for index, path in request.job.given.items()},
        "mask": [mask and hash_file(mask), request.mask.feather, request.mask.auto_mask],
        "model": [asdict(model.config), asdict(model.identity)],
    }
    return hash_text(json.dumps(facts, sort_keys=True, default=str))[:12]
