"""Building a study, and who judges what: matching by name, encoding without a trace of the method, fair shares."""

import random
import sqlite3
import threading
from collections import Counter
from pathlib import Path

import av
import numpy as np
import pytest

from fairy.cli.main import main
from fairy.errors import MediaError, OutputError, UsageError
from fairy.lab.study import StudyConfig, build_study
from fairy.lab.study.build import KEEP
from fairy.lab.study.forms import PAIRS, from_screen, to_screen
from fairy.lab.study.items import match_results, read_instructions, slug
from fairy.lab.study.raters import choose_batch
from fairy.lab.study.store import Store
from fairy.video import probe, read_frames
from studies import METHODS, build, write_videos


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("study")
    write_videos(path)
    build(path)
    return path


@pytest.fixture
def fresh(folder: Path, tmp_path: Path) -> Path:
    """A study that nobody has answered."""
    (tmp_path / "media").symlink_to(folder / "study" / "media")
    (tmp_path / "study.sqlite").write_bytes((folder / "study" / "study.sqlite").read_bytes())
    return tmp_path


def answers(answer: str) -> dict[str, str]:
    return dict.fromkeys(PAIRS.question_keys, answer)


def test_each_line_becomes_a_pair_of_the_two_methods(folder: Path) -> None:
    with Store(folder / "study") as store:
        pairs = [item for item in store.items().values() if item.expected is None]
    assert [(item.video, item.instruction) for item in pairs] == [
        ("cat", "Make it night!"),
        ("cat", "make it snow"),
        ("dog", "make it night"),
    ]
    assert {(item.first_method, item.second_method) for item in pairs} == {METHODS}


def test_further_methods_are_each_compared_with_the_first(folder: Path, tmp_path: Path) -> None:
    methods = [folder / name for name in (*METHODS, METHODS[1])]
    names = ["ours", "one", "two"]
    places = {"source": folder / "sources", "instructions": folder / "lines.csv"}
    built = build_study(tmp_path / "s", methods=methods, names=names, config=StudyConfig(checks=0), **places)
    assert built.num_items == 6
    with Store(tmp_path / "s") as store:
        assert store.facts["comparisons"] == [["ours", "one"], ["ours", "two"]]


def test_encoded_videos_keep_frames_and_times_and_carry_no_tags(folder: Path) -> None:
    with Store(folder / "study") as store:
        item = store.items()[1]
    own, original = (
        probe(path)
        for path in (folder / "study" / "media" / f"{item.first}.mp4", folder / METHODS[0] / "cat--make-it-night.mp4")
    )
    assert (len(own), own.duration, own.fps) == (len(original), original.duration, original.fps)
    for one, other in zip(read_frames(own), read_frames(original), strict=True):
        assert np.abs(one.image.astype(int) - other.image).mean() < 3
    with av.open(str(own.path)) as container:
        assert not {"title", "comment"} & set(container.metadata)


def test_no_media_file_tells_its_method(folder: Path) -> None:
    for path in (folder / "study" / "media").iterdir():
        assert not any(name in path.name or name.encode() in path.read_bytes() for name in METHODS)


def test_attention_checks_have_known_answers(folder: Path) -> None:
    with Store(folder / "study") as store:
        checks = [item for item in store.items().values() if item.expected is not None]
    assert len(checks) == 3
    for check in checks:
        assert check.instruction == KEEP
        assert check.first == check.source != check.second
        assert set(check.expected.values()) == {"first"}


