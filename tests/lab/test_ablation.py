"""The ablation: a cell is done once, comes out the same in any order, and means say what they rest on."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest

import fairy
from fairy.config import EditConfig
from fairy.errors import OutputError
from fairy.lab.ablation.cells import identify
from fairy.lab.ablation.clips import World, make_clip
from fairy.lab.ablation.design import BASE, EXACT, TOGETHER, conditions, plan
from fairy.lab.ablation.heldout import ablate_heldout, by_turning
from fairy.lab.ablation.measuring import measure_task, result_of
from fairy.lab.ablation.run import run_tasks
from fairy.lab.ablation.statistics import mean_difference, mean_over_clips
from fairy.lab.ablation.tables import aligned, as_csv, as_markdown, collect, differences_as_markdown, find, rows_of
from fairy.lab.results.ledger import open_ledger
from fairy.method.editor import Editor
from fairy.report import SILENT

WORLD = World(size=(32, 24))
SOME = ("exact", "source", "autoencoder", "per frame, own noise", "5 steps")
NO_TIME = {"seconds": 0}


def some(weights):
    return tuple(condition for condition in conditions(weights) if condition.name in SOME)


@pytest.fixture(scope="module")
def tasks(sd_folder):
    """Two clips, some conditions."""
    return plan(some(identify(str(sd_folder))), 2, WORLD, ("paint",))


def finished(tasks):
    return {record["key"]: record | NO_TIME for task in tasks for record in measure_task(task)}


@pytest.fixture(scope="module")
def cells(tasks):
    return finished(tasks)


def record(condition, clip, value, edit="paint"):
    return {
        "key": f"{condition}{clip}{edit}",
        "condition": condition,
        "clip": clip,
        "edit": edit,
        "values": {"w": value},
    }


def test_a_cell_does_not_depend_on_the_order(tasks, cells):
    assert finished(reversed(tasks)) == cells


def test_a_cell_does_not_depend_on_the_conditions_beside_it(tasks, cells):
    (key, condition) = tasks[1].conditions[3]
    alone = type(tasks[1])(tasks[1].index, tasks[1].edit, WORLD, ((key, condition),))
    assert finished([alone]) == {key: cells[key]}


@pytest.mark.usefixtures("ray")
def test_a_cell_does_not_depend_on_the_workers(tasks, cells, tmp_path):
    with open_ledger(tmp_path) as ledger:
        run_tasks(measure_task, tasks, ledger, num_all=len(tasks), workers=2, report=SILENT)
        assert {key: dict(cell) | NO_TIME for key, cell in ledger.records.items()} == cells


def test_all_frames_together_are_anchors_of_one_another(sd_folder):
    clip = make_clip(0, "gold", WORLD)
    condition = next(c for c in conditions(identify(str(sd_folder))) if c.name == TOGETHER)
    with Editor(fairy.load(str(sd_folder)), micro_batch=1) as editor:
        bank = editor.edit_anchors(clip.source, clip.instruction, EditConfig(num_anchors=4, num_steps=10))
    assert np.array_equal(result_of(clip, condition), bank.frames)


def test_more_clips_keep_the_keys_of_those_there_are(sd_folder):
    found = conditions(identify(str(sd_folder)))
    few, many = (plan(found, number, WORLD) for number in (3, 5))
    assert many[: len(few)] == few


def test_what_takes_long_is_done_for_fewer_clips(sd_folder):
    found = conditions(identify(str(sd_folder)))
    fifty = [
        task.index for task in plan(found, 8, WORLD, ["gold"]) if "50 steps" in [c.name for _, c in task.conditions]
    ]
    assert fifty == [0, 6]
    assert {c.every for c in conditions(identify(str(sd_folder)), full=True)} == {1}


def test_other_weights_are_other_cells(sd_folder, copied_folder):
    (copied_folder / "fairy.json").write_text('{"num_steps": 7}')
    base, other = (identify(str(folder)) for folder in (sd_folder, copied_folder))
    keys = [{c.name: key for key, c in plan(conditions(w), 1, WORLD, ["gold"])[0].conditions} for w in (base, other)]
    assert [name for name in keys[0] if keys[0][name] == keys[1][name]] == ["exact", "source"]


def test_a_finished_cell_is_not_done_again(sd_folder, tmp_path, monkeypatch):
    monkeypatch.setattr("fairy.lab.ablation.heldout.conditions", lambda *given, **_: some(given[0]))
    given = {"model": str(sd_folder), "world": WORLD, "edits": ["gold"], "command": "test"}
    page = ablate_heldout(tmp_path / "out", tmp_path / "work", num_clips=2, **given)
    first = page.with_suffix(".csv").read_text()
    monkeypatch.setattr("fairy.lab.ablation.heldout.measure_task", lambda task: pytest.fail(f"{task} is done again"))
    again = ablate_heldout(tmp_path / "again", tmp_path / "work", num_clips=2, **given)
    assert again.with_suffix(".csv").read_text() == first
    assert {path.suffix for path in (tmp_path / "out").iterdir()} == {".md", ".csv", ".json", ".png"}
    assert identify(str(sd_folder)).unet in page.read_text()
    assert json.loads(page.with_suffix(".json").read_text())["num_clips"] == 2


def test_what_rolls_and_what_stands_is_told_apart():
    cells = [record("anchors", clip, 1.0) for clip in range(12)] + [record("anchors", 0, 1.0, "sunset")]
    halves = by_turning(cells, WORLD)
    for half in halves:
        words = make_clip(half["clip"], "paint", WORLD).instruction.split()
        is_upright = not {"can", "cone", "cube"}.isdisjoint(words)
        assert half["edit"] == ("paint, upright" if is_upright else "paint, rolling")
    assert len(halves) == 12
    assert len({half["edit"] for half in halves}) == 2


def test_what_is_finished_is_kept_at_a_stop(tmp_path):
    def stopped_at_the_third(number):
        if number == 2:
            raise KeyboardInterrupt
        return [{"key": str(number)}]

    with open_ledger(tmp_path) as ledger, pytest.raises(KeyboardInterrupt, match="2 of 5 edits are finished and kept"):
        run_tasks(stopped_at_the_third, range(5), ledger, num_all=5, workers=1, report=SILENT)
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


def test_the_interval_is_that_of_the_mean_of_the_clips():
    values = dict(enumerate(np.random.default_rng(0).normal(5, 2, 400)))
    mean = mean_over_clips(values)
    error = float(np.std(list(values.values()))) / 20
    assert mean.value == pytest.approx(np.mean(list(values.values())))
    assert (mean.low, mean.high) == pytest.approx((mean.value - 1.96 * error, mean.value + 1.96 * error), rel=0.02)


def test_a_difference_is_taken_clip_by_clip():
    base = {0: 1.0, 1: 100.0, 2: 50.0}
    difference = mean_difference({1: 101.0, 2: 51.0}, base)
    assert (difference.value, difference.low, difference.high, difference.num_clips) == (1, 1, 1, 2)


def test_edits_of_one_clip_are_one_number():
    records = [record("a", 0, 1.0), record("a", 0, 3.0, "gold"), record("a", 1, 4.0)]
    assert collect(records, {"all": ["paint", "gold"]})["a", "all", "w"] == {0: 2.0, 1: 4.0}


def test_what_was_done_for_fewer_clips_is_moved_beside_the_others():
    """The base has 1 on the clip that both have and 2 on all: what is 5 there would be 6 on all."""
    rows = rows_of(collect([record("b", 0, 1.0), record("b", 1, 3.0), record("x", 0, 5.0)], {"g": ["paint"]}), "b")
    assert find(rows, "x", "g", "w").mean.value == 5
    assert find(aligned(rows, "b"), "x", "g", "w").mean.value == 6


def test_tables_have_every_number():
    rows = rows_of(collect([record("b", 0, 1.0), record("x", 0, 5.0)], {"g": ["paint"]}), "b")
    (base, other) = csv.DictReader(as_csv(rows).splitlines())
    assert (base["mean"], base["difference_from_base"], other["difference_from_base"]) == ("1", "", "4")
    assert "| x | 5 (5 to 5) |" in as_markdown(rows, ["b", "x"], "g", {"w": "title"}, heading="c")
    assert "| x | **+4 (+4 to +4)** |" in differences_as_markdown(rows, ["b", "x"], "g", {"w": "title"}, heading="c")


def test_the_floor_is_measured_beside_the_methods(tasks, cells):
    names = {cell["condition"]: cell["values"] for cell in cells.values() if cell["edit"] == "paint"}
    assert names[EXACT]["to_exact"] == 0
    assert names["autoencoder"]["to_exact"] > 0
    assert BASE not in names
    assert len(cells) == sum(len(task.conditions) for task in tasks)


def test_nothing_but_a_folder_can_be_worked_in(tmp_path):
    Path(tmp_path, "file").write_text("")
    with pytest.raises(OutputError, match="file"), open_ledger(tmp_path / "file"):
        pass
