"""`verify`: frames of a kept job, rendered anew and compared bit for bit with what is stored."""

from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fairy.config import RunConfig
from fairy.errors import OutputError, UsageError
from fairy.jobs.recheck import LEAST_PSNR, recheck
from fairy.jobs.redo import open_source, reopen_editor, rounding, stored_given
from fairy.jobs.render import render_frames
from fairy.jobs.store import job_path, look_at
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
    psnr: float | None = None
    """Decibels of the frame that is farthest, where a file was compared that is encoded with loss."""

    @property
    def agrees(self) -> bool:
        """Whether all came out as it should, or rounding or the codec explains why not."""
        if self.damage:
            return False
        return not self.largest_difference or bool(self.rounding) or (self.psnr or 0) >= LEAST_PSNR


def verify(
    output: Path | str,
    *,
    source: Path | str | None = None,
    num_frames: int = 8,
    model: Model | None = None,
    device: str | None = None,
    run: RunConfig | None = None,
    report: Report = SILENT,
) -> Verification:
    """Render randomly chosen frames of a kept job again and compare them, bit for bit, with what is stored.

    Without a job folder the finished file's own recipe is rendered from its source, which may be given, and compared
    with what the file decodes to: bit for bit where it is lossless, else within what a codec loses. Nothing is changed,
    whatever is found. Raises UsageError where no frame is left to compare with.
    """
    if num_frames < 1:
        raise UsageError(f"--frames {num_frames}: must be 1 or more")
    if not job_path(Path(output)).is_dir() and Path(output).exists():
        found = recheck(
            Path(output),
            Path(source) if source else None,
            num_frames,
            model=model,
            device=device,
            run=run,
            report=report,
        )
        identical, psnr = found.differences.count(0), None if found.lossless else found.psnr
        return Verification(Path(output), found.frames, identical, max(found.differences), found.rounding, psnr=psnr)
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