def test_single_results_have_no_second_video(folder: Path, tmp_path: Path) -> None:
    for place in ("sources", *METHODS, "lines.csv"):
        (tmp_path / place).symlink_to(folder / place)
    assert build(tmp_path, standalone=True, checks=1).num_items == 6
    with Store(tmp_path / "study") as store:
        items = list(store.items().values())
    assert all(item.second is None for item in items)
    assert {item.first_method for item in items} == {*METHODS, None}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("i.csv", 'video,instruction\na.mp4,"make it night, please"\n'),
        ("i.csv", '\ufeffvideo,instruction,result\na,"make it night, please",\n'),
        ("i.jsonl", '\n{"instruction": "make it night, please", "video": "a"}\n'),
    ],
)
def test_instruction_files(name: str, text: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(text)
    (line,) = read_instructions(tmp_path / name)
    assert (line.video, line.instruction, line.result) == ("a", "make it night, please", "")


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("i.csv", "clip,text\na,b\n", "line 2: there is no video; the columns are video, instruction, result"),
        ("i.csv", "video,instruction\n", "holds no row"),
        ("i.csv", "video,instruction\na,\n", "line 2: there is no instruction"),
        ("i.csv", "video,instruction\na,b\na,b\n", "a, 'b' stands there twice"),
        ("i.jsonl", "{}\n{}\n", "line 1: there is no video"),
        ("i.jsonl", "nonsense\n", "line 1: no JSON"),
        ("i.txt", "", "must be a .csv with a header or a .jsonl file"),
    ],
)
def test_wrong_instruction_files(name: str, text: str, said: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(UsageError, match="i\\.") as error:
        read_instructions(tmp_path / name)
    assert said in str(error.value)


def test_slug() -> None:
    assert slug("  Turn it into Van Gogh's style! ") == "turn-it-into-van-gogh-s-style"


def test_missing_results_are_named_or_skipped(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "i.csv").write_text("video,instruction\ndog,make it night\nfox,make it night\n")
    lines = read_instructions(tmp_path / "i.csv")
    methods = [folder / name for name in METHODS]
    with pytest.raises(MediaError, match=r"no video .*sources/fox\.\* and 2 more\. Name"):
        match_results(folder / "sources", methods, lines)
    matches, missing = match_results(folder / "sources", methods, lines, skip_missing=True)
    assert [each.video for each in matches] == ["dog"]
    assert len(missing) == 3


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ((), "a study of pairs needs --a and --b; for single results say --standalone"),
        (("--b", "sources", "--names", "one"), "--names one: must be 2 names, one for each folder, --a first"),
        (("--b", "secretalpha"), "two methods are called secretalpha; tell them apart with --names NAME,NAME"),
        (("--b", "nowhere"), "nowhere is no folder. Give a folder of videos."),
        (("--b", "sources", "--raters", "0"), "--raters 0: must lie in 1..1000"),
    ],
)
def test_wrong_requests(
    words: tuple[str, ...], line: str, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(folder)
    request = [
        "lab",
        "study",
        "build",
        "--source",
        "sources",
        "--a",
        METHODS[0],
        "--instructions",
        "lines.csv",
        "-o",
        "new",
    ]
    assert main([*request, *words]) in (1, 2)
    assert capsys.readouterr().err == f"fairy: {line}\n"
    assert not (folder / "new").exists()


def test_nothing_that_is_there_is_lost(folder: Path, fresh: Path) -> None:
    places = {"source": folder / "sources", "instructions": folder / "lines.csv"}
    methods = [folder / name for name in METHODS]
    with pytest.raises(OutputError, match=r"exists already"):
        build_study(fresh, methods=methods, **places)
    with Store(fresh) as store:
        store.record(store.rater(store.join()), 0, answers("first"), 1.0)
    with pytest.raises(OutputError, match="holds 1 answers, which would be lost"):
        build_study(fresh, methods=methods, overwrite=True, **places)
    with pytest.raises(OutputError, match="is not of an earlier study"):
        build_study(folder, methods=methods, overwrite=True, **places)


def test_batch_takes_what_has_the_fewest_raters() -> None:
    tasks = choose_batch({1: 2, 2: 0, 3: 1, 4: 3}, [], wanted=3, limit=2, rng=random.Random(0))
    assert {task.item for task in tasks} == {2, 3}


def test_batch_leaves_out_what_has_all_raters_and_then_its_checks() -> None:
    assert choose_batch({1: 3, 2: 3}, [9], wanted=3, limit=0, rng=random.Random(0)) == []


def test_checks_come_never_first_and_anywhere_else() -> None:
    batches = [
        choose_batch(dict.fromkeys(range(4), 0), [9], wanted=3, limit=0, rng=random.Random(n)) for n in range(200)
    ]
    assert {[task.item for task in tasks].index(9) for tasks in batches} == {1, 2, 3, 4}


def test_left_and_right_are_drawn_evenly() -> None:
    batches = [
        choose_batch(dict.fromkeys(range(5), 0), [], wanted=3, limit=0, rng=random.Random(n)) for n in range(400)
    ]
    assert {sum(task.swapped for task in tasks) for tasks in batches} == {2, 3}
    assert len({tuple(task.swapped for task in tasks) for tasks in batches}) == 20  # all ways to choose 2 or 3 of 5
    shares = Counter(task.item for tasks in batches for task in tasks if task.swapped)
    assert all(0.4 < shares[item] / len(batches) < 0.6 for item in range(5))


@pytest.mark.parametrize("swapped", [False, True])
def test_screen_and_store_agree(swapped: bool) -> None:
    for answer in PAIRS.choices:
        assert from_screen(to_screen(answer, swapped), swapped) == answer
    assert to_screen("first", swapped) == ("right" if swapped else "left")


def test_three_raters_a_pair_and_no_more(fresh: Path) -> None:
    with Store(fresh) as store:
        lengths = [len(store.progress(store.rater(store.join()))) for _ in range(4)]
    assert lengths == [6, 6, 6, 0]


def test_raters_who_went_away_make_room(fresh: Path) -> None:
    with Store(fresh) as store:
        for _ in range(3):
            store.join()
    with sqlite3.connect(fresh / "study.sqlite") as connection:
        connection.execute("UPDATE raters SET seen = seen - 7200")
    connection.close()
    with Store(fresh) as store:
        assert len(store.progress(store.rater(store.join()))) == 6


def test_votes_of_raters_who_fail_checks_are_asked_for_again(fresh: Path) -> None:
    with Store(fresh) as store:
        for _ in range(3):
            rater = store.rater(store.join())
            for position in range(len(store.progress(rater))):
                store.record(rater, position, answers("both_bad"), 1.0)
        assert len(store.progress(store.rater(store.join()))) == 6


def test_a_vote_sent_twice_counts_once_and_the_last_counts(fresh: Path) -> None:
    with Store(fresh) as store:
        rater = store.rater(store.join())
        for answer in ("first", "both_good"):
            store.record(rater, 0, answers(answer), 1.0)
        (vote,) = store.votes()
        assert vote.answers == store.task(rater, 0).answers == answers("both_good")


def test_raters_who_join_at_once_get_balanced_shares(fresh: Path) -> None:
    with Store(fresh) as store:
        threads = [threading.Thread(target=store.join) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    with sqlite3.connect(fresh / "study.sqlite") as connection:
        query = "SELECT COUNT(*) FROM tasks JOIN items ON items.id = item WHERE expected IS NULL GROUP BY item"
        assert [row[0] for row in connection.execute(query)] == [3, 3, 3]
    connection.close()


def test_small_batches_are_followed_by_more(fresh: Path) -> None:
    with sqlite3.connect(fresh / "study.sqlite") as connection:
        connection.execute("UPDATE facts SET value = '2' WHERE name = 'per_rater'")
    connection.close()
    with Store(fresh) as store:
        rater = store.rater(store.join())
        assert (len(store.progress(rater)), store.num_open(rater)) == (5, 1)  # with three attention checks
        assert (store.more(rater), len(store.progress(rater)), store.num_open(rater)) == (1, 6, 0)


def test_a_folder_without_a_study_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"holds no study\.sqlite"):
        Store(tmp_path)
