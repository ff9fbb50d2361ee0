"""What all of the lab shares: statistics against closed forms and scipy, tables, work that is done once and kept."""

import csv

import numpy as np
import pytest
from scipy import stats

from fairy.errors import MediaError, OutputError
from fairy.lab.results.arrays import read_steps
from fairy.lab.results.ledger import do_missing, open_ledger
from fairy.lab.results.machine import describe_machine, in_words
from fairy.lab.results.statistics import (
    bootstrap,
    fleiss_kappa,
    interval,
    mean_difference,
    mean_over_clips,
    sign_test,
    wilson,
)
from fairy.lab.results.tables import as_csv, as_markdown
from fairy.report import SILENT

# Fleiss 1971, table 1 as it is usually cited: 10 subjects, 14 raters, 5 categories.
FLEISS = [
    [0, 0, 0, 0, 14],
    [0, 2, 6, 4, 2],
    [0, 0, 3, 5, 6],
    [0, 3, 9, 2, 0],
    [2, 2, 8, 1, 1],
    [7, 7, 0, 0, 0],
    [3, 2, 6, 3, 0],
    [2, 5, 3, 2, 2],
    [6, 5, 2, 1, 0],
    [0, 2, 2, 3, 7],
]


def test_rows_of_one_owner_come_and_go_together():
    values = np.array([[0.0], [0.0], [1.0], [1.0]])
    means = bootstrap(values, np.array([0, 0, 1, 1]), 2000)
    assert set(np.round(means.ravel(), 6)) == {0.0, 0.5, 1.0}
    assert np.mean(means == 0.5) == pytest.approx(0.5, abs=0.04)


def test_the_interval_is_that_of_scipy_where_each_row_is_its_own():
    values = np.random.default_rng(0).gamma(2, 1, (60, 2))
    found = stats.bootstrap((values,), np.mean, axis=0, method="percentile", rng=1).confidence_interval
    assert np.allclose(interval(values, num_resamples=10_000), [found.low, found.high], atol=0.03)


def test_the_interval_closes_with_more_rows():
    shares = np.random.default_rng(0).random((400, 1))
    (few_low, few_high), (low, high) = interval(shares[:10]), interval(shares)
    assert few_low < shares[:10].mean() < few_high
    assert high - low < (few_high - few_low) / 3


def test_the_interval_of_many_clips_is_that_of_the_normal_distribution():
    values = dict(enumerate(np.random.default_rng(0).normal(5, 2, 400)))
    mean = mean_over_clips(values)
    error = float(np.std(list(values.values()))) / 20
    assert mean.value == pytest.approx(np.mean(list(values.values())))
    assert (mean.low, mean.high) == pytest.approx((mean.value - 1.96 * error, mean.value + 1.96 * error), rel=0.02)


def test_a_difference_is_taken_clip_by_clip():
    base = {0: 1.0, 1: 100.0, 2: 50.0}
    difference = mean_difference({1: 101.0, 2: 51.0}, base)
    assert (difference.value, difference.low, difference.high, difference.num_clips) == (1, 1, 1, 2)


def test_fleiss_kappa_of_the_textbook_example():
    assert fleiss_kappa(FLEISS) == pytest.approx(0.210, abs=5e-4)


def test_fleiss_kappa_of_closed_forms():
    assert fleiss_kappa([[3, 0], [0, 3]]) == 1
    assert fleiss_kappa([[1, 1], [1, 1]]) == -1  # always apart
    assert fleiss_kappa([[2, 0], [0, 2], [1, 1], [1, 1]]) == 0  # as often together as chance has it
    assert [fleiss_kappa(counts) for counts in ([], [[1, 0]], [[3, 0], [3, 0]])] == [None] * 3


@pytest.mark.parametrize(("count", "total"), [(8, 10), (0, 10), (10, 10), (1, 3)])
def test_the_wilson_interval_is_that_of_scipy(count, total):
    expected = stats.binomtest(count, total).proportion_ci(0.95, "wilson")
    assert wilson(count, total) == pytest.approx((expected.low, expected.high), abs=1e-9)


def test_of_nothing_every_share_is_possible():
    assert wilson(0, 0) == (0, 1)


@pytest.mark.parametrize(("wins", "losses"), [(5, 0), (3, 3), (9, 1), (1, 9), (12, 7)])
def test_the_sign_test_is_that_of_scipy(wins, losses):
    assert sign_test(wins, losses) == pytest.approx(stats.binomtest(wins, wins + losses).pvalue)


def test_without_wins_and_losses_nothing_is_uneven():
    assert sign_test(0, 0) == 1


def test_csv_holds_six_digits_and_leaves_empty_what_is_no_number():
    text = as_csv(["a", "b", "c"], [[1 / 3, None, float("nan")], ["x,y", 2, True]])
    assert list(csv.reader(text.splitlines())) == [["a", "b", "c"], ["0.333333", "", ""], ["x,y", "2", "True"]]


def test_markdown_has_a_line_a_row():
    assert as_markdown(["a", "b"], [["1", "2"]]) == "| a | b |\n| --- | --- |\n| 1 | 2 |"


def test_the_machine_is_described_in_one_line():
    machine = describe_machine()
    assert f"torch {machine['torch']}" in in_words(machine)
    assert machine["processor"]


def test_what_is_finished_is_kept_at_a_stop(tmp_path):
    def stopped_at_the_third(number):
        if number == 2:
            raise KeyboardInterrupt
        return [{"key": str(number)}]

    with open_ledger(tmp_path) as ledger, pytest.raises(KeyboardInterrupt, match="2 of 5 edits are finished and kept"):
        do_missing(stopped_at_the_third, range(5), ledger, num_all=5, workers=1, report=SILENT)
    with open_ledger(tmp_path) as ledger:
        assert list(ledger.records) == ["0", "1"]


def test_a_line_that_was_not_finished_is_cut_off(tmp_path):
    with open_ledger(tmp_path) as ledger:
        ledger.add([{"key": "a", "values": {}}])
    with (tmp_path / "cells.jsonl").open("a") as file:
        file.write('{"key": "b", "val')
    with open_ledger(tmp_path) as ledger:
        ledger.add([{"key": "c"}])
    with open_ledger(tmp_path) as ledger:
        assert list(ledger.records) == ["a", "c"]


def test_a_damaged_line_is_named(tmp_path):
    (tmp_path / "cells.jsonl").write_text('{"key": "a"}\nnonsense\n')
    with pytest.raises(OutputError, match="line 2"), open_ledger(tmp_path):
        pass


def test_nothing_but_a_folder_can_be_worked_in(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="file"), open_ledger(tmp_path / "file"):
        pass


def test_without_a_folder_all_is_in_memory():
    with open_ledger(None) as ledger:
        ledger.add([{"key": "a", "values": 1}])
        assert ledger["a"]["values"] == 1


def test_a_large_array_is_read_step_by_step(tmp_path):
    steps = np.arange(24, dtype=np.int16).reshape(4, 2, 3)
    np.savez_compressed(tmp_path / "a.npz", **{"clip/video": steps, "objects": np.array([{}], object)})
    assert np.array_equal(list(read_steps(tmp_path / "a.npz", "clip/video")), steps)
    for name in ("objects", "missing"):
        with pytest.raises(MediaError, match=name):
            list(read_steps(tmp_path / "a.npz", name))
