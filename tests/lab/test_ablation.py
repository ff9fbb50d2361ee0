"""The ablation: a cell is done once, comes out the same in any order, and means say what they rest on."""

import csv
import json

import numpy as np
import pytest

import fairy
from fairy.config import EditConfig
from fairy.lab.ablation.clips import World, make_clip
from fairy.lab.ablation.design import BASE, EXACT, TOGETHER, conditions, plan
from fairy.lab.ablation.heldout import ablate_heldout, by_turning
from fairy.lab.ablation.measuring import measure_task, result_of
from fairy.lab.ablation.rows import align_rows, collect_values, find_row, mean_rows, means_table, rows_csv
from fairy.lab.ablation.settings import identify
from fairy.lab.results.ledger import do_missing, open_ledger
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
        do_missing(measure_task, tasks, ledger, num_all=len(tasks), workers=2, report=SILENT)
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


def test_edits_of_one_clip_are_one_number():
    records = [record("a", 0, 1.0), record("a", 0, 3.0, "gold"), record("a", 1, 4.0)]
    assert collect_values(records, {"all": ["paint", "gold"]})["a", "all", "w"] == {0: 2.0, 1: 4.0}


def test_what_was_done_for_fewer_clips_is_moved_beside_the_others():
    """The base has 1 on the clip that both have and 2 on all: what is 5 there would be 6 on all."""
    rows = mean_rows(
        collect_values([record("b", 0, 1.0), record("b", 1, 3.0), record("x", 0, 5.0)], {"g": ["paint"]}), "b"
    )
    assert find_row(rows, "x", "g", "w").mean.value == 5
    assert find_row(align_rows(rows, "b"), "x", "g", "w").mean.value == 6


def test_tables_have_every_number():
    rows = mean_rows(collect_values([record("b", 0, 1.0), record("x", 0, 5.0)], {"g": ["paint"]}), "b")
    (base, other) = csv.DictReader(rows_csv(rows).splitlines())
    assert (base["mean"], base["difference_from_base"], other["difference_from_base"]) == ("1", "", "4")
    assert "| x | 5 (5 to 5) |" in means_table(rows, ["b", "x"], "g", {"w": "title"}, heading="c")
    differences = means_table(rows, ["b", "x"], "g", {"w": "title"}, heading="c", differing=True)
    assert differences.splitlines()[2:] == ["| x | **+4 (+4 to +4)** |"]


def test_the_floor_is_measured_beside_the_methods(tasks, cells):
    names = {cell["condition"]: cell["values"] for cell in cells.values() if cell["edit"] == "paint"}
    assert names[EXACT]["to_exact"] == 0
    assert names["autoencoder"]["to_exact"] > 0
    assert BASE not in names
    assert len(cells) == sum(len(task.conditions) for task in tasks)
