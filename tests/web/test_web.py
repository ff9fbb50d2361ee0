"""The web page's work without the page: clips that come in, variants, jobs that go on, commands that give the same."""

import re
import shlex
import time
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

import fairy
from clips import make
from fairy.cli.main import main
from fairy.errors import UsageError
from fairy.jobs.store import job_path
from fairy.method.editor import Editor
from fairy.report import SILENT
from fairy.video import probe
from fairy.web import view
from fairy.web.choices import EXAMPLES, find_choices
from fairy.web.settings import WebConfig, suffix_of, wish_of
from fairy.web.shelf import DONE, FAILED, RUNNING, STOPPED, WAITING, Redo
from fairy.web.strip import pick
from fairy.web.studio import Studio
from fairy.web.timing import in_words
from fairy.web.visit import Visit

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
    assert (job.state, job.output) == (DONE, "my clip-make-it-night.mp4")
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
    job = settled(
        studio, studio.runs.submit(clip, wish(studio, text_guidance=2, anchor_strength=1))
    )  # as a browser writes 2.0
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
        (tmp_path / name / "my clip.mp4").write_bytes(clip_file.read_bytes())
        monkeypatch.chdir(tmp_path / name)
        run()
        assert (tmp_path / name / job.output).read_bytes() == studio.result(job).read_bytes()


def test_a_cancelled_job_keeps_what_is_done_and_goes_on_to_the_same_bytes(studio, clip):
    whole = settled(studio, studio.runs.submit(clip, wish(studio, num_steps=4)))
    stopped = cancel_after(studio, studio.runs.submit(clip, wish(studio, num_steps=4)), 5)
    assert stopped.state == STOPPED
    assert list((job_path(studio.shelf.output_of(stopped)) / "chunks").glob("*.mkv"))
    done = settled(studio, studio.runs.go_on(stopped.number))
    assert done.state == DONE
    assert studio.result(done).read_bytes() == studio.result(whole).read_bytes()


def test_a_job_that_was_running_when_the_server_was_stopped_goes_on_with_the_next(config, clip_file):
    first = Studio(config)
    first.runs.start()
    clip = first.take(clip_file)
    running, queued = (first.runs.submit(clip, wish(first, seed=seed, num_steps=4)) for seed in (1, 2))
    while not (first.runs.live and first.runs.live.stage == "frames"):
        time.sleep(0.01)
    first.runs.close()
    assert {first.shelf.job(job.number).state for job in (running, queued)} == {WAITING}
    second = Studio(config)
    second.runs.start()
    assert [settled(second, job).state for job in (running, queued)] == [DONE, DONE]
    second.runs.close()


def test_a_job_that_ran_when_the_server_crashed_waits_for_a_person(config, clip_file):
    first = Studio(config)
    job = first.shelf.add_job(first.take(clip_file), wish(first))
    first.shelf.change(job.number, state=RUNNING)
    second = Studio(config)
    second.runs.start()
    found = second.shelf.job(job.number)
    second.runs.close()
    assert (found.state, found.message) == (STOPPED, "The server ended in the middle of this.")


def test_a_preview_does_not_wait_for_a_render(studio, clip):
    job = studio.runs.submit(clip, wish(studio, num_steps=6))
    while not (studio.runs.live and studio.runs.live.stage == "frames"):
        time.sleep(0.005)
    studio.try_wish(clip, wish(studio), SILENT)
    assert studio.shelf.job(job.number).state == RUNNING
    assert settled(studio, job).state == DONE


def test_jobs_take_turns_and_say_how_many_come_first(config, clip_file):
    studio = Studio(config)
    clip = studio.take(clip_file)
    jobs = [studio.runs.submit(clip, wish(studio, seed=seed)) for seed in range(3)]
    assert [studio.runs.queue_before(job) for job in jobs] == [0, 1, 2]
    assert [job.number for job in studio.shelf.jobs()] == [job.number for job in reversed(jobs)]
    studio.runs.cancel(jobs[1].number)
    studio.runs.start()
    assert [settled(studio, job).state for job in jobs] == [DONE, STOPPED, DONE]
    studio.runs.close()


def test_a_job_that_cannot_be_done_says_why_and_the_next_one_is_done(studio, clip):
    many, usual = wish(studio, num_anchors=13), wish(studio)
    failed, done = (settled(studio, studio.runs.submit(clip, each)) for each in (many, usual))
    assert (failed.state, done.state) == (FAILED, DONE)
    assert "num anchors 13" in failed.message.lower()


def test_only_frames_that_are_there_are_rendered_again(studio, clip):
    job = settled(studio, studio.runs.submit(clip, wish(studio)))
    for first, stop in ((-1, 3), (5, 5), (5, 13)):
        with pytest.raises(UsageError, match="frames 0 to 11"):
            studio.runs.redo(job.number, Redo(first=first, stop=stop))


def test_old_things_are_removed_but_not_those_with_work_to_do(config, clip_file):
    studio = Studio(config)
    clips = [studio.take(clip_file) for _ in range(2)]
    studio.shelf.add_job(clips[0], wish(studio))
    (studio.shelf.served / "upload").mkdir()
    assert studio.shelf.sweep(time.time() - 60) == []
    assert set(studio.shelf.sweep(time.time() + 60)) >= {clips[1], "upload"}
    assert studio.shelf.clip(clips[0]).num_frames == 12
    with pytest.raises(UsageError, match="not here any more"):
        studio.shelf.clip(clips[1])


