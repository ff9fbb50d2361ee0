"""The command line: words in, results and exit codes out."""

import json
from pathlib import Path

import pytest
from PIL import Image

import fairy
from clips import make, stamps
from fairy.cli.main import main
from fairy.config import EditConfig, JobConfig, ModelConfig, RunConfig, VideoConfig

Printed = pytest.CaptureFixture[str]
QUICK = ["--long-side", "64", "--num-steps", "2"]


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("clip") / "clip.mp4", num_frames=6)


@pytest.fixture
def edit(clip: Path, sd_folder: Path, tmp_path: Path) -> list[str]:
    """The words of an edit that works."""
    return ["edit", str(clip), "make it night", "-o", str(tmp_path / "out.mp4"), "--model", str(sd_folder), *QUICK]


def test_version(capsys: Printed):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"fairy {fairy.__version__}\n"


@pytest.mark.parametrize(
    ("changed", "code", "line"),
    [
        ({1: "no.mp4"}, 1, "no.mp4 does not exist"),
        ({1: "text.mp4"}, 1, "text.mp4"),
        ({1: "cut.mp4"}, 1, "cut.mp4"),
        ({4: "no/out.mp4"}, 1, "does not exist"),
        ({4: "there.mp4"}, 1, "--overwrite"),
        ({4: "out.avi"}, 1, ".webm"),
        ({6: "."}, 1, "model_index.json"),
        ({8: "8"}, 2, "--long-side 8"),
        ({9: "--num-anchors", 10: "7"}, 2, "--num-anchors 7: the selected range has 6 frames"),
    ],
)
def test_bad_input_is_one_line_and_leaves_nothing(
    edit: list[str],
    changed: dict[int, str],
    code: int,
    line: str,
    clip: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: Printed,
):
    monkeypatch.chdir(tmp_path)
    Path("text.mp4").write_text("This is no video.")
    Path("cut.mp4").write_bytes(clip.read_bytes()[:500])
    Path("there.mp4").touch()
    before = sorted(tmp_path.iterdir())
    assert main([changed.get(index, word) for index, word in enumerate([*edit, "--quiet"])]) == code
    said = capsys.readouterr().err
    assert line in said
    assert said.count("\n") == 1
    assert sorted(tmp_path.iterdir()) == before


def test_json_is_the_last_line(edit: list[str], tmp_path: Path, capsys: Printed):
    assert main([*edit, "--json", "--seed", "5"]) == 0
    account = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert account["output"] == str(tmp_path / "out.mp4")
    assert (account["num_frames"], account["anchors"], account["seed"]) == (6, [0, 3, 5], 5)
    keys = {"seconds", "frames_per_second", "model", "device", "dtype", "peak_memory_bytes", "notes"}
    assert keys <= set(account)


def test_edit_says_what_it_wrote_and_how_much_memory_it_needs(edit: list[str], clip: Path, capsys: Printed):
    assert main(edit) == 0
    printed = capsys.readouterr()
    assert printed.out.startswith(f"{edit[4]}: 6 frames in ")
    assert printed.out.endswith("anchors: frames 0, 3 and 5\n")
    assert "memory: about" in printed.err
    assert stamps(Path(edit[4])) == stamps(clip)


def test_quiet_prints_nothing(edit: list[str], capsys: Printed):
    assert main([*edit, "--quiet"]) == 0
    assert capsys.readouterr() == ("", "")


def test_preview_writes_a_contact_sheet(edit: list[str], tmp_path: Path, capsys: Printed):
    sheet = str(tmp_path / "sheet.png")
    assert main(["preview", *edit[1:4], sheet, *edit[5:]]) == 0
    with Image.open(sheet) as picture:
        assert picture.format == "PNG"
    assert sheet in capsys.readouterr().out


def test_compare_writes_a_second_video(edit: list[str], tmp_path: Path, clip: Path):
    assert main([*edit, "--compare", str(tmp_path / "both.mp4")]) == 0
    assert stamps(tmp_path / "both.mp4") == stamps(clip)


