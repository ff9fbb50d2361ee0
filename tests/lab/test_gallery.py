"""The page of results: what is read from the videos, which files it gets, and that it needs nothing else."""

import json
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import pytest

import fairy
from clips import make
from fairy.cli.main import main
from fairy.errors import MediaError, OutputError
from fairy.lab.gallery import make_gallery
from fairy.models import Model
from fairy.video import probe

INSTRUCTION = "make it <night> & snow"


class Page(HTMLParser):
    """The attributes of a page's videos, and its text."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.videos: list[dict[str, str | None]] = []
        self.addresses: list[str] = []
        self.text = ""
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.videos += [given] if tag == "video" else []
        self.addresses += [given[name] or "" for name in ("src", "href", "poster") if name in given]

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture(scope="module")
def edited(sd_model: Model, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """clip.mp4 and results/: two edits of it."""
    folder = tmp_path_factory.mktemp("gallery")
    make(folder / "clip.mp4", num_frames=3, size=(32, 32))
    (folder / "results").mkdir()
    for name, seed in (("one.mp4", 1), ("two.mkv", 2)):
        fairy.edit_video(
            folder / "clip.mp4",
            INSTRUCTION,
            folder / "results" / name,
            edit=fairy.EditConfig(seed=seed, num_steps=2, num_anchors=1),
            video=fairy.VideoConfig(long_side=32),
            model=sd_model,
        )
    return folder


@pytest.fixture
def results(edited: Path, tmp_path: Path) -> Path:
    """A copy that a test may change."""
    return Path(shutil.copytree(edited, tmp_path / "copy")) / "results"


def test_page_shows_source_and_edits_with_instruction_and_settings(results: Path, tmp_path: Path) -> None:
    made = make_gallery(results, tmp_path / "page")
    page = Page(made.page)
    assert (made.num_sources, made.num_edits) == (1, 2)
    assert [video["aria-label"] for video in page.videos] == ["source", INSTRUCTION, INSTRUCTION]
    assert "1 anchor ·" in page.text
    assert all(f"2 steps · text 7.5 · image 1.5 · seed {seed}" in page.text for seed in (1, 2))


def test_page_needs_nothing_but_its_own_files(results: Path, tmp_path: Path) -> None:
    page = Page(make_gallery(results, tmp_path / "page").page)
    files = [address for address in page.addresses if address != "data:,"]
    assert sorted(f"media/{path.name}" for path in (tmp_path / "page" / "media").iterdir()) == sorted(files)
    assert not re.search(r"https?:|//[a-z]", (tmp_path / "page" / "index.html").read_text())
    assert all(video["preload"] == "none" for video in page.videos)


def test_videos_that_browsers_play_are_copied_and_others_encoded(results: Path, tmp_path: Path) -> None:
    make_gallery(results, tmp_path / "page")
    media = tmp_path / "page" / "media"
    assert (media / "one.mp4").read_bytes() == (results / "one.mp4").read_bytes()
    assert (probe(media / "two.mp4").codec, len(probe(media / "two.mp4"))) == ("h264", 3)


def test_linked_videos_stay_where_they_are(results: Path, tmp_path: Path) -> None:
    page = Page(make_gallery(results, tmp_path / "page", link=True).page)
    source, one, two = (video["src"] for video in page.videos)
    assert (source, one, two) == ("../copy/clip.mp4", "../copy/results/one.mp4", "media/two.mp4")
    assert (tmp_path / "page" / str(one)).resolve() == results / "one.mp4"


def test_metrics_are_shown_from_where_eval_writes_them(results: Path, tmp_path: Path) -> None:
    (results / "scores.csv").write_text("edited,warp_error,flicker_source\nelse/one.mp4,9,9\nresults/one.mp4,1.5,9\n")
    (results / "two").mkdir()
    (results / "two" / "scores.json").write_text(json.dumps({"tem_con": 0.98765, "motion_kept": None, "notes": []}))
    text = Page(make_gallery(results, tmp_path / "page").page).text
    assert re.search(r"warp error\s*1.50 levels", text)
    assert re.search(r"Tem-Con\s*0.988", text)
    assert "motion kept" not in text
    assert "of the source" not in text


def test_another_file_of_the_sources_name_is_not_taken_for_it(results: Path, tmp_path: Path) -> None:
    make(results.parent / "clip.mp4", num_frames=2, size=(32, 32))
    assert len(Page(make_gallery(results, tmp_path / "page").page).videos) == 2
    make(tmp_path / "clip.mp4", num_frames=3, size=(32, 32))
    assert len(Page(make_gallery(results, tmp_path / "again", sources=tmp_path / "clip.mp4").page).videos) == 3


def test_what_carries_no_recipe_is_left_out(results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make(results / "other.mp4", num_frames=2)
    assert main(["lab", "gallery", str(results), "-o", str(tmp_path / "page")]) == 0
    said = capsys.readouterr()
    assert "edits: 2, sources: 1" in said.out
    assert "other.mp4 carries no recipe" in said.err


def test_a_folder_without_results_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lab", "gallery", str(tmp_path), "-o", str(tmp_path / "page")]) == 1
    assert capsys.readouterr().err.endswith(
        "holds no video with a recipe. Give a folder of videos that Fairy has edited.\n"
    )
    with pytest.raises(MediaError, match="is no folder"):
        make_gallery(tmp_path / "nowhere", tmp_path / "page")


def test_only_an_earlier_page_is_replaced(results: Path, tmp_path: Path) -> None:
    output = tmp_path / "page"
    make_gallery(results, output)
    with pytest.raises(OutputError, match="exists"):
        make_gallery(results, output)
    make_gallery(results, output, overwrite=True)
    (output / "thesis.txt").write_text("x")
    with pytest.raises(OutputError, match=r"thesis\.txt is not of an earlier gallery"):
        make_gallery(results, output, overwrite=True)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["copy", "page"]


def test_a_page_below_the_results_does_not_show_itself(results: Path) -> None:
    make_gallery(results, results / "page")
    assert make_gallery(results, results / "page", overwrite=True).num_edits == 2