def test_the_examples_are_there(tmp_path):
    studio = Studio(WebConfig(folder=tmp_path))
    assert {studio.shelf.clip(studio.take_example(name)).num_frames for name in EXAMPLES} == {24}


def test_models_and_loras_come_from_the_disk(tmp_path, config):
    (tmp_path / "loras").mkdir()
    (tmp_path / "loras" / "gold.safetensors").touch()
    (config.models / "no model").mkdir()
    choices = find_choices(replace(config, loras=tmp_path / "loras"))
    assert {"embedded", "tiny"} <= set(choices.models)
    assert "no model" not in choices.models
    assert choices.loras["gold"] == str(tmp_path / "loras" / "gold.safetensors")
    with pytest.raises(UsageError, match="that is no folder"):
        find_choices(replace(config, loras=tmp_path / "nowhere"))


def test_a_file_name_cannot_lead_elsewhere(studio, clip_file):
    names = ("../../evil clip.mp4", "..\\evil clip.mp4", "/etc/evil clip.mp4")
    assert {studio.shelf.clip(studio.take(clip_file, name)).name for name in names} == {"evil clip.mp4"}
    assert studio.shelf.clip(studio.take(clip_file, "...")).name == "video"


def test_a_render_after_its_preview_does_not_edit_the_anchors_again(studio, clip, monkeypatch):
    calls = []
    plain = Editor.edit_anchors
    monkeypatch.setattr(Editor, "edit_anchors", lambda *given, **more: calls.append(1) or plain(*given, **more))
    studio.try_wish(clip, wish(studio), SILENT)
    job = settled(studio, studio.runs.submit(clip, wish(studio)))
    assert (job.state, len(calls)) == (DONE, 1)


def test_a_newer_try_takes_the_place_of_the_one_before(studio, clip):
    visit = Visit(studio, "")
    first = visit.begin_try(clip, wish(studio, num_steps=60))
    second = visit.begin_try(clip, wish(studio, seed=9))
    while not (first.done and second.done):
        time.sleep(0.01)
    assert (first.error, second.error) == (None, None)
    assert [variant.wish.seed for variant in studio.variants(clip)] == [9]


def test_what_goes_wrong_with_a_try_is_kept_for_the_page(studio, clip):
    attempt = Visit(studio, "").begin_try(clip, wish(studio, num_anchors=13))
    while not attempt.done:
        time.sleep(0.01)
    assert isinstance(attempt.error, UsageError)


def test_a_part_of_a_clip_is_rendered_and_compared(studio, clip):
    job = settled(studio, studio.submit(clip, wish(studio, start=0.12, end=0.32)))
    assert (job.state, job.first_frame, job.num_frames) == (DONE, 3, 5)
    assert [len(probe(path)) for path in (studio.result(job), studio.comparison(job))] == [5, 5]
    assert [path.stem for path in studio.strip(job)] == [f"{index:06d}" for index in range(3, 8)]
    with pytest.raises(UsageError, match="frames 3 to 7"):
        studio.runs.redo(job.number, Redo(first=0, stop=2))


def test_what_the_model_cannot_read_is_told_and_not_in_green(studio, clip):
    nonsense = studio.wish("frobnicate the wug", {**QUICK, "model": "embedded"})
    tried = studio.try_wish(clip, nonsense, SILENT)
    job = settled(studio, studio.runs.submit(clip, nonsense))
    for html in (view.variant_lines(tried), view.result_lines(job)):
        assert re.search('class="fairy-line warn"[^>]*>[^<]*frobnicate', html)
    assert "good" not in view.variant_lines(tried)


def test_cancel_answers_at_once_and_a_stopped_job_says_how_far_it_is(studio, clip):
    job = studio.runs.submit(clip, wish(studio, num_steps=4))
    while not ((live := studio.runs.live) and live.stage == "frames" and live.done >= 5):
        time.sleep(0.002)
    studio.runs.cancel(job.number)
    assert "Stopping after this frame" in view.bar(replace(job, state=RUNNING), live, 0, trying=False)
    stopped = settled(studio, job)
    assert stopped.kept % 4 == 0
    assert f"{stopped.kept} of 12 frames" in view.bar(stopped, None, 0, trying=False)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.2, "5 seconds"), (43, "45 seconds"), (170, "3 minutes"), (7200, "2 hours"), (9000, "2.5 hours")],
)
def test_a_duration_in_words(seconds, words):
    assert in_words(seconds) == words


def test_frames_are_picked_by_their_first_and_their_last():
    assert [pick(5, 5, 2), pick(2, 2, 7), pick(2, 7, 3)] == [(2, 2), (2, 7), (3, 3)]


def test_codecs_choose_the_file():
    assert [wish_of("snow", {"codec": codec}).video().codec for codec in (None, "prores")] == [None, "prores"]
    assert (suffix_of("hevc"), suffix_of("prores")) == (".mp4", ".mov")
    with pytest.raises(UsageError, match="must be one of"):
        wish_of("snow", {"codec": "cinepak"})
