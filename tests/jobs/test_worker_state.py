"""What a worker refuses, and what it keeps at hand: without Ray."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from clips import make
from fairy.config import EditConfig, JobConfig, ModelConfig, VideoConfig
from fairy.errors import ModelError
from fairy.jobs.manifest import Take
from fairy.jobs.selection import select
from fairy.jobs.workers import sending, worker
from fairy.jobs.workers.worker import JobSpec, WorkerState, check_model, open_worker
from fairy.method.editor import Editor
from fairy.models.identity import versions
from fairy.video import probe


@pytest.fixture
def spec(sd_model, tmp_path) -> JobSpec:
    source = make(tmp_path / "a.mp4", num_frames=5)
    selection = select(probe(source), VideoConfig(), EditConfig(), JobConfig(), [3])
    settings = EditConfig(num_steps=1).resolved(sd_model.defaults)
    takes = tuple(
        Take(start=0, stop=5, instruction="night", settings=replace(settings, seed=number), number=number)
        for number in range(2)
    )
    hashed = sd_model.identity.model
    return JobSpec("job", "elsewhere", tmp_path, selection.fitted(64), takes, {}, hashed, sending.survey([source]))


@pytest.fixture
def editor(sd_model, monkeypatch):
    for module in (worker, sending):
        monkeypatch.setattr(module, "node", lambda: "here")
    with Editor(sd_model) as editor:
        yield editor


def test_other_versions_are_refused_and_named():
    wanted = versions("auto") | {"torch": "0.0"}
    with (
        pytest.raises(ModelError, match=r"has torch .* instead of 0\.0.*: install the same"),
        open_worker(ModelConfig(), None, wanted),
    ):
        pass


def test_another_model_of_that_name_is_refused(editor, spec):
    check_model(editor, spec)
    with pytest.raises(ModelError, match="is another model on"):
        check_model(editor, replace(spec, model_hash="another"))


def test_a_job_of_another_model_is_not_opened(editor, spec, tmp_path):
    other = replace(spec, model_hash="another")
    with pytest.raises(ModelError, match="is another model on"):
        WorkerState(editor, tmp_path).open(SimpleNamespace(ref=1, get=lambda: other))


def test_the_bank_of_another_take_or_shot_is_made_anew(editor, spec, tmp_path):
    state = WorkerState(editor, tmp_path)
    first, second = spec.selection.shots
    made = [
        state.bank_of(spec, spec.selection, spec.take(take), shot)[1]
        for take, shot in ((0, first), (0, first), (1, first), (1, second), (0, second))
    ]
    assert made == [True, False, True, True, True]


def test_the_bank_of_a_take_has_its_settings(editor, spec, tmp_path):
    bank, _ = WorkerState(editor, tmp_path).bank_of(spec, spec.selection, spec.take(1), spec.selection.shots[0])
    assert bank.settings.seed == 1


def test_a_worker_forgets_jobs_but_the_last(editor, spec, tmp_path):
    state = WorkerState(editor, tmp_path)
    for number in range(worker.KEPT_JOBS + 3):
        named = replace(spec, name=f"job {number}")
        shared = SimpleNamespace(ref=number, get=lambda named=named: named)
        assert state.open(shared)[1] is not None
    assert len(state._selections) == worker.KEPT_JOBS


def test_what_is_seen_needs_its_size_and_its_time(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(sending, "node", lambda: "here")
    file = tmp_path / "a"
    file.write_bytes(b"abc")
    (seen,) = sending.survey([file])
    assert sending.is_seen(seen, "elsewhere")
    assert not sending.is_seen(replace(seen, num_bytes=4), "elsewhere")
