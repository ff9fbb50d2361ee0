"""Jobs that stop and go on: the same bytes, nothing twice, nothing mixed."""

import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import replace

import pytest

from clips import make
from fairy.config import EditConfig, JobConfig, RunConfig
from fairy.disk.lock import locked
from fairy.errors import OutputError, UsageError
from jobs import EDIT, INSTRUCTION, KEPT, Listener, edit, job_of


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """11 frames: chunks of 3 leave a short one."""
    return make(tmp_path_factory.mktemp("clips") / "source.mp4", num_frames=11, audio=("aac",))


@pytest.fixture(scope="module")
def whole(source, sd_model, tmp_path_factory):
    """The bytes of a job that ran through."""
    output = tmp_path_factory.mktemp("whole") / "out.mp4"
    edit(source, output, sd_model)
    return output.read_bytes()


def interrupted(source, output, model, at=7, **options):
    with pytest.raises(KeyboardInterrupt) as stopped:
        edit(source, output, model, report=Listener(at), **options)
    return str(stopped.value)


def test_an_interrupted_job_goes_on_to_the_same_bytes(source, whole, sd_model, tmp_path):
    for at in random.Random(0).sample(range(1, 5), 2):
        interrupted(source, tmp_path / "out.mp4", sd_model, at)
    edit(source, tmp_path / "out.mp4", sd_model)
    assert (tmp_path / "out.mp4").read_bytes() == whole


def test_no_finished_chunk_is_computed_twice(source, sd_model, tmp_path):
    interrupted(source, tmp_path / "out.mp4", sd_model, at=7)
    second = Listener()
    edit(source, tmp_path / "out.mp4", sd_model, report=second)
    assert second.num_computed == 11 - 6
    assert "going on: 2 of 4 chunks are done" in second.notes


def test_an_interruption_says_how_to_go_on(source, sd_model, tmp_path):
    said = interrupted(source, tmp_path / "out.mp4", sd_model, at=7)
    assert "2 of 4 chunks are kept" in said
    assert "the same command goes on" in said


def test_a_job_without_a_finished_chunk_leaves_nothing(source, sd_model, tmp_path):
    interrupted(source, tmp_path / "out.mp4", sd_model, at=2)
    assert list(tmp_path.iterdir()) == []


def test_the_job_folder_goes_when_the_output_is_there(source, sd_model, tmp_path):
    edit(source, tmp_path / "out.mp4", sd_model, job=JobConfig())
    assert [path.name for path in tmp_path.iterdir()] == ["out.mp4"]


def test_chunk_and_batch_size_are_free(source, whole, sd_model, tmp_path):
    interrupted(source, tmp_path / "out.mp4", sd_model)
    edit(source, tmp_path / "out.mp4", sd_model, job=replace(KEPT, chunk=5), run=RunConfig(batch_size=1))
    assert (tmp_path / "out.mp4").read_bytes() == whole


def test_the_comparison_is_written_by_a_resumed_job_too(source, sd_model, tmp_path):
    edit(source, tmp_path / "a.mp4", sd_model, compare=tmp_path / "compare-a.mp4")
    interrupted(source, tmp_path / "b.mp4", sd_model)
    edit(source, tmp_path / "b.mp4", sd_model, compare=tmp_path / "compare-b.mp4")
    assert (tmp_path / "compare-a.mp4").read_bytes() == (tmp_path / "compare-b.mp4").read_bytes()


def test_changed_settings_are_refused_by_name(source, sd_model, tmp_path):
    interrupted(source, tmp_path / "out.mp4", sd_model)
    changed = EditConfig(num_steps=2, seed=4)
    with pytest.raises(UsageError, match=r"num-steps is 2, .* begun with 1; seed is 4, .* with 3.*--restart"):
        edit(source, tmp_path / "out.mp4", sd_model, edit=changed)
    assert job_of(tmp_path / "out.mp4").exists()


def test_restart_begins_anew(source, whole, sd_model, tmp_path):
    interrupted(source, tmp_path / "out.mp4", sd_model, edit=replace(EDIT, seed=4))
    report = Listener()
    edit(source, tmp_path / "out.mp4", sd_model, job=replace(KEPT, restart=True), report=report)
    assert (report.num_computed, (tmp_path / "out.mp4").read_bytes()) == (11, whole)


def test_a_changed_source_is_refused(source, sd_model, tmp_path):
    copy = tmp_path / "copy.mp4"
    copy.write_bytes(source.read_bytes())
    interrupted(copy, tmp_path / "out.mp4", sd_model)
    make(copy, num_frames=11, options={"crf": "40"})
    with pytest.raises(UsageError, match="source is"):
        edit(copy, tmp_path / "out.mp4", sd_model)


def test_a_moved_source_is_the_same(source, whole, sd_model, tmp_path):
    interrupted(source, tmp_path / "out.mp4", sd_model)
    (tmp_path / "moved").mkdir()
    moved = tmp_path / "moved" / "source.mp4"
    moved.write_bytes(source.read_bytes())
    edit(moved, tmp_path / "out.mp4", sd_model)
    assert (tmp_path / "out.mp4").read_bytes() == whole


def test_a_full_disk_is_one_line_and_the_job_goes_on(source, whole, sd_model, tmp_path):
    full = Listener(7, OSError(28, "No space left on device"))
    with pytest.raises(OutputError, match="the disk is full"):
        edit(source, tmp_path / "out.mp4", sd_model, report=full)
    edit(source, tmp_path / "out.mp4", sd_model)
    assert (tmp_path / "out.mp4").read_bytes() == whole


def test_two_processes_do_not_work_in_one_folder(source, sd_model, tmp_path):
    with locked(job_of(tmp_path / "out.mp4")), pytest.raises(OutputError, match=f"process {os.getpid()}"):
        edit(source, tmp_path / "out.mp4", sd_model)
    edit(source, tmp_path / "out.mp4", sd_model)


def test_a_killed_process_loses_the_chunk_in_flight_only(source, whole, sd_model, sd_folder, tmp_path):
    output, folder = tmp_path / "out.mp4", job_of(tmp_path / "out.mp4")
    code = (
        f"import fairy; from jobs import EDIT, SMALL, KEPT; fairy.edit_video({str(source)!r}, {INSTRUCTION!r},"
        f" {str(output)!r}, edit=EDIT, video=SMALL, job=KEPT, model=fairy.load({str(sd_folder)!r}, device='cpu'))"
    )
    process = subprocess.Popen([sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": "tests"})
    while len(list(folder.glob("chunks/*.*.mkv"))) < 2 and process.poll() is None:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    done, report = len(list(folder.glob("chunks/*.*.mkv"))), Listener()
    edit(source, output, sd_model, report=report)
    assert report.num_computed == max(0, 11 - 3 * done)
    assert output.read_bytes() == whole
