"""What help says, how fast, and that it is the same in docs/reference/command-line.md."""

import resource
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest

from fairy.cli.main import main
from fairy.cli.reference import refreshed
from fairy.config import EditConfig, JobConfig, MaskConfig, ModelConfig, RunConfig, VideoConfig, flag

Printed = pytest.CaptureFixture[str]
REFERENCE = Path(__file__).parents[2] / "docs" / "reference" / "command-line.md"
HEAVY = {"torch", "transformers", "diffusers", "av", "gradio", "numpy"}
REFUSED = [["edit"], ["edit", "a.mp4", "b", "-o", "c.mp4", "--seed", "-1"], ["edit", "a.mp4", "b", "-o", "c", "--x"]]


@pytest.fixture
def help_of(monkeypatch: pytest.MonkeyPatch, capsys: Printed):
    """What a command prints when it is asked for help, on so many columns."""

    def ask(*words: str, columns: int = 80) -> str:
        monkeypatch.setenv("COLUMNS", str(columns))
        assert main([*words, "--help"]) == 0
        return capsys.readouterr().out

    return ask


def python(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout


def test_help_and_wrong_words_import_nothing_heavy():
    asked = [["--help"], ["edit", "--help"], ["lab", "--help"], ["lab", "eval", "--help"], *REFUSED]
    code = f"import sys\nfrom fairy.cli.main import main\nfor words in {asked}: main(words)"
    assert python(f"{code}\nprint({HEAVY} & set(sys.modules))").splitlines()[-1] == "set()"


def test_help_takes_less_than_half_a_second():
    def processor_seconds() -> float:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        python("from fairy.cli.main import main; main(['edit', '--help'])")
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    assert min(processor_seconds() for _ in range(3)) < 0.5


def test_the_first_help_fits_one_screen(help_of):
    lines = help_of().splitlines()
    assert len(lines) <= 24
    assert max(map(len, lines)) <= 80


def test_the_first_help_begins_with_an_example(help_of):
    assert 'fairy edit clip.mp4 "make it night" -o night.mp4' in help_of().split("Commands")[0]


def test_no_words_print_the_first_help(help_of, capsys: Printed):
    first = help_of()
    assert main([]) == 0
    assert capsys.readouterr().out == first


@pytest.mark.parametrize("words", [[], ["lab"], ["lab", "track"], ["lab", "study"]])
def test_each_command_has_one_line(words: list[str], help_of):
    listed = help_of(*words).split("Commands\n")[1].split("\n\n")[0].splitlines()
    assert all(line.endswith(".") for line in listed)


@pytest.mark.parametrize("columns", [80, 120])
def test_no_line_is_too_long(columns: int, help_of):
    assert max(map(len, help_of("edit", columns=columns).splitlines())) <= columns


def test_what_everyone_uses_comes_first_and_what_experts_use_last(help_of):
    parts = dict(part.split("\n", 1) for part in help_of("edit").split("\n\n")[3:])
    first, *_, last, examples = parts
    assert (first, last, examples) == ("Arguments", "Expert", "Examples")
    assert all(flag(name) in parts["Options"] for name in ("output", "seed", "fast", "size", "mask", "workers"))
    assert all(
        flag(name) in parts["Expert"] for name in ("bank", "micro_batch", "decoder", "dtype", "scheduler", "long_side")
    )


@pytest.mark.parametrize("config", [EditConfig, ModelConfig, VideoConfig, MaskConfig, JobConfig, RunConfig])
def test_every_setting_is_an_option_with_its_words(config: type, help_of):
    shown = help_of("edit")
    names = {each.name for each in fields(config)} - {"guided_share", "given"}
    assert not [name for name in names if f"  {flag(name)} " not in shown]


def test_values_have_readable_names(help_of):
    shown = help_of("edit")
    values = ["--num-anchors K", "--start SECONDS", "--mask FILE", "--anchor N=PICTURE", "--anchors N,N,..."]
    assert all(value in shown for value in values)


def test_defaults_are_told_in_words(help_of):
    shown = " ".join(help_of("edit").split())
    assert "How strongly the instruction is followed. (default: the model's own)" in shown
    assert "(default: 1; of a cluster: auto)" in shown


def test_the_reference_is_what_help_says():
    text = REFERENCE.read_text(encoding="utf-8")
    assert refreshed(text) == text, "write it anew: python -m fairy.cli.reference docs/reference/command-line.md"


def test_the_reference_has_every_command():
    text = REFERENCE.read_text(encoding="utf-8")
    commands = ["edit", "preview", "redo", "verify", "info", "models", "demo", "ui", "train"]
    lab = [f"lab {name}" for name in ("eval", "bench", "ablate", "truth", "track", "synth", "study", "gallery")]
    assert all(f"<!-- fairy {command} -->" in text for command in commands + lab)


def test_completion_is_installed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: Printed):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr("cyclopts.completion.detect.detect_shell", lambda: "bash")
    assert main(["--install-completion"]) == 0
    path = Path(capsys.readouterr().out.split(" is there")[0])
    assert path.is_relative_to(tmp_path)
    assert "--num-anchors" in path.read_text()


def test_a_shell_that_is_not_known_is_told(monkeypatch: pytest.MonkeyPatch, capsys: Printed):
    from cyclopts.completion.detect import ShellDetectionError

    def refuse() -> str:
        raise ShellDetectionError

    monkeypatch.setattr("cyclopts.completion.detect.detect_shell", refuse)
    assert main(["--install-completion"]) == 2
    assert "none of bash, zsh, fish and PowerShell" in capsys.readouterr().err
