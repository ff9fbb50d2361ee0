"""Renders in the background: one after the other, whoever asked, with or without anybody looking.

A job goes waiting, running, done; or stopped by a person, or failed; from both it can go on where it stopped
(fairy.jobs.store keeps what is done). When the server is stopped in order, the running job waits and goes on with the
next start; after a crash it is stopped, and goes on when a person says so, so that no job can crash every server.
"""

from __future__ import annotations

import shutil
import threading
import time
import traceback
from dataclasses import dataclass, field
from pathlib import Path

from fairy.config import JobConfig
from fairy.errors import FairyError, UsageError
from fairy.jobs.calls import edit_video
from fairy.jobs.redo import redo
from fairy.jobs.render import OneDevice
from fairy.jobs.result import EditResult
from fairy.method.editor import Editor
from fairy.report import Stage
from fairy.web.comparison import write_comparison
from fairy.web.device import Device
from fairy.web.limits import look_through
from fairy.web.newest import frames_kept, newest_frame
from fairy.web.settings import Wish, in_words, wish_of
from fairy.web.shelf import DONE, FAILED, RUNNING, STOPPED, WAITING, Job, Redo, Shelf
from fairy.web.strip import write_strip

CHUNK = 4
"""Frames that are stored at a time: what a cancelled job loses at most, and how often there is a newest frame."""
COMPARISON, STRIP = "side-by-side.mp4", "strip"


class CancelledError(Exception):
    """Somebody has stopped the job that runs."""


@dataclass
class Live:
    """How far the running job is: the `Report` of fairy.jobs.edit. Ends the work where it must not go on."""

    job: Job
    output: Path
    shown: Path
    """Where the newest frame is put, for browsers."""
    device: Device
    ended: threading.Event = field(default_factory=threading.Event)
    stage: Stage = "waiting"
    done: int = 0
    total: int | None = None
    before: int = 0
    """What had been done when the stage began."""
    begun: float = 0.0
    notes: list[str] = field(default_factory=list)
    newest: Path | None = None
    _looked: float = 0.0

    def note(self, line: str) -> None:
        """Keep it for the page."""
        self.notes.append(line)

    def progress(self, stage: Stage, done: int, total: int | None) -> None:
        """Where the work is; between two frames others may use the device."""
        if self.ended.is_set():
            raise CancelledError
        if stage != self.stage or done == 0:
            self.before, self.begun = done, time.monotonic()
        self.stage, self.done, self.total = stage, done, total
        if stage == "frames":
            paused = time.monotonic()
            self.device.give_way()
            self.begun += time.monotonic() - paused
            self._look()

    def _look(self) -> None:
        """Show the newest finished frame, about once a second."""
        if time.monotonic() - self._looked >= 1.0:
            self._looked = time.monotonic()
            self.newest = newest_frame(self.output, self.shown) or self.newest


