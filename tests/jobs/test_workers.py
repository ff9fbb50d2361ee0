"""Jobs on many workers: the bytes of one worker, whatever happens to the others."""

from functools import partial

import pytest

from clips import make
from fairy.config import JobConfig
from fairy.errors import UsageError, WorkerError
from fairy.jobs.workers import dispatch as many
from fairy.jobs.workers.dispatch import ManyWorkers, open_many
from fairy.report import SILENT
from jobs import Listener, edit, job_of
from worker_renders import render_but_die_once_in_frame_7, render_but_never_frame_6


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """11 frames: chunks of 3 leave a short one."""
    return make(tmp_path_factory.mktemp("clips") / "source.mp4", num_frames=11, audio=("aac",))


@pytest.fixture(scope="module")
def whole(source, sd_model, tmp_path_factory):
    """The bytes that one worker writes, in this process."""
    return edit_with(sd_model, source, tmp_path_factory.mktemp("whole") / "out.mp4")


@pytest.fixture(scope="module")
def pair(ray, sd_model):  # noqa: ARG001
    with open_many(sd_model, None, 2, None, SILENT) as renderer:
        yield renderer


@pytest.fixture(scope="module")
def four(ray, sd_model):  # noqa: ARG001
    with open_many(sd_model, None, 4, None, SILENT) as renderer:
        yield renderer


def edit_with(renderer, source, output, **options):
    edit(source, output, renderer, **options)
    return output.read_bytes()


class Impatient(Listener):
    """Interrupts when the first frames are done, however many."""

    def progress(self, stage, done, total):  # noqa: ARG002
        if stage == "frames":
            raise KeyboardInterrupt


def test_two_workers_write_the_bytes_of_one(source, whole, pair, tmp_path):
    assert edit_with(pair, source, tmp_path / "out.mp4") == whole


def test_four_workers_write_the_bytes_of_one(source, whole, four, tmp_path):
    assert edit_with(four, source, tmp_path / "out.mp4") == whole


def test_a_worker_killed_at_work_does_not_change_a_byte(source, whole, four, tmp_path, monkeypatch):
    monkeypatch.setattr(many, "render", partial(render_but_die_once_in_frame_7, tmp_path / "trace"))
    report = Listener()
    with monkeypatch.context() as patch:
        patch.setattr(four.pool, "_report", report)
        assert edit_with(four, source, tmp_path / "out.mp4") == whole
    assert report.notes == ["frames 6 to 8: its worker died (it was killed or crashed); it is done again"]


def test_a_chunk_that_always_fails_ends_the_job_and_all_else_is_kept(source, whole, pair, tmp_path, monkeypatch):
    monkeypatch.setattr(many, "render", render_but_never_frame_6)
    with pytest.raises(WorkerError, match="frames 6 to 8 failed 3 times; the last time: RuntimeError: not this one"):
        edit_with(pair, source, tmp_path / "out.mp4")
    monkeypatch.undo()
    again = Listener()
    assert edit_with(pair, source, tmp_path / "out.mp4", report=again) == whole
    assert "going on: 3 of 4 chunks are done" in again.notes


def test_workers_go_on_where_one_stopped(source, whole, pair, sd_model, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        edit_with(sd_model, source, tmp_path / "out.mp4", report=Listener(7))
    second = Listener()
    assert edit_with(pair, source, tmp_path / "out.mp4", report=second) == whole
    assert "going on: 2 of 4 chunks are done" in second.notes


def test_one_goes_on_where_workers_stopped(source, whole, pair, sd_model, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        edit_with(pair, source, tmp_path / "out.mp4", report=Impatient())
    assert edit_with(sd_model, source, tmp_path / "out.mp4") == whole


def test_workers_that_share_no_path_are_sent_the_source_and_send_back_the_result(source, whole, pair, tmp_path):
    report = Listener()
    apart = ManyWorkers(pair.pool, SILENT, share_nothing=True)
    assert edit_with(apart, source, tmp_path / "out.mp4", report=report) == whole
    assert any(f"does not see {source}: it is sent there" in note for note in report.notes)


def test_shots_are_edited_by_workers_as_by_one(source, pair, sd_model, tmp_path):
    made = edit_with(pair, source, tmp_path / "a.mp4", cuts=[4, 8])
    assert made == edit_with(sd_model, source, tmp_path / "b.mp4", cuts=[4, 8])


def test_nothing_but_the_job_stays_in_its_folder(source, pair, tmp_path):
    edit_with(pair, source, tmp_path / "out.mp4")
    chunks = [path.name for path in (job_of(tmp_path / "out.mp4") / "chunks").iterdir()]
    assert len(chunks) == 4
    assert all(name.startswith("0-") for name in chunks)


def test_no_workers_are_refused():
    with pytest.raises(UsageError, match="--workers 0: must lie in 1"):
        JobConfig(workers=0)
