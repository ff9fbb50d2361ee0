"""Which worker gets which task, and what failures come to: on processes that are only told of, without Ray."""

import threading
from concurrent.futures import CancelledError, Future
from contextlib import contextmanager, nullcontext

import pytest

from fairy.errors import UsageError, WorkerError
from fairy.parallel.cluster import Outcome
from fairy.parallel.pool import ATTEMPTS, Workers
from fairy.report import SILENT
from jobs import Listener


class Told:
    """A cluster whose processes are numbers; `run(process, item)` says how each task ends."""

    def __init__(self, count, run, start=lambda process: Outcome()):  # noqa: ARG005
        self.count, self.share = count, "nothing"
        self._run, self._start = run, start
        self.started, self.runs, self.killed = 0, [], []
        self.open = threading.Event()
        self.open.set()

    def start(self):
        self.started += 1
        return self.started

    def prepare(self, process, setup):  # noqa: ARG002
        return object.__new__(type("Call", (), {"outcome": self._start(process)}))

    def run(self, process, function, item):  # noqa: ARG002
        self.runs.append((process, item))
        return object.__new__(type("Call", (), {"outcome": self._run(process, item)}))

    def progress(self, process):  # noqa: ARG002
        return object.__new__(type("Call", (), {"outcome": Outcome(1)}))

    def wait(self, calls, seconds):
        return list(calls) if self.open.wait(seconds) else []

    def outcome(self, call):
        return call.outcome

    def kill(self, *processes):
        self.killed += processes


def answer(process, item):  # noqa: ARG001
    return Outcome(2 * item)


@contextmanager
def working(cluster, report=SILENT):
    workers = Workers(cluster, nullcontext, report)
    try:
        yield workers
    finally:
        cluster.open.set()
        workers.close()


def result(future: Future):
    return future.result(timeout=10)


def test_a_task_that_failed_is_tried_elsewhere():
    failed = []

    def run(process, item):
        if not failed:
            failed.append(process)
            return Outcome(error=ValueError("not here"))
        return answer(process, item)

    cluster, report = Told(3, run), Listener()
    with working(cluster, report) as workers:
        assert result(workers.submit(abs, 4, name="the task")) == 8
    (first, _), (second, _) = cluster.runs
    assert first != second
    assert report.notes == ["the task: ValueError: not here; it is done again"]


def test_where_there_is_no_elsewhere_it_is_tried_again_and_given_up():
    cluster = Told(1, lambda process, item: Outcome(error=ValueError("never")))  # noqa: ARG005
    with working(cluster, Listener()) as workers, pytest.raises(WorkerError, match=r"failed 3 times; .*never"):
        result(workers.submit(abs, 4))
    assert len(cluster.runs) == ATTEMPTS


def test_an_error_of_ours_ends_a_task_at_once():
    cluster = Told(2, lambda process, item: Outcome(error=UsageError("wrong")))  # noqa: ARG005
    with working(cluster) as workers, pytest.raises(UsageError, match="wrong"):
        result(workers.submit(abs, 4))
    assert len(cluster.runs) == 1


def test_workers_that_die_while_they_start_are_given_up():
    cluster = Told(2, answer, lambda process: Outcome(lost="no memory"))  # noqa: ARG005
    with (
        working(cluster, Listener()) as workers,
        pytest.raises(WorkerError, match="die while they start"),
    ):
        result(workers.submit(abs, 4))
    assert cluster.started <= 2 + ATTEMPTS + 1


def test_a_worker_that_dies_at_work_is_replaced_and_its_task_done_again():
    cluster = Told(1, lambda process, item: Outcome(lost="killed") if process == 1 else answer(process, item))
    with working(cluster, Listener()) as workers:
        assert [result(workers.submit(abs, item)) for item in (1, 2, 3)] == [2, 4, 6]
    assert cluster.started == 2


def test_one_worker_that_cannot_start_leaves_the_others_at_work():
    cluster = Told(2, answer, lambda process: Outcome(error=OSError("full")) if process == 1 else Outcome())
    report = Listener()
    with working(cluster, report) as workers:
        assert result(workers.submit(abs, 4)) == 8
    assert any("the others go on" in note for note in report.notes)


def test_a_worker_stays_with_the_key_that_it_has_worked_on():
    cluster, keys = Told(2, answer), "abbaba"
    with working(cluster) as workers:
        cluster.open.clear()
        futures = [workers.submit(abs, item, key=key) for item, key in enumerate(keys)]
        cluster.open.set()
        for future in futures:
            result(future)
    places = {key: {process for process, item in cluster.runs if keys[item] == key} for key in "ab"}
    assert sorted(map(len, places.values())) == [1, 1]
    assert places["a"] != places["b"]


def test_a_task_that_was_cancelled_is_never_begun():
    cluster = Told(1, answer)
    with working(cluster) as workers:
        result(workers.submit(abs, 0))
        cluster.open.clear()
        first, second = workers.submit(abs, 1), workers.submit(abs, 2)
        assert second.cancel()
        cluster.open.set()
        result(first)
        with pytest.raises(CancelledError):
            second.result(timeout=1)
    assert [item for _, item in cluster.runs] == [0, 1]


def test_all_processes_are_ended():
    cluster = Told(3, answer)
    with working(cluster) as workers:
        result(workers.submit(abs, 1))
    assert sorted(cluster.killed) == [1, 2, 3]
