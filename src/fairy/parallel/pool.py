"""Workers that pull: whichever is free takes the next task, so a faster one does more.

A task whose process dies, or that raises, is tried again, elsewhere if there is an elsewhere, ATTEMPTS times in all. Of
tasks with keys, a free worker takes first those of the key it has worked on, then those of a key that nobody works on,
and then it helps where most is left: what a worker has prepared for a key serves as long as it can.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Hashable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from fairy.errors import FairyError, WorkerError
from fairy.parallel.cluster import AUTO, Cluster, Setup, in_words, joined
from fairy.report import SILENT, Report

ATTEMPTS = 3
PULSE = 0.5
"""Seconds between questions how far the tasks are."""
GLANCE, IDLE = 0.1, 0.02
"""Seconds at most until a task that has just been given out is watched, with others running and without."""

Tick = Callable[[int], None]
"""Tells how far a task is, in what units it likes."""
Function = Callable[[Any, Any, Tick], Any]
"""A task: what the worker was set up with, the item and a Tick -> the result."""


@dataclass(eq=False)
class Task:
    """One item to be done."""

    function: Function
    item: Any
    name: str
    key: Hashable
    on_tick: Tick
    future: Future[Any] = field(default_factory=Future)
    causes: list[str] = field(default_factory=list)
    """Why it failed so far."""
    failed_at: list[Worker] = field(default_factory=list)


@dataclass(eq=False)
class Worker:
    """One process, and what it is at."""

    process: Any
    call: Any
    """Its set-up or its task: the call that has not ended; None while it is idle."""
    task: Task | None = None
    key: Hashable = None
    """Of its last task."""
    question: Any = None
    """The call that asks how far the task is."""


class Workers:
    """Does tasks in other processes. May be used from several threads. Made by `open_workers`."""

    def __init__(self, cluster: Cluster, setup: Setup, report: Report) -> None:
        self.count, self.share = cluster.count, cluster.share
        self._cluster, self._setup, self._report = cluster, setup, report
        self._lock = threading.Lock()
        self._pending: list[Task] = []
        self._workers: list[Worker] = []
        self._num_deaths = 0
        """At starting, since the last success."""
        self._broken: BaseException | None = None
        self._closing = threading.Event()
        self._asked = 0.0
        for _ in range(cluster.count):
            self._start()
        self._thread = threading.Thread(target=self._serve, name="fairy-workers", daemon=True)
        self._thread.start()

    @property
    def num_ready(self) -> int:
        """Workers that are set up."""
        return sum(worker.call is None or worker.task is not None for worker in self._workers)

    def submit(
        self, function: Function, item: Any, *, name: str = "a task", key: Hashable = None, on_tick: Tick | None = None
    ) -> Future[Any]:
        """Let a worker do function(what it was set up with, item, tick); the future holds its result.

        The function must be importable or picklable, as the item and the result. A FairyError that it raises ends the
        task at once, any other error or a death of the process after ATTEMPTS, with a WorkerError. The future can be
        cancelled until the task begins.
        """
        task = Task(function, item, name, key, on_tick or ignore)
        with self._lock:
            if self._broken:
                raise self._broken
            self._pending.append(task)
            self._dispatch()
        return task.future

    def close(self) -> None:
        """End all processes at once; what is not done never will be."""
        self._closing.set()
        self._thread.join()
        self._cluster.kill(*(worker.process for worker in self._workers))

    def _start(self) -> None:
        process = self._cluster.start()
        self._workers.append(Worker(process, self._cluster.prepare(process, self._setup)))

    def _serve(self) -> None:
        """What the thread does: see what has ended, give out what is next."""
        try:
            while not self._closing.is_set():
                calls = {worker.call: worker for worker in self._workers if worker.call is not None}
                questions = {worker.question: worker for worker in self._workers if worker.question is not None}
                if not calls:
                    self._closing.wait(IDLE)
                    continue
                for call in self._cluster.wait([*calls, *questions], GLANCE):
                    if call in calls:
                        self._end(calls[call])
                    else:
                        self._answer(questions[call])
                self._ask()
        finally:
            self._fail_all(self._broken or WorkerError("the workers were stopped"))

    def _end(self, worker: Worker) -> None:
        """A set-up or a task has ended."""
        outcome = self._cluster.outcome(worker.call)
        with self._lock:
            task, worker.call, worker.task, worker.question = worker.task, None, None, None
            if outcome.lost:
                self._bury(worker, task, outcome.lost)
            elif outcome.error is None:
                self._num_deaths = 0
            elif task:
                self._retry(task, worker, outcome.error)
            else:
                self._drop(worker, outcome.error)
            self._dispatch()
        if task and not outcome.lost and outcome.error is None:
            task.future.set_result(outcome.value)

    def _bury(self, worker: Worker, task: Task | None, reason: str) -> None:
        """A process has died: another one takes its place."""
        self._workers.remove(worker)
        self._num_deaths += task is None
        if self._num_deaths > ATTEMPTS:
            self._drop(worker, WorkerError(f"workers die while they start: {reason}"))
            return
        if task:
            self._retry(task, worker, WorkerError(f"its worker died ({reason})"))
        self._start()

    def _drop(self, worker: Worker, error: BaseException) -> None:
        """A process cannot be set up: the others go on, if there are others."""
        if worker in self._workers:
            self._workers.remove(worker)
            self._cluster.kill(worker.process)
        if self._workers:
            self._report.note(f"a worker cannot start, the others go on: {in_words(error)}")
            return
        self._broken = error
        self._fail_all(error)

    def _retry(self, task: Task, worker: Worker, error: BaseException) -> None:
        """A task has failed: it goes to the front of the queue, or is given up."""
        task.causes.append(in_words(error))
        task.failed_at.append(worker)
        if isinstance(error, FairyError) and not isinstance(error, WorkerError):
            task.future.set_exception(error)
        elif len(task.causes) >= ATTEMPTS:
            last = task.causes[-1]
            task.future.set_exception(WorkerError(f"{task.name} failed {ATTEMPTS} times; the last time: {last}"))
        else:
            self._report.note(f"{task.name}: {task.causes[-1]}; it is done again")
            self._pending.insert(0, task)

    def _fail_all(self, error: BaseException) -> None:
        for task in [*self._pending, *(worker.task for worker in self._workers if worker.task)]:
            if not task.future.done():
                task.future.set_exception(error)
        self._pending.clear()

    def _dispatch(self) -> None:
        """Give every idle worker a task."""
        for worker in self._workers:
            while worker.call is None and (task := self._choose(worker)):
                self._pending.remove(task)
                if task.causes or task.future.set_running_or_notify_cancel():
                    worker.task, worker.key = task, task.key
                    worker.call = self._cluster.run(worker.process, task.function, task.item)

    def _choose(self, worker: Worker) -> Task | None:
        """The next task for a worker."""
        tasks = [task for task in self._pending if self._may_do(worker, task)]
        held = Counter(other.key for other in self._workers if other.task)
        own = next((task for task in tasks if task.key == worker.key), None)
        fresh = next((task for task in tasks if task.key not in held), None)
        left = Counter(task.key for task in tasks)
        return own or fresh or max(tasks, key=lambda task: left[task.key] / held[task.key], default=None)

    def _may_do(self, worker: Worker, task: Task) -> bool:
        """Where a task has failed it is tried again only if there is no other worker."""
        return worker not in task.failed_at or all(other in task.failed_at for other in self._workers)

    def _ask(self) -> None:
        """Ask the busy ones how far they are."""
        if time.monotonic() - self._asked < PULSE:
            return
        self._asked = time.monotonic()
        for worker in self._workers:
            if worker.task and worker.question is None and worker.task.on_tick is not ignore:
                worker.question = self._cluster.progress(worker.process)

    def _answer(self, worker: Worker) -> None:
        """A worker has said how far it is."""
        done, worker.question = self._cluster.outcome(worker.question), None
        if worker.task and done.value is not None:
            worker.task.on_tick(done.value)


def ignore(done: int) -> None:
    """A Tick to nobody."""


@contextmanager
def open_workers(
    setup: Setup,
    *,
    workers: int | str = AUTO,
    ray_address: str | None = None,
    device: str = AUTO,
    report: Report = SILENT,
) -> Iterator[Workers]:
    """Workers that each enter the context manager `setup()` once, for as long as the block lasts.

    `workers` is their number, or auto: one for each GPU, without GPUs one for every four cores. `ray_address` is a Ray
    cluster's, such as 10.0.0.1:6379 or auto; None uses this machine. With `device` auto or cuda each worker has one GPU
    to itself, if there are any. Raises MissingPackageError where Ray is not installed.
    """
    with joined(workers, ray_address, device) as cluster:
        pool = Workers(cluster, setup, report)
        try:
            yield pool
        finally:
            pool.close()
