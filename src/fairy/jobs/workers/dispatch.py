"""A job given out to many workers: its chunks are the tasks, and what is stored is what one worker would have stored.

A chunk is written into the job folder by the worker that made it, where it sees that folder, and is sent back where it
does not. Only this side renames a finished file to its place, so that one rename makes a chunk done, as ever.
"""

from __future__ import annotations

import math
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import TypeVar

from fairy.config import ModelConfig, RunConfig
from fairy.jobs.given import Given
from fairy.jobs.render import keep_anchors
from fairy.jobs.selection import Selection
from fairy.jobs.store import CHUNKS, Chunk, JobFolder
from fairy.jobs.workers.sending import files_of, survey, with_content
from fairy.jobs.workers.worker import JobSpec, MissingFiles, Rendered, answer, open_worker, render
from fairy.models import Model
from fairy.models.identity import versions
from fairy.models.loading import whole
from fairy.parallel.cluster import node, share
from fairy.parallel.pool import PULSE, Workers, open_workers
from fairy.report import Report

PATIENCE = 60.0
"""Seconds without any worker until that is said."""

Answer = TypeVar("Answer")


class ManyWorkers:
    """Renders on workers: a `Renderer` of fairy.jobs.render. May be used by several jobs at once.

    Every worker edits the anchors of a shot for itself, which is as fast as fetching them and needs no sending
    (docs/guide/many.md). `share_nothing` treats the workers as if they saw none of this machine's paths.
    """

    def __init__(self, pool: Workers, report: Report, *, share_nothing: bool = False) -> None:
        self.pool, self.share_nothing = pool, share_nothing
        self._report = report
        self._peak = 0

    @property
    def workers(self) -> int:
        """How many share the work."""
        return self.pool.count

    def ask(self, question: Callable[..., Answer], *details: object) -> Answer:
        """question(editor, *details), of any worker's editor."""
        future: Future[Answer] = self.pool.submit(answer, (question, details), name="a question")
        told, patience = self.pool.count, time.monotonic() + PATIENCE
        while not wait([future], timeout=PULSE).done:
            if (ready := self.pool.num_ready) != told:
                self._report.progress("workers", told := ready, self.pool.count)
            if not ready and time.monotonic() > patience:
                patience = math.inf
                self._report.note(f"no worker has started yet: each waits for {self.pool.share}, which others may hold")
        return future.result()

    @property
    def device(self) -> str:
        """Where the video is put together: here, beside workers that may hold the GPUs."""
        return "cpu"

    def peak_memory(self) -> int:
        """Bytes held by the worker that held most, when it had done its last chunk."""
        return self._peak

    def render_missing(self, selection: Selection, folder: JobFolder, given: Given, report: Report) -> int:
        """Have all chunks computed that are not there yet; returns the number of frames computed."""
        manifest = folder.manifest
        spec = JobSpec(
            name=uuid.uuid4().hex,
            giver="" if self.share_nothing else node(),
            folder=folder.path.absolute(),
            selection=selection,
            takes=manifest.takes,
            given=given,
            model_hash=manifest.identity.model,
            files=survey(files_of(selection), hidden=self.share_nothing),
        )
        with marked(folder, "" if self.share_nothing else spec.name):
            dispatcher = Dispatcher(self.pool, spec, folder, report)
            done = dispatcher.run()
        self._peak = max(self._peak, dispatcher.peak_memory)
        return done


@contextmanager
def marked(folder: JobFolder, name: str) -> Iterator[None]:
    """A file among the chunks by which workers know the folder; it goes in the end, with all that was not finished."""
    chunks = folder.path / CHUNKS
    if name:
        (chunks / name).touch()
    try:
        yield
    finally:
        for file in [chunks / name, *chunks.glob("partial-*")] if name else chunks.glob("partial-*"):
            file.unlink(missing_ok=True)


