"""The command line: words in, lines and exit codes out."""

import json
import resource
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest
from PIL import Image

import fairy
import fairy.jobs.edit
from cli_reference import REFERENCE, help_of, refreshed
from clips import make, stamps
from fairy.cli.main import main
from fairy.config import EditConfig, ModelConfig, RunConfig, VideoConfig, flag

Printed = pytest.CaptureFixture[str]
QUICK = ["--long-side", "64", "--num-steps", "2"]
# One that each of the early checks refuses, and one for tyro.
REFUSED = [
    ["edit", "no.mp4", "make it night", "-o", "out.mp4"],
    ["edit", "no.mp4", " ", "-o", "out.mp4"],
    ["edit", "no.mp4", "make it night", "-o", "out.doc"],
    ["preview", "no.mp4", "make it night", "-o", "out.mp4"],
    ["edit", "no.mp4", "make it night", "-o", "out.mp4", "--seed", "-1"],
    ["edit"],
]


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("clip") / "clip.mp4", num_frames=6)


@pytest.fixture
def edit(clip: Path, sd_folder: Path, tmp_path: Path) -> list[str]:
    """The words of an edit that works."""
    return ["edit", str(clip), "make it night", "-o", str(tmp_path / "out.mp4"), "--model", str(sd_folder), *QUICK]


def python(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout


def test_help_and_early_errors_import_nothing_heavy():
    heavy = {"torch", "transformers", "diffusers"}
    ask = f"for words in [['--help'], ['edit', '--help'], *{REFUSED}]: main(words)"
    code = f"import sys, fairy\nfrom fairy.cli.main import main\n{ask}\nprint({heavy} & set(sys.modules))"
    assert python(code).splitlines()[-1] == "set()"


def test_help_takes_less_than_half_a_second():
    def processor_seconds() -> float:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        python("from fairy.cli.main import main; main(['edit', '--help'])")
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    assert min(processor_seconds() for _ in range(3)) < 0.5


@pytest.mark.parametrize("command", ["edit", "preview"])
def test_every_setting_is_an_option(command: str):
    names = [flag(f.name) for config in (EditConfig, ModelConfig, VideoConfig, RunConfig) for f in fields(config)]
    assert not [name for name in names if f"{name} " not in help_of([command])]


def test_the_reference_is_what_help_says(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("COLUMNS", "80")
    text = REFERENCE.read_text(encoding="utf-8")
    assert refreshed(text) == text, "write it anew: python tests/cli_reference.py"


def test_version(capsys: Printed):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"fairy {fairy.__version__}\n"


def test_no_words_print_the_help(capsys: Printed):
    assert main([]) == 0
    assert "preview" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["edit"], "INPUT -o OUTPUT"),
        (["edit", "a.mp4", "-o", "b.mp4"], "the instruction is missing"),
        (["edit", "a.mp4", "night", "-o", "b.mp4", "--workers", "0"], "--workers 0: must lie in 1"),
        (["edit", "a.mp4", "night", "-o", "b.mp4", "--workers", "x"], "--workers x: must be a whole number, or auto"),
        (["edit", "a.mp4", "make", "it", "night", "-o", "b.mp4"], "in quotes"),
        (["edit", "a.mp4", "night", "-o", "b.mp4", "--sede", "3"], "Did you mean --seed?"),
        (["edit", "a.mp4", "night", "-o", "b.mp4", "--seed"], "--seed"),
        (["edit", "a.mp4", "night", "-o", "b.mp4", "--seed", "x"], "--seed x: must be a whole number"),
        (["edit", "a.mp4", "night", "-o", "b.mp4", "--num-steps", "0"], "--num-steps 0: must lie in 1..1000"),
        (["edit", "a.mp4", "night", "-o", "b.mp4", "--start", "3", "--end", "2"], "must be later than --start 3"),
        (["edit", "a.mp4", "  ", "-o", "b.mp4"], "the instruction is empty"),
        (["demo", "--bank", "host"], "there is no option --bank"),
        (["exit"], "{edit, preview, redo, verify, info, models, demo, synth, "),
    ],
)
def test_wrong_usage_is_one_line_and_exit_code_2(words: list[str], line: str, capsys: Printed):
    assert main(words) == 2
    said = capsys.readouterr().err
    assert line in said
    assert said.startswith("fairy: ")
    assert said.count("\n") == 1


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
    monkeypatch.setattr(fairy.jobs.edit, "edit_video", lambda *_, **settings: given.update(settings) or interrupt())
    main([*edit, "--text-guidance", "3.5", "--num-anchors", "1", "--start", "0.1", "--batch-size", "4", "--lora", "x"])
    assert given["edit"] == EditConfig(num_steps=2, text_guidance=3.5, num_anchors=1)
    assert given["model"] == ModelConfig(model=edit[6], lora="x")
    assert given["video"] == VideoConfig(long_side=64, start=0.1)
    assert given["run"] == RunConfig(batch_size=4)


def interrupt(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


def fail(*_: object, **__: object) -> None:
    raise ZeroDivisionError("of two\nlines")


def test_an_interrupt_is_one_line(edit: list[str], monkeypatch: pytest.MonkeyPatch, capsys: Printed):
    monkeypatch.setattr(fairy.jobs.edit, "edit_video", interrupt)
    assert main(edit) == 130
    assert capsys.readouterr().err == "fairy: interrupted\n"


def test_a_bug_is_one_line(edit: list[str], monkeypatch: pytest.MonkeyPatch, capsys: Printed):
    monkeypatch.setattr(fairy.jobs.edit, "edit_video", fail)
    assert main(edit) == 1
    said = capsys.readouterr().err
    assert said.startswith("fairy: ZeroDivisionError: of two lines (")
    assert said.count("\n") == 1


def test_debug_prints_the_traceback(edit: list[str], monkeypatch: pytest.MonkeyPatch, capsys: Printed):
    monkeypatch.setattr(fairy.jobs.edit, "edit_video", fail)
    assert main([*edit, "--debug"]) == 1
    assert "Traceback" in capsys.readouterr().err


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
