"""The web page's work without the page: clips that come in, variants, jobs that go on, commands that give the same."""

import shlex
import time

import numpy as np
import pytest
from PIL import Image

import fairy
from clips import make
from fairy.cli import main
from fairy.report import SILENT
from fairy.store import job_path
from fairy.web.settings import WebConfig
from fairy.web.shelf import DONE, FAILED, RUNNING, STOPPED, WAITING, Redo
from fairy.web.studio import Studio

QUICK = {"num_steps": 1, "long_side": 64, "seed": 3}
SETTLED = (DONE, FAILED, STOPPED)


@pytest.fixture(scope="module")
def clip_file(tmp_path_factory):
    return make(tmp_path_factory.mktemp("clips") / "my clip.mp4", num_frames=12, audio=["aac"])


@pytest.fixture
def config(tmp_path, sd_folder):
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "tiny").symlink_to(sd_folder)
    return WebConfig(folder=tmp_path / "web", models=tmp_path / "models", device="cpu")


@pytest.fixture
def studio(config):
    running = Studio(config)
    running.runs.start()
    yield running
    running.close()


@pytest.fixture
def clip(studio, clip_file):
    return studio.take(clip_file)


def wish(studio, instruction="make it night", **settings):
    return studio.wish(instruction, {"model": str(studio.config.models / "tiny"), **QUICK, **settings})


def settled(studio, job, *, within=60.0):
    deadline = time.monotonic() + within
    while (found := studio.shelf.job(job.number)).state not in SETTLED:
        assert time.monotonic() < deadline, found
        time.sleep(0.02)
    return found


def cancel_after(studio, job, frames):
    while not ((live := studio.runs.live) and live.stage == "frames" and live.done >= frames):
        assert studio.shelf.job(job.number).state in (WAITING, RUNNING)
        time.sleep(0.002)
    studio.runs.cancel(job.number)
    return settled(studio, job)


def test_a_job_becomes_a_video_beside_its_source(studio, clip):
    job = settled(studio, studio.runs.submit(clip, wish(studio)))
    assert (job.state, job.output) == (DONE, "my-clip-make-it-night.mp4")
    assert fairy.info(studio.result(job))["instruction"] == "make it night"
    assert studio.comparison(job).exists()


def test_the_video_has_exactly_the_frames_of_the_variant(studio, clip):
    tried = studio.try_wish(clip, wish(studio), SILENT)
    job = settled(studio, studio.runs.submit(clip, wish(studio)))
    assert [shown.index for shown in tried.shown if shown.anchor] == [0, 6, 11]
    for shown in (shown for shown in tried.shown if shown.anchor):
        variant = studio.shelf.served / clip / "1" / shown.edited
        kept = job_path(studio.shelf.output_of(job)) / "anchors" / f"0-{shown.index:06d}.png"
        assert np.array_equal(np.asarray(Image.open(variant)), np.asarray(Image.open(kept)))


def test_variants_are_remembered(studio, clip):
    studio.try_wish(clip, wish(studio), SILENT)
    studio.try_wish(clip, wish(studio, seed=4, num_anchors=2), SILENT)
    again = Studio(studio.config)
    assert [variant.wish.seed for variant in again.variants(clip)] == [3, 4]


def test_the_strength_of_the_anchors_is_seen_on_a_frame_between_them(studio, clip):
    full, none = (studio.try_wish(clip, wish(studio, anchor_strength=s), SILENT) for s in (1.0, 0.0))
    pictures = {}
    for variant in (full, none):
        for shown in variant.shown:
            path = studio.shelf.served / clip / str(variant.number) / shown.edited
            pictures[variant.number, shown.anchor, shown.index] = path.read_bytes()
    same = {pictures[1, *key] == pictures[2, *key] for (n, *key) in pictures if n == 1 and key[0]}
    other = {pictures[1, *key] == pictures[2, *key] for (n, *key) in pictures if n == 1 and not key[0]}
    assert (same, other) == ({True}, {False})


@pytest.mark.parametrize("redone", [False, True])
def test_command_line_and_python_give_the_same_bytes(studio, clip, clip_file, tmp_path, monkeypatch, redone):
    job = settled(studio, studio.runs.submit(clip, wish(studio, text_guidance=2.5)))
    if redone:
        studio.runs.redo(job.number, Redo(first=3, stop=6, seed=9, instruction="snow, please"))
        job = settled(studio, job)
        assert job.redone
    command, program = studio.commands(job)
    for name, run in (
        ("shell", lambda: [main(shlex.split(line)[1:]) for line in command.splitlines()]),
        ("python", lambda: exec(program, {})),
    ):
        (tmp_path / name).mkdir()
        (tmp_path / name / "my-clip.mp4").write_bytes(clip_file.read_bytes())
        monkeypatch.chdir(tmp_path / name)
        run()
        assert (tmp_path / name / job.output).read_bytes() == studio.result(job).read_bytes()
