"""The benchmark, at a size that says nothing of speed but everything of whether it runs and writes its result."""

import json

import pytest

from fairy import benchmark
from fairy.pipeline import Editor

TINY = benchmark.Size(num_frames=8, width=64, height=48, repeats=1, clips=(3, 5))


@pytest.fixture(scope="module")
def measures(sd_model):
    return benchmark.run_cases(sd_model, TINY)


def test_every_case_is_measured(measures):
    assert [measure.case for measure in measures] == ["overhead", "stock", "anchors", "memory"]
    assert all(measure.value > 0 for measure in measures)


def test_the_result_is_written_for_people_and_for_programs(measures, tmp_path):
    benchmark.write_result(tmp_path / "2026-01-01-editor", TINY, measures)
    record = json.loads((tmp_path / "2026-01-01-editor.json").read_text())
    assert [measure["case"] for measure in record["measures"]] == ["overhead", "stock", "anchors", "memory"]
    assert "| overhead |" in (tmp_path / "2026-01-01-editor.md").read_text()


def test_anchors_add_operations_by_the_tokens_they_add(sd_model):
    """K anchors add K * L keys to L own ones; nothing else in the step grows."""
    frames = benchmark.moving_gradient(4, 48, 64)
    with Editor(sd_model) as editor:
        banks = [editor.edit_anchors(frames[:k], benchmark.INSTRUCTION) for k in (0, 1, 2)]
        counts = [benchmark.count_operations(sd_model, frames[0], bank) for bank in banks]
    assert counts[2] - counts[1] == counts[1] - counts[0] > 0