class Runs:
    """The queue of jobs and the thread that works through it."""

    def __init__(self, shelf: Shelf, device: Device) -> None:
        self.shelf, self.device = shelf, device
        self.live: Live | None = None
        self._wake = threading.Condition()
        self._closing = False
        self._thread = threading.Thread(target=self._work, name="fairy-renders", daemon=True)

    def start(self) -> None:
        """Begin to work; what a crash has left running is stopped."""
        for job in self.shelf.jobs():
            if job.state == RUNNING:
                kept = frames_kept(self.shelf.output_of(job))
                message = "The server ended in the middle of this."
                self.shelf.change(job.number, state=STOPPED, message=message, kept=kept)
        self._thread.start()

    def close(self) -> None:
        """Stop; the running job will go on with the next start."""
        with self._wake:
            self._closing = True
            if self.live:
                self.live.ended.set()
            self._wake.notify_all()
        if self._thread.is_alive():
            self._thread.join()

    def submit(self, clip: str, wish: Wish, frames: range | None = None) -> Job:
        """A new job, of some frames or of all; it begins when those before it are through."""
        job = self.shelf.add_job(clip, wish, frames)
        self._poke()
        return job

    def cancel(self, number: str) -> Job:
        """Stop a job; what is done stays."""
        with self._wake:
            if self.live and self.live.job.number == number:
                self.live.ended.set()
            job = self.shelf.job(number)
            return self.shelf.change(number, state=STOPPED, message="") if job.state == WAITING else job

    def go_on(self, number: str) -> Job:
        """Let a stopped or failed job wait for its turn again."""
        with self._wake:
            if self.shelf.job(number).state in (STOPPED, FAILED):
                self.shelf.change(number, state=WAITING, message="")
        self._poke()
        return self.shelf.job(number)

    def redo(self, number: str, wanted: Redo) -> Job:
        """Render some frames of a finished job again. UsageError where that cannot be."""
        job = self.shelf.job(number)
        if job.state != DONE and not (job.redoing and job.state in (STOPPED, FAILED)):
            raise UsageError("only a finished video has frames to render again; let it finish first")
        first, stop = job.first_frame, job.first_frame + job.num_frames
        if not first <= wanted.first < wanted.stop <= stop:
            raise UsageError(f"frames {wanted.first} to {wanted.stop - 1}: the video has frames {first} to {stop - 1}")
        changes = {"seed": wanted.seed, "text_guidance": wanted.text_guidance}
        wish_of(wanted.instruction or job.wish.instruction, changes)  # refuses what cannot be
        self.shelf.change(number, state=WAITING, redoing=wanted)
        self._poke()
        return self.shelf.job(number)

    def queue_before(self, job: Job) -> int:
        """How many jobs come before one that waits."""
        return sum(
            other.state == RUNNING or (other.state == WAITING and other.created < job.created)
            for other in self.shelf.jobs()
        )

    def _poke(self) -> None:
        with self._wake:
            self._wake.notify_all()

    def _next(self) -> Job | None:
        """The oldest job that waits, now running; None when all is over."""
        with self._wake:
            while not self._closing:
                waiting = [job for job in self.shelf.jobs() if job.state == WAITING]
                if waiting:
                    job = self.shelf.change(waiting[-1].number, state=RUNNING, message="")
                    shown = self.shelf.shown(job.clip, job.number)
                    self.live = Live(job, self.shelf.output_of(job), shown, self.device)
                    return job
                self._wake.wait()
        return None

    def _work(self) -> None:
        while job := self._next():
            assert self.live
            changes = self._outcome(job, self.live)
            with self._wake:
                self.live = None
                self.shelf.change(job.number, **changes)

    def _outcome(self, job: Job, live: Live) -> dict[str, object]:
        """Do the work; what is new about the job after it."""
        try:
            with self.device.turn(), self.device.editor(job.wish, live) as editor:
                result = self._render(job, live, editor)
        except CancelledError:
            return {"state": WAITING if self._closing else STOPPED, "kept": frames_kept(live.output)}
        except FairyError as error:
            return {"state": FAILED, "message": in_words(error, self.shelf.private)}
        except Exception as error:  # noqa: BLE001  a bug of ours must not end the queue of everybody
            traceback.print_exc()
            return {"state": FAILED, "message": f"An error in Fairy: {type(error).__name__}: {error}"}
        redone = (*job.redone, job.redoing) if job.redoing else job.redone
        notes = tuple(in_words(FairyError(note), self.shelf.private) for note in result.notes)
        return {"state": DONE, "notes": notes, "seconds": result.seconds, "redone": redone, "redoing": None}

    def _render(self, job: Job, live: Live, editor: Editor) -> EditResult:
        """The edit or the redo, and what a browser shows of it."""
        source, output = self.shelf.source(job.clip), self.shelf.output_of(job)
        if job.redoing:
            again = job.redoing
            result = redo(
                output,
                (again.first, again.stop),
                seed=again.seed,
                instruction=again.instruction,
                text_guidance=again.text_guidance,
                model=editor.model,
                report=live,
            )
        else:
            result = edit_video(
                source,
                job.wish.instruction,
                output,
                edit=job.wish.edit(),
                model=OneDevice(editor),
                video=job.wish.video(),
                job=JobConfig(keep_job=True, chunk=CHUNK),
                overwrite=True,
                report=live,
            )
        times = len(job.redone) + bool(job.redoing)
        shown = self.shelf.shown(job.clip, job.number, str(times))  # a new place: browsers keep what they have seen
        write_comparison(look_through(source)[0], output, shown / COMPARISON, live, job.first_frame)
        write_strip(output, shown / STRIP, job.first_frame)
        shutil.copyfile(output, shown / job.output)
        return result
