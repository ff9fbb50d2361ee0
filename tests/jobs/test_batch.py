"""Many videos by one command: lists, folders, the account, and what happens when some fail."""

import json

import pytest
from PIL import Image

from clips import make
from fairy.cli.main import main
from fairy.errors import OutputError, UsageError
from fairy.jobs.batch import ACCOUNT, edit_list
from fairy.jobs.listing import is_listing, read_listing
from fairy.jobs.workers.dispatch import open_many
from fairy.report import SILENT
from jobs import EDIT, SMALL, Listener


@pytest.fixture(scope="session")
def videos(tmp_path_factory):
    folder = tmp_path_factory.mktemp("videos")
    for name in ("b10.mp4", "b9.mkv"):
        make(folder / name, num_frames=3)
    return folder


def write_csv(folder, *lines, name="list.csv"):
    path = folder / name
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def edit(entries, folder, model, **options):
    return edit_list(entries, folder, **{"edit": EDIT, "video": SMALL, "model": model} | options)


def test_a_folder_of_videos_is_taken_in_the_order_of_its_numbers(videos):
    entries = read_listing(videos, "make it night")
    assert [(entry.video.name, entry.output) for entry in entries] == [("b9.mkv", "b9.mkv"), ("b10.mp4", "b10.mp4")]


def test_a_folder_with_pictures_is_one_video(tmp_path):
    make(tmp_path / "a.mp4", num_frames=2)
    assert is_listing(tmp_path)
    Image.new("RGB", (8, 8)).save(tmp_path / "0.png")
    assert not is_listing(tmp_path)


def test_csv_and_json_lines_say_the_same(videos):
    table = write_csv(videos, "video,instruction,output", 'b9.mkv,"night, please",x.mp4', "b10.mp4,,")
    rows = [{"video": "b9.mkv", "instruction": "night, please", "output": "x.mp4"}, {"video": "b10.mp4"}]
    lines = write_csv(videos, *map(json.dumps, rows), name="list.jsonl")
    assert read_listing(table, "snow") == read_listing(lines, "snow")


def test_one_video_under_two_instructions_has_two_names(videos):
    table = write_csv(videos, "video,instruction", "b9.mkv,make it night", "b9.mkv,make it snow")
    assert [entry.output for entry in read_listing(table, None)] == ["b9-make-it-night.mkv", "b9-make-it-snow.mkv"]


@pytest.mark.parametrize(
    ("lines", "complaint"),
    [
        (["video,instrution", "b9.mkv,x"], "line 2: instrution: the columns are video, instruction, output"),
        (["video,instruction", "gone.mp4,x"], "gone.mp4 does not exist"),
        (["video,instruction", "b9.mkv,"], "line 2: there is no instruction"),
        (["video,instruction", ",x"], "line 2: there is no video"),
        (["video,instruction,output", "b9.mkv,x,../y.mp4"], "must be a name in the folder"),
        (["video,instruction", "b9.mkv,x", "b9.mkv,x"], "2 results would be named b9-x.mkv"),
        (["video,instruction"], "holds no row"),
    ],
)
def test_a_row_that_is_not_understood_is_refused(videos, lines, complaint):
    with pytest.raises(UsageError, match=complaint):
        read_listing(write_csv(videos, *lines), None)


def test_what_the_account_tells_as_done_is_not_done_again(videos, sd_model, tmp_path):
    entries = read_listing(videos, "make it night")
    edit(entries[:1], tmp_path / "out", sd_model)
    second = edit(entries, tmp_path / "out", sd_model)
    assert (len(second.results), second.num_skipped) == (1, 1)
    assert len((tmp_path / "out" / ACCOUNT).read_text().splitlines()) == 2


def test_a_result_of_other_settings_is_kept(videos, sd_model, tmp_path):
    edit(read_listing(videos, "make it night"), tmp_path, sd_model)
    with pytest.raises(OutputError, match=r"b9\.mkv exists already"):
        edit(read_listing(videos, "make it snow"), tmp_path, sd_model)


def test_a_video_that_fails_does_not_stop_the_others(sd_model, tmp_path):
    (tmp_path / "a.mp4").write_text("no video")
    make(tmp_path / "c.mp4", num_frames=3)
    result = edit(read_listing(tmp_path, "make it night"), tmp_path / "out", sd_model)
    assert [each.output.name for each in result.results] == ["c.mp4"]
    assert list(result.failures) == ["a.mp4"]


def test_a_file_is_no_folder_for_results(videos, sd_model, tmp_path):
    (tmp_path / "out").write_text("mine")
    with pytest.raises(OutputError, match="cannot be the folder"):
        edit(read_listing(videos, "make it night"), tmp_path / "out", sd_model)


def test_an_interrupted_batch_says_how_far_it_came(videos, sd_model, tmp_path):
    entries = read_listing(videos, "make it night")
    with pytest.raises(KeyboardInterrupt, match="1 of 2 videos are done"):
        edit(entries, tmp_path / "out", sd_model, report=Listener(5))
    assert edit(entries, tmp_path / "out", sd_model).num_skipped == 1


def test_one_bar_counts_the_frames_of_all(videos, sd_model, tmp_path):
    told = []
    report = Listener()
    report.progress = lambda stage, done, total: stage == "frames" and told.append((done, total))
    edit(read_listing(videos, "make it night"), tmp_path, sd_model, report=report)
    assert told[-1] == (6, 6)
    assert {total for _, total in told} == {6}


@pytest.mark.usefixtures("ray")
def test_videos_share_workers_and_come_out_as_from_one(videos, sd_model, tmp_path):
    entries = read_listing(videos, "make it night")
    edit(entries, tmp_path / "alone", sd_model)
    with open_many(sd_model, None, 2, None, SILENT) as renderer:
        edit(entries, tmp_path / "shared", renderer)
    for entry in entries:
        assert (tmp_path / "shared" / entry.output).read_bytes() == (tmp_path / "alone" / entry.output).read_bytes()


def test_the_command_edits_a_list_and_fails_if_a_video_does(videos, sd_folder, tmp_path, capsys):
    (videos / "list.csv").unlink(missing_ok=True)
    (tmp_path / "a.mp4").write_text("no video")
    table = write_csv(tmp_path, "video", str(videos / "b9.mkv"), "a.mp4")
    words = ["edit", str(table), "make it night", "-o", str(tmp_path / "out"), "--model", str(sd_folder)]
    assert main([*words, "--device", "cpu", "--num-steps", "1", "--long-side", "64"]) == 1
    said = capsys.readouterr()
    assert "1 of 2 videos edited" in said.out
    assert "fairy: 1 of 2 videos failed (see results.jsonl): a.mp4" in said.err
