"""What a study's report says: statistics against closed forms, majorities, exclusion, the files."""

import csv
import json
from pathlib import Path

import pytest

from fairy.cli.main import main
from fairy.errors import OutputError
from fairy.lab.results.statistics import fleiss_kappa
from fairy.lab.study.findings import Finding, summarize
from fairy.lab.study.forms import SINGLE
from fairy.lab.study.raters import SPLIT, Vote, counted, failing_raters, majority
from fairy.lab.study.report import write_report
from fairy.lab.study.store import Item, Store, create


def test_majority_is_more_than_half_of_all_raters() -> None:
    assert majority(["a", "b", "a"], 3) == majority(["a", "a"], 3) == "a"
    assert majority(["a", "b", "c"], 3) == SPLIT
    assert majority(["a"], 3) is majority([], 3) is None
    assert majority(["a", "a", "b", "b"], 4) == SPLIT


def make_study(folder: Path, *, form: str = "pairs", num_items: int = 4) -> Path:
    """A study without videos: the methods ours and theirs, and one attention check."""
    two = form == "pairs"
    show = {"instruction": "i", "source": "s", "first": "f", "second": "g" if two else None}
    methods = {"first_method": "ours", "second_method": "theirs" if two else None}
    items = [Item(video=str(number), **show, **methods) for number in range(num_items)]
    items.append(Item(video="check", **show, expected={"frame_quality": "first" if two else "bad"}))
    facts = {"id": "1", "form": form, "title": "t", "raters": 3, "per_rater": 0, "min_passed": 0.5}
    create(folder, {**facts, "comparisons": [["ours", "theirs"]] if two else [["ours"]]}, items)
    return folder


def vote(folder: Path, *answers: str, check: str = "first", name: str = "") -> None:
    """One rater, who answers all questions about a video alike: about video 0 with the first of the answers."""
    said = {**{str(number): answer for number, answer in enumerate(answers)}, "check": check}
    with Store(folder) as store:
        rater = store.rater(store.join(name))
        for position in range(len(store.progress(rater))):
            answer = said[store.task(rater, position).item.video]
            store.record(rater, position, dict.fromkeys(store.form.question_keys, answer), 5.0)


def overall(folder: Path, **settings: float) -> Finding:
    return next(each for each in summarize(folder, **settings).findings if each.question == "overall")


def counts(finding: Finding) -> dict[str, int]:
    return {share.answer: share.count for share in finding.shares}


@pytest.fixture
def study(tmp_path: Path) -> Path:
    folder = make_study(tmp_path)
    vote(folder, "first", "first", "both_good", "second", name="Ann")
    vote(folder, "first", "second", "both_good", "second")
    vote(folder, "first", "both_bad", "second", "second", name="Cy")
    return folder


def test_majorities_are_counted(study: Path) -> None:
    finding = overall(study)
    assert counts(finding) == {"first": 1, "second": 1, "both_good": 1, "both_bad": 0, SPLIT: 1}
    assert [(share.total, share.share) for share in finding.shares[:2]] == [(4, 0.25)] * 2
    assert finding.kappa == fleiss_kappa([[3, 0, 0, 0], [1, 1, 0, 1], [0, 1, 2, 0], [0, 3, 0, 0]])


def test_a_failing_rater_is_excluded_and_can_be_let_in(tmp_path: Path) -> None:
    make_study(tmp_path, num_items=1)
    for answer, check in (("first", "both_good"), ("first", "first"), ("second", "first")):
        vote(tmp_path, answer, check=check)
    assert summarize(tmp_path).num_excluded == 1
    assert (overall(tmp_path).num_open, counts(overall(tmp_path))["first"]) == (1, 0)  # one against one: no majority
    assert overall(tmp_path).kappa is None
    assert summarize(tmp_path, min_passed=0).num_excluded == 0
    assert counts(overall(tmp_path, min_passed=0))["first"] == 1


