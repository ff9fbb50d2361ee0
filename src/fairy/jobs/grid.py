"""A labelled grid of edits over one or two settings: `fairy preview --grid text-guidance=1.5,3,5 seed=0,1,2`.

Every picture is what a later edit with its settings gives for that frame, bit for bit; the model is loaded once. One
frame is shown, the middle one of its shot; for one setting, the anchors are, side by side.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from itertools import product
from pathlib import Path

import numpy as np

from fairy.config import EditConfig, EditSettings, JobConfig
from fairy.disk.whole import check_picture, save_png
from fairy.errors import UsageError
from fairy.jobs.delivery import Delivery, plan_delivery
from fairy.jobs.request import Request, check_apart, look_through, open_device
from fairy.jobs.selection import Selection, plan_shots
from fairy.method.editor import Editor
from fairy.pictures.sheet import grid
from fairy.report import SILENT, Report
from fairy.video import VideoInfo, read_at

KEYS: dict[str, type[int] | type[float]] = {
    "text-guidance": float,
    "image-guidance": float,
    "anchor-strength": float,
    "seed": int,
    "num-steps": int,
    "num-anchors": int,
}
FOR_OTHERS = {"anchor-strength", "num-anchors"}
"""Keys that decide which frames are anchors, or how the others follow them: a frame is shown that suits all values."""


@dataclass(frozen=True)
class Axis:
    """One setting and the values that it takes."""

    key: str
    values: tuple[float, ...]

    @property
    def labels(self) -> list[str]:
        """Each value with its setting's name."""
        return [f"{self.key} {value:.12g}" for value in self.values]

    def applied(self, edit: EditConfig) -> list[EditConfig]:
        """The edit with each of the values. UsageError where one is out of range."""
        name = self.key.replace("-", "_")
        return [EditConfig(**{**vars(edit), name: value}) for value in self.values]


@dataclass(frozen=True)
class Cell:
    """The edit of one place in the grid."""

    edit: EditConfig
    anchors: tuple[int, ...]


@dataclass(frozen=True)
class GridResult:
    """What was drawn."""

    output: Path
    num_edits: int
    frames: tuple[int, ...]
    """Indices of the frames shown."""
    seconds: float
    """Wall time of the editing, without loading the model."""
    model: str
    device: str


def parse_axes(words: Sequence[str]) -> tuple[Axis, ...]:
    """One or two settings, each as KEY=VALUE,VALUE. UsageError says what is wrong."""
    axes = tuple(parse_axis(word) for word in words)
    if not 1 <= len(axes) <= 2:
        raise UsageError(f"--grid: {len(axes)} settings; give one or two, such as text-guidance=3,5 seed=0,1,2")
    if len({axis.key for axis in axes}) < len(axes):
        raise UsageError(f"--grid: {axes[0].key} is given twice; give its values in one list")
    return axes


def parse_axis(word: str) -> Axis:
    """`seed=0,1,2` and the like."""
    key, _, listed = word.partition("=")
    if key not in KEYS:
        raise UsageError(f"--grid {word}: write KEY=VALUE,VALUE ... where KEY is one of {', '.join(KEYS)}")
    try:
        values = tuple(KEYS[key](value) for value in listed.split(","))
    except ValueError:
        kind = "whole numbers" if KEYS[key] is int else "numbers"
        raise UsageError(f"--grid {word}: the values must be {kind}, with commas between") from None
    axis = Axis(key, values)
    axis.applied(EditConfig())
    return axis


def preview_grid(
    request: Request, sheet: Path | str, settings: Sequence[str], *, overwrite: bool = False, report: Report = SILENT
) -> GridResult:
    """Edit with every combination of one or two settings, and draw them: `fairy.preview_grid`."""
    if request.job.given:
        raise UsageError("--grid and --anchor: give one of them; a grid compares anchors that are edited here")
    axes, sheet = parse_axes(settings), Path(sheet)
    check_picture(sheet, overwrite)
    check_apart(request, [sheet])
    found = look_through(request, report)
    selection = found.selection
    cells = plan_cells(selection, request.edit, request.job, axes)
    shown = frames_to_show(selection, axes)
    with open_device(request, report) as device:
        editor = device.editor
        selection = selection.fitted(request.video.long_side or editor.model.defaults.long_side)
        announce(selection, editor, cells, report)
        begun = time.perf_counter()
        delivery = plan_delivery(request.video, selection.info, selection.size, found.blend).on(device.device)
        pictures = edit_cells(editor, selection, delivery, request.instruction, cells, shown, report)
        seconds = time.perf_counter() - begun
        title = describe_grid(request.instruction, editor.settle(request.edit), axes, selection.info, shown)
        sources = [frame.image for frame in read_at(selection.info, shown, size=delivery.size)]
        save_png(sheet, draw_grid(selection.info, axes, shown, sources, pictures, title))
        return GridResult(sheet, len(cells), shown, seconds, editor.model.name, str(editor.model.device))


