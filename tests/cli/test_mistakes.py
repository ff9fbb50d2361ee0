"""Words that no command understands: one line says which, and what to do."""

import pytest

from fairy.cli.main import main

Printed = pytest.CaptureFixture[str]
NIGHT = ["edit", "a.mp4", "night", "-o", "b.mp4"]


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["edit"], "INPUT is missing. It is written: fairy edit INPUT INSTRUCTION -o OUTPUT [OPTIONS]"),
        (["edit", "a.mp4", "night"], "-o OUTPUT is missing. It is written: fairy edit INPUT"),
        (["edit", "a.mp4", "night", "--ouput", "b.mp4"], "Did you mean --output instead of --ouput?"),
        (
            ["edit", "a.mp4", "-o", "b.mp4"],
            'the instruction is missing; say what to change, for example "make it night"',
        ),
        (["edit", "a.mp4", "  ", "-o", "b.mp4"], "the instruction is empty"),
        (
            ["edit", "a.mp4", "make", "it", "night", "-o", "b.mp4"],
            "too many words: it night. Put an instruction of sev",
        ),
        (["models", "all"], "too many words: all. See fairy models --help."),
        ([*NIGHT, "--sede", "3"], "there is no option --sede. Did you mean --seed?"),
        ([*NIGHT, "--guided-share", "1"], "there is no option --guided-share. See fairy edit --help."),
        (["demo", "--bank", "host"], "there is no option --bank. See fairy demo --help."),
        (["preview", *NIGHT[1:], "--keep-job"], "there is no option --keep-job"),
        ([*NIGHT, "--no-fast"], "there is no option --no-fast. Did you mean --fast?"),
        (["edit", "--input", "a.mp4", "night", "-o", "b.mp4"], "there is no option --input"),
        (["--sede"], "there is no option --sede. See fairy --help."),
        (["edti"], "there is no command edti. Did you mean fairy edit?"),
        (["eval"], "there is no command eval. Did you mean fairy lab eval?"),
        (["lab", "evil"], "there is no command evil. Did you mean fairy lab eval?"),
        (
            ["lab", "xyz"],
            "there is no command xyz. There are eval, bench, ablate, truth, fullsize, track, synth, study and gallery",
        ),
        ([*NIGHT, "--seed"], "--seed wants a value: --seed SEED"),
        ([*NIGHT, "--fast=maybe"], "--fast takes no value"),
    ],
)
def test_what_cannot_be_understood(words: list[str], line: str, capsys: Printed):
    assert main(words) == 2
    said = capsys.readouterr().err
    assert line in said
    assert said.startswith("fairy: ")
    assert said.count("\n") == 1


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["--num-anchors", "two"], "--num-anchors two: must be a whole number"),
        (["--num-anchors", "2.5"], "--num-anchors 2.5: must be a whole number"),
        (["--text-guidance", "much"], "--text-guidance much: must be a number"),
        (["--text-guidance", "nan"], "--text-guidance nan: must be a finite number, 0 or more"),
        (["--text-guidance", "inf"], "--text-guidance inf: must be a finite number, 0 or more"),
        (["--text-guidance", "-1"], "--text-guidance -1.0: must be a finite number, 0 or more"),
        (["--num-steps", "0"], "--num-steps 0: must lie in 1..1000"),
        (["--start", "3", "--end", "2"], "must be later than --start 3"),
        (["--workers", "0"], "--workers 0: must lie in 1"),
        (["--workers", "x"], "--workers x: must be a whole number, or auto"),
        (["--anchors", "1,x"], "--anchors 1,x: must be whole numbers, such as 0,57,119"),
        (["--anchor", "5"], "--anchor 5: must be a frame and a picture, such as 57=edited.png"),
        (["--bank", "attic"], "--bank attic: must be one of auto, device, host"),
    ],
)
def test_values_that_cannot_be(words: list[str], line: str, capsys: Printed):
    assert main([*NIGHT, *words]) == 2
    said = capsys.readouterr().err
    assert line in said
    assert said.startswith("fairy: ")
    assert said.count("\n") == 1


def test_a_word_that_looks_like_an_option_stands_after_two_dashes(capsys: Printed):
    assert main(["edit", "a.mp4", "-o", "b.mp4", "--", "--night--"]) == 1
    assert "a.mp4 does not exist" in capsys.readouterr().err
