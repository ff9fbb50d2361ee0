"""Tasks on workers: who does what, what is done again, and when it is given up. No editing here."""

import os
import subprocess
import sys

import pytest

from clips import make
from fairy.config import JobConfig
from fairy.errors import FairyError, MissingPackageError, UsageError, WorkerError
from fairy.parallel import ATTEMPTS, map_tasks, open_workers
from fairy.parallel.cluster import check_answers
from jobs import Listener, edit
from worker_tasks import always_killed, double, fail_to_start, killed_once, never_three, process_of, refuse

pytestmark = pytest.mark.usefixtures("ray")


@pytest.fixture
def no_ray(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    return make(tmp_path_factory.mktemp("clips") / "source.mp4", num_frames=3)


@pytest.mark.usefixtures("no_ray")
def test_an_edit_by_one_worker_needs_no_ray(source, sd_model, tmp_path):
    assert edit(source, tmp_path / "out.mp4", sd_model).num_frames == 3


@pytest.mark.usefixtures("no_ray")
def test_more_workers_without_ray_are_told_what_to_install(source, sd_model, tmp_path):
    with pytest.raises(MissingPackageError, match=r"pip install 'fairy-video\[ray\]'"):
        edit(source, tmp_path / "out.mp4", sd_model, job=JobConfig(workers=2))


def test_one_worker_needs_no_ray():
    code = (
        "import sys; from fairy.parallel import map_tasks; from worker_tasks import double;"
        " print(list(map_tasks(double, range(3))), 'ray' in sys.modules)"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    said = subprocess.run([sys.executable, "-c", code], check=True, env=environment, capture_output=True, text=True)
    assert said.stdout == "[(0, 0), (1, 2), (2, 4)] False\n"


@pytest.mark.parametrize(
    ("address", "error", "words"),
    [("127.0.0.1:1", WorkerError, "no Ray cluster answers at 127.0.0.1:1"), ("here", UsageError, "must be host:port")],
)
def test_an_address_without_a_cluster_is_refused_at_once(address, error, words):
    with pytest.raises(error, match=words):
        check_answers(address)


def test_workers_do_every_item():
    assert sorted(map_tasks(double, range(9), workers=4)) == [(i, 2 * i) for i in range(9)]


def test_items_are_drawn_as_they_are_needed():
    drawn = []
    results = map_tasks(double, (drawn.append(i) or i for i in range(100)), workers=2)
    next(results)
    results.close()
    assert len(drawn) <= 6


def test_the_work_is_done_in_other_processes():
    processes = {process for _, process in map_tasks(process_of, range(4), workers=2)}
    assert os.getpid() not in processes


def test_a_killed_workers_item_is_done_again_elsewhere(tmp_path):
    report = Listener()
    items = [(i, tmp_path / "trace") for i in range(5)]
    results = sorted(map_tasks(killed_once, items, workers=2, name=lambda item: f"item {item[0]}", report=report))
    assert results == [(i, i) for i in range(5)]
    assert report.notes == ["item 2: its worker died (it was killed or crashed); it is done again"]


@pytest.mark.parametrize(("function", "bad", "why"), [(never_three, 3, "no threes"), (always_killed, 1, "killed")])
def test_an_item_that_always_fails_ends_the_work_after_its_budget(function, bad, why):
    report = Listener()
    with pytest.raises(WorkerError, match=f"item {bad} failed 3 times; .*{why}"):
        list(map_tasks(function, range(5), workers=2, name="item {}".format, report=report))
    assert len(report.notes) == ATTEMPTS - 1


def test_an_error_of_ours_is_not_tried_again():
    report = Listener()
    with pytest.raises(UsageError, match="never"):
        list(map_tasks(refuse, [1], workers=2, report=report))
    assert report.notes == []


def test_workers_that_cannot_be_set_up_say_why():
    with open_workers(fail_to_start, workers=2) as workers, pytest.raises(FairyError, match="no model"):
        workers.submit(double, 1).result()
