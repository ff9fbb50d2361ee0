"""What the tests of jobs share: a small clip, small settings, and reports that count or interrupt."""

from pathlib import Path

import numpy as np
from PIL import Image

from fairy.config import EditConfig, JobConfig, VideoConfig
from fairy.jobs.calls import edit_video

INSTRUCTION = "make it night"
EDIT = EditConfig(num_steps=1, seed=3)
SMALL = VideoConfig(long_side=64)
KEPT = JobConfig(chunk=3, keep_job=True)


class Listener:
    """A report that counts computed frames and remembers the notes; it can raise when so many frames are done."""

    def __init__(self, stop_at=None, error=KeyboardInterrupt):
        self.stop_at, self.error, self.num_computed, self.notes = stop_at, error, 0, []

    def note(self, line):
        self.notes.append(line)

    def progress(self, stage, done, total):  # noqa: ARG002
        self.num_computed += stage == "frames"
        if stage == "frames" and done == self.stop_at:
            raise self.error


def edit(source, output, model, **options):
    return edit_video(
        source, INSTRUCTION, output, **{"edit": EDIT, "video": SMALL, "job": KEPT, "model": model} | options
    )


def pictures(folder):
    return np.stack([np.asarray(Image.open(path)) for path in sorted(Path(folder).glob("*.png"))])


def job_of(output):
    return output.with_name(output.name + ".fairy")
