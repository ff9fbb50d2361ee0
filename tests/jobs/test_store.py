"""The job folder: chunks without loss, corruption found, files whole or not there; anchors and what is chosen."""

import errno

import av
import numpy as np
import pytest

from clips import make, picture
from fairy.config import EditConfig, JobConfig, VideoConfig
from fairy.disk.lock import LOCK, locked
from fairy.errors import OutputError, UsageError
from fairy.jobs.selection import select
from fairy.jobs.store import room_wanted
from fairy.video import probe
from fairy.video.lossless import LosslessWriter, read_lossless
from jobs import Listener, edit, job_of


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    return make(tmp_path_factory.mktemp("clips") / "source.mp4", num_frames=7)


@pytest.fixture
def stopped(source, sd_model, tmp_path):
    """The output of a job of which two chunks are done."""
    with pytest.raises(KeyboardInterrupt):
        edit(source, tmp_path / "out.mp4", sd_model, report=Listener(7))
    return tmp_path / "out.mp4"


def resumed(source, output, model):
    report = Listener()
    edit(source, output, model, report=report)
    return report


@pytest.mark.parametrize("size", [(64, 48), (2, 2), (34, 18)])
def test_a_chunk_loses_no_bit(tmp_path, size):
    noise = np.random.default_rng(0).integers(0, 256, (3, size[1], size[0], 3), np.uint8)
    with LosslessWriter(tmp_path / "chunk.mkv", size) as writer:
        for image in (*noise, picture(0, size)):
            writer.write(image)
    assert np.array_equal(list(read_lossless(tmp_path / "chunk.mkv")), [*noise, picture(0, size)])


def test_a_chunk_is_an_ordinary_video(stopped):
    chunk = min(job_of(stopped).glob("chunks/*.mkv"))
    assert (probe(chunk).codec, len(probe(chunk))) == ("ffv1", 3)


@pytest.mark.parametrize("damage", [lambda b: b[:-1], lambda b: b[:300] + b"x" + b[301:], lambda _: b""])
def test_a_corrupt_chunk_is_found_said_and_redone(source, sd_model, stopped, damage):
    chunk = min(job_of(stopped).glob("chunks/*.mkv"))
    chunk.write_bytes(damage(chunk.read_bytes()))
    report = resumed(source, stopped, sd_model)
    assert report.num_computed == 7 - 3
    assert len([line for line in report.notes if "frames 0 to 2" in line and "damaged" in line]) == 1


def test_a_corrupt_manifest_is_refused(source, sd_model, stopped):
    (job_of(stopped) / "manifest.json").write_text("{")
    with pytest.raises(OutputError, match="--restart"):
        edit(source, stopped, sd_model)


def test_a_corrupt_anchor_is_written_again(source, sd_model, stopped):
    anchor = min(job_of(stopped).glob("anchors/*.png"))
    before = anchor.read_bytes()
    anchor.write_bytes(before[:50])
    resumed(source, stopped, sd_model)
    assert anchor.read_bytes() == before


def test_another_folder_of_that_name_is_left_alone(source, sd_model, tmp_path):
    job_of(tmp_path / "out.mp4").mkdir()
    (job_of(tmp_path / "out.mp4") / "letter.txt").write_text("dear")
    with pytest.raises(OutputError, match=r"letter\.txt"):
        edit(source, tmp_path / "out.mp4", sd_model)
    assert [path.name for path in job_of(tmp_path / "out.mp4").iterdir()] == ["letter.txt"]


def test_the_lock_of_a_dead_process_is_taken_over(tmp_path):
    (tmp_path / "job").mkdir()
    (tmp_path / "job" / LOCK).write_text("999999\n")
    with locked(tmp_path / "job"):
        pass
    assert not (tmp_path / "job").exists()


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "full"), av.error.OSError(errno.ENOSPC, "full")])
def test_no_room_is_one_line(tmp_path, error):
    with pytest.raises(OutputError, match="the disk is full"), room_wanted(tmp_path):
        raise error


def test_what_the_disk_must_hold_is_said(source, sd_model, tmp_path):
    assert any(line.startswith("disk: about 31.5 KiB") for line in resumed(source, tmp_path / "o.mp4", sd_model).notes)


def plan(source, *, num_anchors=None, cuts=(), **job):
    selection = select(probe(source), VideoConfig(), EditConfig(num_anchors=num_anchors), JobConfig(**job), cuts)
    return [(shot.start, shot.stop, shot.anchors) for shot in selection.shots]


def test_each_shot_has_anchors_of_its_own(source):
    assert plan(source, cuts=[4, 6]) == [(0, 4, (0, 2, 3)), (4, 6, (4, 5)), (6, 7, (6,))]


def test_a_short_shot_uses_fewer_anchors(source):
    assert plan(source, cuts=[5], num_anchors=4) == [(0, 5, (0, 1, 3, 4)), (5, 7, (5, 6))]


def test_anchors_are_chosen_by_index(source):
    assert plan(source, anchors=(4, 1), cuts=[4]) == [(0, 4, (1,)), (4, 7, (4,))]


def test_a_given_anchor_is_one_more(source, tmp_path):
    assert plan(source, given={1: tmp_path}) == [(0, 7, (0, 1, 3, 6))]


@pytest.mark.parametrize("job", [{"anchors": (2, 7)}, {"given": {7: "a.png"}}])
def test_an_anchor_must_lie_in_the_range(source, job):
    with pytest.raises(UsageError, match="7: the selected range has frames 0 to 6"):
        plan(source, **job)


def test_anchors_by_index_and_by_number_exclude_each_other(source):
    with pytest.raises(UsageError, match="one of them"):
        plan(source, anchors=(2,), num_anchors=3)
