"""`fairy lab ablate`: a set of videos and instructions under several settings, scored by `fairy.lab.metrics`.

FOLDER/videos/ has the edited videos, FOLDER/cells.jsonl what is finished; tables, plots and the page come from both.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from fairy import models
from fairy.config import EMBEDDED, VideoConfig, check_instruction
from fairy.jobs.edit import edit
from fairy.jobs.manifest import hash_source
from fairy.jobs.request import Request, look_through, open_device
from fairy.lab.ablation import own_noise
from fairy.lab.ablation.outcome import VideoCell, check_output, write_outcome
from fairy.lab.ablation.sets import SetEntry
from fairy.lab.ablation.settings import Condition
from fairy.lab.metrics import MetricSettings, Tools, load_tools, score_videos
from fairy.lab.results.ledger import CELLS, do_missing, key_of, open_ledger
from fairy.models import Model
from fairy.report import SILENT, Report
from fairy.video import VideoWriter, probe, read_frames

VERSION = 1
"""Of the cells: another one makes all of them anew."""
VIDEOS = "videos"
SUFFIX = ".mp4"


@dataclass(frozen=True)
class VideoTask:
    """One cell to be done: an edit, and its scores."""

    key: str
    entry: SetEntry
    condition: Condition
    output: Path
    video: VideoConfig
    metrics: MetricSettings


@dataclass(frozen=True)
class AblationResult:
    """What was made."""

    page: Path
    num_cells: int
    num_done_now: int
    """Of them, those that were not finished before."""


def ablate(
    entries: Sequence[SetEntry],
    conditions: Sequence[Condition],
    folder: Path,
    *,
    video: VideoConfig | None = None,
    metrics: MetricSettings | None = None,
    workers: int | str = 1,
    ray_address: str | None = None,
    title: str = "Ablation",
    report: Report = SILENT,
) -> AblationResult:
    """Edit every entry under every condition and measure it; what `folder` holds already is not done again.

    Writes cells.csv, methods.csv, plots and index.html into `folder`. Raises UsageError where an instruction is empty,
    MediaError, ModelError or OutputError where something cannot be read, loaded or written.
    """
    for entry in entries:
        check_instruction(entry.instruction)
    check_output(folder, folder / CELLS)
    tasks = plan(entries, conditions, folder, video or VideoConfig(), metrics or MetricSettings())
    with open_ledger(folder) as ledger:
        missing = [task for task in tasks if task.key not in ledger or not task.output.exists()]
        (folder / VIDEOS).mkdir(exist_ok=True)
        if missing:
            for note in tools_for(missing[0].metrics).notes:
                report.note(note)
        do_missing(
            edit_and_score,
            missing,
            ledger,
            num_all=len(tasks),
            workers=workers,
            ray_address=ray_address,
            name=name_of,
            report=report,
        )
        cells = [VideoCell(task.entry, task.condition, task.output, ledger[task.key]["values"]) for task in tasks]
        page = write_outcome(folder, cells, conditions, title=title)
    return AblationResult(page, len(tasks), len(missing))


def plan(
    entries: Sequence[SetEntry],
    conditions: Sequence[Condition],
    folder: Path,
    video: VideoConfig,
    metrics: MetricSettings,
) -> list[VideoTask]:
    """A task for each cell, those of one entry together."""
    hashes = {entry.video: hash_of(entry.video) for entry in entries}
    tasks = []
    for entry in entries:
        asked = replace(
            metrics,
            instruction=entry.instruction,
            source_prompt=entry.source_prompt,
            target_prompt=entry.target_prompt,
            flow=str(entry.truth) if entry.truth else metrics.flow,
        )
        for condition in conditions:
            key = key_of(facts_of(entry, condition, hashes[entry.video], video, asked))
            output = folder / VIDEOS / f"{_slug(entry.name)}-{_slug(entry.instruction)}-{key[:8]}{SUFFIX}"
            tasks.append(VideoTask(key, entry, condition, output, video, asked))
    return tasks


def facts_of(
    entry: SetEntry, condition: Condition, source: str, video: VideoConfig, metrics: MetricSettings
) -> Mapping[str, Any]:
    """Everything that decides a cell's video and its numbers."""
    measured = {**vars(metrics), "flow": "exact" if entry.truth else metrics.flow}
    return {"version": VERSION, "source": source, **condition.settings.facts(), **vars(video), **measured}


def edit_and_score(task: VideoTask) -> list[dict[str, Any]]:
    """The record of one cell. A video that is there was finished by an earlier run, for its name has the cell's key."""
    settings = task.condition.settings
    if not task.output.exists():
        request = Request(
            source=task.entry.video,
            instruction=task.entry.instruction,
            edit=settings.edit,
            model=load_model(settings.weights.name, settings.scheduler),
            video=task.video,
        )
        make = edit if settings.shared_noise else edit_with_own_noise
        make(request, task.output)
    scores = score_videos(task.entry.video, task.output, task.metrics, tools=tools_for(task.metrics))
    return [
        {
            "key": task.key,
            "video": task.entry.name,
            "instruction": task.entry.instruction,
            "variant": task.condition.name,
            "weights": settings.weights.unet,
            "values": scores.values,
        }
    ]


def edit_with_own_noise(request: Request, output: Path) -> None:
    """As a job edits a video, with the same shots and anchors, but noise of its own for each frame."""
    found = look_through(request, SILENT)
    with open_device(request, SILENT) as device:
        editor = device.editor
        selection = found.selection.fitted(request.video.long_side or editor.model.defaults.long_side)
        size, quality = selection.size, request.video.quality
        with VideoWriter(str(output), info=selection.info, size=size, quality=quality) as writer:
            for shot in selection.shots:
                pictures = selection.pictures_at(shot.anchors)
                bank = own_noise.edit_anchors(editor, pictures, shot.anchors, request.instruction, request.edit)
                done = dict(zip(shot.anchors, bank.frames, strict=True))
                frames = read_frames(selection.info, start=shot.start, stop=shot.stop, size=size)
                others = ((frame.index, frame.image) for frame in frames if frame.index not in done)
                edited = own_noise.edit_frames(editor, others, bank)
                for index in range(shot.start, shot.stop):
                    picture = done[index] if index in done else next(edited)
                    writer.write(picture, int(selection.info.pts[index]))


def tools_for(metrics: MetricSettings) -> Tools:
    """CLIP and the like, loaded once a process."""
    return _load_tools(replace(metrics, instruction=None, source_prompt=None, target_prompt=None))


@lru_cache(maxsize=1)
def _load_tools(metrics: MetricSettings) -> Tools:
    return load_tools(metrics)


@lru_cache(maxsize=2)
def load_model(name: str, scheduler: str | None) -> Model:
    """A model, kept for the next cell."""
    return models.load(None if name == EMBEDDED else name, scheduler=scheduler)


def name_of(task: VideoTask) -> str:
    """A task in a message."""
    return f"{task.entry.name}, {task.entry.instruction!r}, {task.condition.name}"


def hash_of(path: Path) -> str:
    """Of a video's bytes, or of a folder's pictures."""
    return hash_source(path, probe(path).images if path.is_dir() else ())


def _slug(text: str) -> str:
    """A text as a part of a file's name."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:40]