def test_who_passes_just_as_many_checks_as_are_wanted_counts() -> None:
    answers = [("first", "first"), ("both_bad", "first")]
    votes = [Vote(1, item, False, 1.0, {"q": given}, {"q": known}) for item, (given, known) in enumerate(answers)]
    assert failing_raters(votes, 0.5) == set()
    assert failing_raters(votes, 0.51) == {1}


def test_no_more_votes_count_than_raters_were_wanted() -> None:
    votes = [Vote(rater, 7, False, 1.0, {"q": str(rater)}, None) for rater in range(5)]
    kept = counted([*votes, Vote(9, 8, False, 1.0, {"q": "x"}, {"q": "x"})], {1}, 3)
    assert {item: [vote.rater for vote in each] for item, each in kept.items()} == {7: [0, 2, 3]}


def test_pairs_without_a_result_yet_are_open(tmp_path: Path) -> None:
    make_study(tmp_path)
    vote(tmp_path, "first", "first", "first", "first")
    finding = overall(tmp_path)
    assert (finding.num_open, sum(counts(finding).values())) == (4, 0)
    assert {share.total for share in finding.shares} == {0}


def test_left_share_is_that_of_the_screen(tmp_path: Path) -> None:
    make_study(tmp_path, num_items=20)
    with Store(tmp_path) as store:
        rater = store.rater(store.join())
        for position in range(len(store.progress(rater))):
            task = store.task(rater, position)
            on_the_left = "second" if task.swapped and task.item.video != "check" else "first"
            store.record(rater, position, dict.fromkeys(store.form.question_keys, on_the_left), 5.0)
    assert summarize(tmp_path).left_share == 1


def test_a_vote_that_is_sent_again_keeps_its_place_in_time(tmp_path: Path) -> None:
    make_study(tmp_path, num_items=1)
    with Store(tmp_path) as store:
        raters = [store.rater(store.join()) for _ in range(2)]
        for rater in (*raters, raters[0]):
            place = next(place for place in range(2) if store.task(rater, place).item.video == "0")
            store.record(rater, place, dict.fromkeys(store.form.question_keys, "first"), 5.0)
        assert [vote.rater for vote in store.votes()] == raters


def test_report_writes_tables_and_charts(study: Path, tmp_path: Path) -> None:
    write_report(summarize(study), tmp_path / "report")
    names = {path.name for path in (tmp_path / "report").iterdir()}
    tables = {"summary.csv", "items.csv", "votes.csv", "raters.csv"}
    assert names == tables | {"overall.png", "ours-against-theirs.png"}
    rows = {name: list(csv.DictReader((tmp_path / "report" / name).read_text().splitlines())) for name in tables}
    assert [row["overall"] for row in rows["items.csv"]] == ["first", SPLIT, "both_good", "second"]
    assert len(rows["votes.csv"]) == 3 * 5
    assert [row["name"] for row in rows["raters.csv"]] == ["Ann", "", "Cy"]
    with pytest.raises(OutputError, match="is there already"):
        write_report(summarize(study), tmp_path / "report")


def test_report_of_single_results(tmp_path: Path) -> None:
    make_study(tmp_path, form="single")
    for _ in range(3):
        vote(tmp_path, "good", "good", "good", "bad", check="bad")
    summary = summarize(tmp_path)
    assert summary.form is SINGLE
    assert [counts(finding) for finding in summary.findings] == [{"good": 3, "bad": 1, SPLIT: 0}] * 4
    write_report(summary, tmp_path / "report")
    assert (tmp_path / "report" / "standalone.png").exists()


def test_report_on_the_command_line(study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lab", "study", "report", str(study), "--json"]) == 0
    *table, line = capsys.readouterr().out.splitlines()
    assert any("Temporal" in each for each in table)
    said = json.loads(line)
    assert (said["raters"], said["excluded"], said["votes"]) == (3, 0, 15)
    assert said["findings"][4]["question"] == "overall"


def test_a_study_without_answers_has_a_report(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make_study(tmp_path)
    assert main(["lab", "study", "report", str(tmp_path), "-o", str(tmp_path / "report")]) == 0
    assert "0 answers of 0 raters" in capsys.readouterr().out
