"""All that the page and its API can do, without a word of Gradio: take a clip, try a wish, render, look at jobs."""

from __future__ import annotations

import hashlib
import shutil
import threading
import time
from collections.abc import Mapping
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Any

from fairy.config import JobConfig
from fairy.disk.whole import new_folder
from fairy.errors import UsageError
from fairy.jobs.selection import select
from fairy.report import SILENT, Report
from fairy.web import snippets
from fairy.web.choices import EXAMPLES as BUILT_IN
from fairy.web.choices import Choices, example, find_choices
from fairy.web.device import Device
from fairy.web.limits import check_upload, describe_clip, look_through
from fairy.web.runs import COMPARISON, STRIP, Runs
from fairy.web.settings import WebConfig, Wish, wish_of
from fairy.web.shelf import EXAMPLES, Clip, Job, Shelf
from fairy.web.tries import Tries
from fairy.web.variants import Variant, make_variant, try_wish, variants

SECONDS_BETWEEN_SWEEPS = 600.0
SECONDS_OF_UPLOADS = 2400.0
"""How long what was sent may wait to become a clip. With the time between sweeps it is gone within an hour."""


class Studio:
    """One server's work. `start` before use, `close` after it."""

    def __init__(self, config: WebConfig) -> None:
        self.config = config
        self.shelf = Shelf(config.folder)
        self.device = Device(config.device)
        self.runs = Runs(self.shelf, self.device)
        self.tries = Tries()
        self.choices: Choices = find_choices(config)
        self._closed = threading.Event()

    def start(self) -> None:
        """Begin with the jobs that wait, and with sweeping; load the embedded model, so that nobody waits for it."""
        self.runs.start()
        threading.Thread(target=self._warm_up, name="fairy-warm-up", daemon=True).start()
        threading.Thread(target=self._sweep, name="fairy-sweep", daemon=True).start()

    def close(self) -> None:
        """The running job goes on with the next start."""
        self._closed.set()
        self.tries.close()
        self.runs.close()

    def take(self, file: Path, name: str | None = None, owner: str = "") -> str:
        """Take an uploaded video in; its number. UsageError or MediaError where it is not accepted."""

        def describe(path: Path) -> Clip:
            info = check_upload(path, self.config)
            return Clip(
                name=path.name,
                facts=describe_clip(info),
                num_frames=len(info),
                size=(info.width, info.height),
                seconds=info.duration,
                owner=owner,
            )

        if self.room() <= 0:
            raise UsageError("there is no room for further videos here now; try again in a few hours")
        return self.shelf.add_clip(file, name or file.name, describe)

    def take_example(self, name: str, owner: str = "") -> str:
        """Take a built-in clip in, with what was tried on it beforehand, if that is done; its number."""
        number = self.take(example(name), owner=owner)
        if (ready := self._ready(name)).is_dir():
            shutil.copytree(ready, self.shelf.shown(number) / "1")
        return number

    def room(self) -> int:
        """Bytes that may still come in."""
        return (self.config.max_total_megabytes << 20) - self.shelf.num_bytes()

    def asset(self, name: str) -> Path:
        """A file of the page's own, where browsers can read it."""
        shown = self.shelf.shown(EXAMPLES) / name
        own = files("fairy.web").joinpath("assets", name).read_bytes()
        if not shown.exists() or shown.read_bytes() != own:
            shown.write_bytes(own)
        return shown

    def wish(self, instruction: str, settings: Mapping[str, Any]) -> Wish:
        """A checked wish. UsageError where something is not accepted here."""
        wish = wish_of(instruction, settings)
        self.choices.check(wish)
        if (wish.long_side or 0) > self.config.max_long_side:
            raise UsageError(f"--long-side {wish.long_side}: at most {self.config.max_long_side} is accepted here")
        return wish

    def submit(self, clip: str, wish: Wish) -> Job:
        """Begin to render what was wished of a clip."""
        info, cuts = look_through(self.shelf.source(clip))
        selection = select(info, wish.video(), wish.edit(), JobConfig(), cuts)
        return self.runs.submit(clip, wish, range(selection.start, selection.stop))

    def try_wish(self, clip: str, wish: Wish, report: Report) -> Variant:
        """The anchors, edited."""
        return try_wish(self.shelf, clip, wish, self.device, report)

    def variants(self, clip: str) -> list[Variant]:
        """All that were tried on a clip, in order."""
        return variants(self.shelf, clip)

    def playable(self, clip: str) -> Path:
        """The source where a browser can read it."""
        source = self.shelf.source(clip)
        shown = self.shelf.shown(clip) / source.name
        if not shown.exists():
            shown.write_bytes(source.read_bytes())
        return shown

    def result(self, job: Job) -> Path | None:
        """The latest finished video of a job, for browsers."""
        return self._made(job, job.output)

    def comparison(self, job: Job) -> Path | None:
        """The same beside its source."""
        return self._made(job, COMPARISON)

    def _made(self, job: Job, name: str) -> Path | None:
        path = self.shelf.shown(job.clip, job.number) / str(len(job.redone)) / name
        return path if path.exists() else None

    def strip(self, job: Job) -> list[Path]:
        """Small pictures of the latest result, each named after its frame."""
        folder = self.shelf.shown(job.clip, job.number) / str(len(job.redone)) / STRIP
        return sorted(folder.glob("*.webp"))

    def commands(self, job: Job) -> tuple[str, str]:
        """What to type for the same result: for a shell, for Python."""
        source, defaults = self.shelf.clip(job.clip).name, self.choices.usual(job.wish.model)
        return (
            snippets.command_line(job, source, defaults, self.config.device),
            snippets.python_program(job, source, defaults, self.config.device),
        )

    def _warm_up(self) -> None:
        with self.device.turn():
            self.device.model(Wish(instruction="warm up"), SILENT)
        for name, about in BUILT_IN.items():
            if self._closed.is_set():
                return
            if not self._ready(name).is_dir():
                with self.device.turn(), new_folder(self._ready(name)) as folder:
                    make_variant(example(name), folder, 1, Wish(instruction=about.instruction), self.device, SILENT)

    def _ready(self, name: str) -> Path:
        """What was tried on a built-in clip beforehand, by the version of Fairy and of the embedded model."""
        weights = Path(str(files("fairy.models").joinpath("embedded")))
        sizes = sorted((path.name, path.stat().st_size) for path in weights.rglob("*"))
        digest = hashlib.sha256(repr((version("fairy-video"), sizes, BUILT_IN[name])).encode()).hexdigest()[:8]
        return self.shelf.shown(EXAMPLES) / f"{Path(name).stem}-{digest}"

    def _sweep(self) -> None:
        while True:
            self.shelf.sweep(time.time() - 3600 * self.config.keep_hours)
            self.shelf.sweep_uploads(time.time() - SECONDS_OF_UPLOADS)
            if self._closed.wait(SECONDS_BETWEEN_SWEEPS):
                return
