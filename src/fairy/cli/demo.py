"""The demo: the built-in clip, edited by five instructions; the videos, all of them side by side, a contact sheet."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from importlib.resources import as_file, files
from pathlib import Path

import numpy as np

from fairy import models
from fairy.config import JobConfig
from fairy.disk.whole import check_picture, save_png
from fairy.errors import OutputError
from fairy.jobs.calls import edit_video
from fairy.method.anchors import choose_anchors
from fairy.models import Model
from fairy.pictures.sheet import caption, grid, tile
from fairy.report import SILENT, Report
from fairy.video import VideoWriter, check_output, probe, read_frames

INSTRUCTIONS = (
    "make it night",
    "turn it into a pencil sketch",
    "turn the cube into a ball",
    "turn the cube into gold",
    "put a hat on the cube",
)
"""The paper's kinds of edit: style, swap, material and local addition."""
HEADS = ("source", *INSTRUCTIONS)
SIDE_BY_SIDE = "side-by-side.mp4"
SHEET = "contact-sheet.png"
NUM_ROWS = 3
"""Frames on the contact sheet."""


def run_demo(
    folder: Path,
    *,
    clip: Path | None = None,
    model: Model | None = None,
    overwrite: bool = False,
    report: Report = SILENT,
) -> list[Path]:
    """Edit the built-in clip by each of INSTRUCTIONS; returns the paths of the edited videos.

    `folder` is made if it is not there. Another clip and a loaded model may be given; by default it is the embedded
    model, loaded once.
    """
    videos = [folder / f"{instruction.replace(' ', '-')}.mp4" for instruction in INSTRUCTIONS]
    if folder.exists():
        check_folder(folder, videos, overwrite)
    if model is None:
        report.progress("loading", 0, None)
        model = models.load()
    folder.mkdir(parents=True, exist_ok=True)
    job = JobConfig(restart=True)  # it is short, and an interrupted demo may have been another version's
    with nullcontext(clip) if clip else as_file(files("fairy").joinpath("video", "clips", "demo.mp4")) as source:
        for instruction, video in zip(INSTRUCTIONS, videos, strict=True):
            report.note(f"{source.name}: {instruction}")
            edit_video(source, instruction, video, model=model, job=job, overwrite=overwrite, report=report)
        combine(source, videos, folder, overwrite)
    return videos


def check_folder(folder: Path, videos: Sequence[Path], overwrite: bool) -> None:
    """Refuse, before any work, a folder in which something is in the way."""
    if not folder.is_dir():
        raise OutputError(f"{folder} is a file, not a folder. Choose another name.")
    for path in (*videos, folder / SIDE_BY_SIDE):
        check_output(path, overwrite)
    check_picture(folder / SHEET, overwrite)


def combine(source: Path, videos: Sequence[Path], folder: Path, overwrite: bool) -> None:
    """Write the video that shows the source and all edits, with the source's sound, and the contact sheet."""
    info, edits = probe(source), [probe(video) for video in videos]
    size = edits[0].width, edits[0].height
    shown = choose_anchors(len(info), min(NUM_ROWS, len(info)))
    rows = []
    blank = np.zeros((size[1], size[0], 3), np.uint8)
    full_height, full_width, _ = lay_out([blank] * len(HEADS)).shape
    together = zip(*(read_frames(each, size=size) for each in (info, *edits)), strict=True)
    with VideoWriter(folder / SIDE_BY_SIDE, info=info, size=(full_width, full_height), overwrite=overwrite) as writer:
        for frames in together:
            pictures = [frame.image for frame in frames]
            index, pts = frames[0].index, frames[0].pts
            writer.write(lay_out(pictures), pts)
            if index in shown:
                rows.append((f"frame {index}, {float((pts - info.pts[0]) * info.time_base):.2f} s", pictures))
    save_png(folder / SHEET, grid(HEADS, rows, title="One clip, five instructions"))


def lay_out(pictures: Sequence[np.ndarray]) -> np.ndarray:
    """One frame of the side by side: the source and the edits with what they are below them."""
    return tile(caption(pictures, HEADS), num_columns=3)