class Dispatcher:
    """One job in the hands of the workers."""

    def __init__(self, pool: Workers, spec: JobSpec, folder: JobFolder, report: Report) -> None:
        self.pool, self.spec, self.folder, self.report = pool, spec, folder, report
        self.peak_memory = 0
        self._shared = share(spec)
        self._running: dict[Future[Rendered | MissingFiles], Chunk] = {}
        self._ticks: dict[Chunk, int] = {}
        self._done = 0
        self._failure: BaseException | None = None

    def run(self) -> int:
        """Give out, gather, tell; returns the number of frames. What has begun is kept even if a chunk is given up."""
        missing = [chunk for take in self.spec.takes for chunk in self.folder.missing(take.number)]
        total, told = sum(chunk.stop - chunk.start for chunk in missing), 0
        try:
            for chunk in missing:
                self._give(chunk)
            while self._running:
                for future in wait(self._running, timeout=PULSE, return_when=FIRST_COMPLETED).done:
                    self._end(future, self._running.pop(future))
                if (now := self._done + sum(self._ticks.values())) != told:
                    self.report.progress("frames", told := now, total)
        finally:
            for future in self._running:
                future.cancel()
        if self._failure:
            raise self._failure
        return self._done

    def _give(self, chunk: Chunk) -> None:
        """One chunk; its worker is asked how far it is, and has the bank of its shot if it had one of it before."""
        shot = self.spec.selection.shot_of(chunk.start)
        future = self.pool.submit(
            render,
            (self._shared, chunk),
            name=str(chunk),
            key=(self.spec.name, chunk.take, shot),
            on_tick=partial(self._ticks.__setitem__, chunk),
        )
        self._running[future] = chunk

    def _end(self, future: Future[Rendered | MissingFiles], chunk: Chunk) -> None:
        """A task has ended, well or not."""
        if future.cancelled():
            return
        if error := future.exception():
            self._failure = self._failure or error
        elif isinstance(result := future.result(), MissingFiles):
            self._send(result)
            self._give(chunk)
        else:
            self._store(chunk, result)
        if self._failure:
            for other in self._running:
                other.cancel()

    def _send(self, missing: MissingFiles) -> None:
        """Send along the files that a worker does not see, once for all."""
        lacking = [file for file in self.spec.files if file.blocks is None and file.path in missing.paths]
        if not lacking:
            return  # it had the spec from before
        self.report.note(f"{missing.machine} does not see {lacking[0].path}: it is sent there")
        files = tuple(with_content(file) if file in lacking else file for file in self.spec.files)
        self.spec = replace(self.spec, files=files)
        self._shared = share(self.spec)

    def _store(self, chunk: Chunk, made: Rendered) -> None:
        """Put a finished chunk in its place, and say if its anchors are not the same as another worker's."""
        if made.anchors is not None:
            shot = self.spec.selection.shot_of(chunk.start)
            keep_anchors(self.folder, chunk.take, shot, made.anchors, self.report)
        file = self.folder.path / CHUNKS / (made.file or f"partial-{self.spec.name}.mkv")
        if not made.file:
            file.write_bytes(made.content)
        self.folder.adopt(chunk, file, made.checksum)
        self._ticks.pop(chunk, None)
        self._done += chunk.stop - chunk.start
        self.peak_memory = max(self.peak_memory, made.peak_memory)


@contextmanager
def open_many(
    model: ModelConfig | Model | None,
    run: RunConfig | None,
    workers: int | str,
    ray_address: str | None,
    report: Report,
) -> Iterator[ManyWorkers]:
    """Workers that have loaded a model, for as long as the block lasts."""
    if isinstance(model, Model):
        config = replace(model.config, device=model.device.type)
    else:
        config = whole(model or ModelConfig())
    setup = partial(open_worker, config, run, versions(config.compile))
    report.progress("workers", 0, None)
    with open_workers(setup, workers=workers, ray_address=ray_address, device=config.device, report=report) as pool:
        yield ManyWorkers(pool, report)
