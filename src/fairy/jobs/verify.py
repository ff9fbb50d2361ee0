"""`verify`: frames of a kept job, rendered anew and compared bit for bit with what is stored."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fairy.config import RunConfig
from fairy.errors import OutputError, UsageError
from fairy.jobs.given import Given
from fairy.jobs.manifest import Manifest
from fairy.jobs.redo import open_source, reopen_editor, rounding, stored_given
from fairy.jobs.render import edit_frames, edit_shots
from fairy.jobs.selection import Selection
from fairy.jobs.store import look_at
from fairy.method.editor import Editor
from fairy.models import Model
from fairy.report import SILENT, Report


@dataclass(frozen=True)
class Verification:
    """What came out when frames of a kept job were rendered again."""

    output: Path
    frames: tuple[int, ...]
    """Indices in the source."""
    num_identical: int
    largest_difference: int
    """Levels of 255; 0 where all frames are identical to the last bit."""
    rounding: tuple[str, ...]
    """Why small differences are to be expected: another kind of device, other versions. Empty: there must be none."""
    damage: tuple[str, ...] = ()
    """What is damaged or missing in the job folder, in words."""


def verify(
    output: Path | str,
    *,
    num_frames: int = 8,
    model: Model | None = None,
    device: str | None = None,
    run: RunConfig | None = None,
    report: Report = SILENT,
) -> Verification:
    """Render randomly chosen frames of a kept job again and compare them, bit for bit, with what is stored.

    Nothing is changed, whatever is found. Raises UsageError where no frame is left to compare with.
    """
    if num_frames < 1:
        raise UsageError(f"--frames {num_frames}: must be 1 or more")
    folder = look_at(Path(output))
    damage = tuple(folder.damage) if Path(output).exists() else ()
    with open_source(folder, report) as selection:
        stored = [index for chunk in folder.done for index in range(chunk.start, chunk.stop)]
        shown = sorted({index for index in stored if folder.is_stored(index)})
        chosen = sorted(random.SystemRandom().sample(shown, min(num_frames, len(shown))))
        if not chosen:
            raise OutputError(f"no chunk in {folder.path} is whole: there is nothing to compare with")
        with reopen_editor(folder.manifest, model, device, run, report) as editor:
            given = stored_given(folder)
            differences = []
            for index, edited in render_frames(editor, selection, folder.manifest, given, chosen, report):
                (before,) = folder.pictures(index, index + 1)
                differences.append(int(np.abs(before.astype(np.int16) - edited).max()))
                report.progress("frames", len(differences), len(chosen))
            reasons = rounding(folder.manifest, editor)
    return Verification(Path(output), tuple(chosen), differences.count(0), max(differences), reasons, damage)


def render_frames(
    editor: Editor, selection: Selection, manifest: Manifest, given: Given, indices: list[int], report: Report
) -> Iterator[tuple[int, np.ndarray]]:
    """Some frames, rendered anew, each as the take that it is shown from."""
    for take in manifest.takes:
        mine = [index for index in indices if manifest.take_of(index) == take]
        shots = {selection.shot_of(index) for index in mine}
        for shot, bank in edit_shots(editor, selection, take, given, shots, report):
            wanted = [index for index in mine if shot.start <= index < shot.stop]
            for frame, edited in edit_frames(editor, selection.frames_at(wanted), bank, shot.anchors):
                yield frame.index, edited
