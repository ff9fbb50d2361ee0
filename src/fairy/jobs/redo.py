"""What can be done with a kept job: `redo` renders frames again, `verify` proves that frames come out as stored.

Both take everything from the job's manifest: the source, the model, the settings.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from fairy.config import EditConfig, RunConfig, check_instruction
from fairy.errors import MediaError, ModelError, UsageError
from fairy.jobs.assemble import assemble
from fairy.jobs.delivery import Delivery
from fairy.jobs.manifest import Manifest, Take, hash_mask, hash_source
from fairy.jobs.masks import open_blend
from fairy.jobs.render import OneDevice, open_editor, render_missing
from fairy.jobs.request import read_info
from fairy.jobs.result import EditResult, summarize
from fairy.jobs.selection import Selection
from fairy.jobs.store import JobFolder, open_kept
from fairy.method.editor import Editor
from fairy.models import Model
from fairy.models.identity import versions
from fairy.report import SILENT, Report
from fairy.video import VideoInfo


def redo(
    output: Path | str,
    frames: tuple[int, int],
    *,
    seed: int | None = None,
    instruction: str | None = None,
    text_guidance: float | None = None,
    image_guidance: float | None = None,
    model: Model | None = None,
    device: str | None = None,
    run: RunConfig | None = None,
    report: Report = SILENT,
) -> EditResult:
    """Render the frames first <= index < last of a kept job again, and write its output anew.

    Anything given differs from the job's own settings in these frames alone; with nothing given they become again what
    they first were. What a frame was before stays stored until other frames are laid over it.
    """
    given = {"seed": seed, "text_guidance": text_guidance, "image_guidance": image_guidance}
    changes: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    with open_kept(Path(output), report) as folder, open_source(folder, report) as selection:
        own = folder.manifest.edit
        if instruction is not None:
            check_instruction(instruction)
        settings = EditConfig(**vars(own.settings) | changes).resolved(own.settings)
        take = Take(
            start=frames[0],
            stop=frames[1],
            instruction=instruction or own.instruction,
            settings=settings,
            number=1 + max(take.number for take in folder.manifest.takes),
        )
        if not own.start <= take.start < take.stop <= own.stop:
            raise UsageError(f"--frames {take.start}:{take.stop}: the job has frames {own.start}:{own.stop}")
        with reopen_editor(folder.manifest, model, device, run, report) as editor:
            for reason in rounding(folder.manifest, editor):
                report.note(f"{reason}: the new frames may be rounded otherwise")
            begun = time.perf_counter()
            add_take(folder, take)
            computed = render_missing(editor, selection, folder, stored_given(folder), report)
            delivery = reopen_delivery(folder.manifest, selection.info).on(editor.model.device)
            notes = assemble(selection, delivery, folder, [str(output)], True, report)
            shown = replace(folder.manifest, takes=(take,))
            return summarize(
                Path(output),
                selection,
                OneDevice(editor),
                shown,
                delivered=len(selection),
                computed=computed,
                begun=begun,
                notes=notes,
            )


def add_take(folder: JobFolder, take: Take) -> None:
    """Make a take the latest one, unless it is already, and let go of those that it hides."""
    own, *later = folder.manifest.takes
    if later and replace(later[-1], number=take.number) == take and folder.missing(later[-1].number):
        return  # this redo was interrupted: it goes on
    later = [old for old in later if not take.start <= old.start < old.stop <= take.stop]
    hidden = any(old.start < take.stop and take.start < old.stop for old in later)
    if hidden or not take.same_picture(own):
        folder.replace_takes((own, *later, take))
        return
    folder.replace_takes((own, *later))
    for chunk in [chunk for chunk in folder.done if chunk.take == own.number]:
        if chunk.start < take.stop and take.start < chunk.stop:
            folder.forget(chunk)


@contextmanager
def open_source(folder: JobFolder, report: Report) -> Iterator[Selection]:
    """What the job has selected of its source, which must still be there and be the same."""
    manifest = folder.manifest
    info = read_info(Path(manifest.source), report)
    if hash_source(info.path, info.images) != manifest.source_hash:
        raise MediaError(f"{info.path} has changed since {folder.path} was made from it. Begin anew with `fairy edit`.")
    yield Selection(info, manifest.size, manifest.shots)


def reopen_delivery(manifest: Manifest, info: VideoInfo) -> Delivery:
    """How the job's video is delivered. The mask must still be there and be the same."""
    blend = open_blend(manifest.masking, info)
    if hash_mask(blend) != manifest.mask_hash:
        raise MediaError(f"{manifest.mask} has changed since the job was made with it. Begin anew with `fairy edit`.")
    return Delivery(
        info=info,
        size=manifest.delivered,
        detail=manifest.detail,
        codec=manifest.codec,
        quality=manifest.quality,
        blend=blend,
    )


@contextmanager
def reopen_editor(
    manifest: Manifest, model: Model | None, device: str | None, run: RunConfig | None, report: Report
) -> Iterator[Editor]:
    """The editor that the job was made with."""
    device, compile = device or manifest.model.device, manifest.model.compile
    if device != "cpu" and compile.startswith("openvino"):
        compile = "off"  # `rounding` tells of the other device
    wanted = replace(manifest.model, device=device, compile=compile)
    with open_editor(model.compiled(compile) if model else wanted, run, report, manifest.model.micro_batch) as editor:
        if editor.model.identity.model != manifest.identity.model:
            name = manifest.model.model
            raise ModelError(f"{name} is not the model of this job any more. Begin anew with `fairy edit`.")
        yield editor


def stored_given(folder: JobFolder) -> Mapping[int, np.ndarray]:
    """The anchors that were given to the job."""
    return {index: folder.anchor(index) for index in folder.manifest.given}


def rounding(manifest: Manifest, editor: Editor) -> tuple[str, ...]:
    """Why frames may come out otherwise in their last bits than those that are stored."""
    device, now = editor.model.device.type, versions(manifest.model.compile)
    old, given = manifest.identity.versions, manifest.model.device
    changed = [f"{name} {now.get(name, 'not')} instead of {old[name]}" for name in old if now.get(name) != old[name]]
    return (*([f"{device} instead of {given}"] if device != given else []), *changed)