def plan_cells(selection: Selection, edit: EditConfig, job: JobConfig, axes: Sequence[Axis]) -> list[Cell]:
    """Every combination, the last setting changing first. UsageError where a shot has too few frames for it."""
    shot = selection.shot_of((selection.start + selection.stop - 1) // 2)
    edits = [edit]
    for axis in axes:
        edits = [each for former in edits for each in axis.applied(former)]
    asked = tuple(index for index in job.anchors or () if shot.start <= index < shot.stop)
    inside = JobConfig(anchors=asked or None)
    plans = [plan_shots([shot.start, shot.stop], each.num_anchors, inside)[0] for each in edits]
    return [Cell(each, plan.anchors) for each, plan in zip(edits, plans, strict=True)]


def frames_to_show(selection: Selection, axes: Sequence[Axis]) -> tuple[int, ...]:
    """The anchors, for one setting; the middle one, for two; for their strength a frame between anchors."""
    shot = selection.shot_of((selection.start + selection.stop - 1) // 2)
    keys = {axis.key for axis in axes}
    if len(axes) == 1 and shot.anchors and not keys & FOR_OTHERS:
        return shot.anchors
    middle = shot.anchors[len(shot.anchors) // 2] if shot.anchors else (shot.start + shot.stop - 1) // 2
    return ((shot.start + middle) // 2 if "anchor-strength" in keys else middle,)


def announce(selection: Selection, editor: Editor, cells: Sequence[Cell], report: Report) -> None:
    """Say before the start what will be done and what memory that takes."""
    width, height = selection.size
    most = max(cells, key=lambda cell: (len(cell.anchors), cell.edit.resolved(editor.model.defaults).num_steps))
    report.note(f"{len(cells)} edits at {width}x{height}, {editor.model.name} on {editor.model.device}")
    report.note(f"memory: about {editor.memory_needed((height, width), len(most.anchors), most.edit)}")


def edit_cells(
    editor: Editor,
    selection: Selection,
    delivery: Delivery,
    instruction: str,
    cells: Sequence[Cell],
    shown: Sequence[int],
    report: Report,
) -> list[list[np.ndarray]]:
    """The edits of the shown frames, uint8 (H, W, 3), for each cell."""
    total = sum(cell.edit.resolved(editor.model.defaults).num_steps for cell in cells)
    done = 0
    edited = []
    for cell in cells:
        edits = edit_cell(editor, selection, instruction, cell, shown, counting(report, done, total))
        edited.append([picture for _, picture in delivery.finished(edits, shown)])
        done += cell.edit.resolved(editor.model.defaults).num_steps
    report.progress("anchors", total, total)
    return edited


def counting(report: Report, before: int, total: int) -> Callable[[int, int], None]:
    """Tells the steps of one cell as a part of all steps."""
    return lambda done, _: report.progress("anchors", before + done, total)


def edit_cell(
    editor: Editor,
    selection: Selection,
    instruction: str,
    cell: Cell,
    shown: Sequence[int],
    on_step: Callable[[int, int], None],
) -> list[np.ndarray]:
    """The edits of the shown frames, as the model makes them, with one cell's settings."""
    anchors = selection.pictures_at(cell.anchors)
    bank = editor.edit_anchors(anchors, instruction, cell.edit, on_step=on_step)
    edits = dict(zip(cell.anchors, bank.frames, strict=True))
    others = [index for index in shown if index not in edits]
    if others:
        edits |= zip(others, editor.edit_frames(selection.pictures_at(others), bank), strict=True)
    return [edits[index] for index in shown]


def draw_grid(
    info: VideoInfo,
    axes: Sequence[Axis],
    shown: Sequence[int],
    sources: Sequence[np.ndarray],
    pictures: Sequence[Sequence[np.ndarray]],
    title: str,
) -> np.ndarray:
    """The sheet; `pictures` are those of the shown frames for each cell."""
    if len(shown) > 1:
        heads = [name_frame(info, index) for index in shown]
        return grid(heads, [("source", sources), *zip(axes[0].labels, pictures, strict=True)], title=title)
    labels = axes[1].labels if len(axes) > 1 else [name_frame(info, shown[0])]
    cells = dict(zip(product(axes[0].labels, labels), pictures, strict=True))
    rows = [(label, [sources[0], *(cells[head, label][0] for head in axes[0].labels)]) for label in labels]
    return grid(["source", *axes[0].labels], rows, title=title)


def name_frame(info: VideoInfo, index: int) -> str:
    """Which frame, and when it is shown."""
    return f"frame {index}, {float(int(info.pts[index] - info.pts[0]) * info.time_base):.2f} s"


def describe_grid(
    instruction: str, settings: EditSettings, axes: Sequence[Axis], info: VideoInfo, shown: Sequence[int]
) -> str:
    """The title: the instruction, and what is the same everywhere."""
    varied = {axis.key.replace("-", "_") for axis in axes}
    same = [f"{name.replace('_', ' ')} {value:.12g}" for name, value in asdict(settings).items() if name not in varied]
    where = [name_frame(info, shown[0])] if len(shown) == 1 else []
    return f"{instruction}\n{', '.join([*where, *same])}"