def test_settings_reach_the_job(edit: list[str], monkeypatch: pytest.MonkeyPatch):
    given = {}
    monkeypatch.setattr("fairy.jobs.calls.edit_video", lambda *_, **settings: given.update(settings) or interrupt())
    main([*edit, "--text-guidance", "3.5", "--num-anchors", "1", "--start", "0.1", "--batch-size", "4", "--lora", "x"])
    assert given["edit"] == EditConfig(num_steps=2, text_guidance=3.5, num_anchors=1)
    assert given["model"] == ModelConfig(model=edit[6], lora="x")
    assert given["video"] == VideoConfig(long_side=64, start=0.1)
    assert given["run"] == RunConfig(batch_size=4)


@pytest.mark.parametrize(
    ("words", "workers"),
    [
        ([], 1),
        (["--workers", "4"], 4),
        (["--workers", "auto"], "auto"),
        (["--ray-address", "10.0.0.1:6379"], "auto"),
        (["--ray-address", "10.0.0.1:6379", "--workers", "1"], 1),
    ],
)
def test_a_cluster_is_used_whole_unless_workers_are_counted(
    edit: list[str], words: list[str], workers: int | str, monkeypatch: pytest.MonkeyPatch
):
    given = {}
    monkeypatch.setattr("fairy.jobs.calls.edit_video", lambda *_, **settings: given.update(settings) or interrupt())
    main([*edit, *words])
    assert given["job"].workers == workers


def test_jobs_are_described_by_options(edit: list[str], monkeypatch: pytest.MonkeyPatch):
    given = {}
    monkeypatch.setattr("fairy.jobs.calls.edit_video", lambda *_, **settings: given.update(settings) or interrupt())
    main([*edit, "--anchors", "4,1", "--anchor", "3=a.png", "--anchor", "5=b.png", "--shots", "off", "--keep-job"])
    pictures = {3: Path("a.png"), 5: Path("b.png")}
    assert given["job"] == JobConfig(anchors=(4, 1), given=pictures, shots="off", keep_job=True)


def interrupt(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


def fail(*_: object, **__: object) -> None:
    raise ZeroDivisionError("of two\nlines")


def test_an_interrupt_is_one_line(edit: list[str], monkeypatch: pytest.MonkeyPatch, capsys: Printed):
    monkeypatch.setattr("fairy.jobs.calls.edit_video", interrupt)
    assert main(edit) == 130
    assert capsys.readouterr().err == "fairy: interrupted\n"


def test_a_bug_is_one_line(edit: list[str], monkeypatch: pytest.MonkeyPatch, capsys: Printed):
    monkeypatch.setattr("fairy.jobs.calls.edit_video", fail)
    assert main(edit) == 1
    said = capsys.readouterr().err
    assert said.startswith("fairy: ZeroDivisionError: of two lines (")
    assert said.count("\n") == 1


@pytest.mark.parametrize("place", [0, 1, 5, 11])
def test_debug_prints_the_traceback_wherever_it_stands(
    edit: list[str], place: int, monkeypatch: pytest.MonkeyPatch, capsys: Printed
):
    monkeypatch.setattr("fairy.jobs.calls.edit_video", fail)
    edit.insert(place, "--debug")
    assert main(edit) == 1
    assert "Traceback" in capsys.readouterr().err


def test_without_debug_there_is_no_traceback(edit: list[str], monkeypatch: pytest.MonkeyPatch, capsys: Printed):
    monkeypatch.setattr("fairy.jobs.calls.edit_video", fail)
    main(edit)
    assert "Traceback" not in capsys.readouterr().err


def test_models_lists_the_embedded_model(capsys: Printed):
    assert main(["models", "--json"]) == 0
    first = json.loads(capsys.readouterr().out)[0]
    assert first["name"] == "embedded"
    assert first["num_bytes"] < 30e6


def test_the_table_of_models_names_them(capsys: Printed):
    assert main(["models"]) == 0
    assert "embedded" in capsys.readouterr().out


def test_public_names_can_be_imported():
    assert all(getattr(fairy, name) is not None for name in fairy.__all__)
    assert set(fairy.__all__) <= set(dir(fairy))


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'edit_videos'"):
        fairy.edit_videos  # noqa: B018
