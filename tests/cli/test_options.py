"""How fields of a dataclass become options."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import pytest
from cyclopts import Parameter

from fairy.cli.options import Commands, Only, Without, Words

Printed = pytest.CaptureFixture[str]


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What is asked for."""

    codec: str | None = None
    """How the video is
    written."""
    crf: int | None = None
    """How well."""
    size: tuple[int, int] = (192, 144)
    """How large."""
    edits: tuple[str, ...] = ("night", "snow")
    """Which ones."""
    mask: Path | None = None
    """Where."""
    turned: bool = True
    """Whether it is turned."""
    gain: float = 1.0
    """How much."""


def asked(note: object = None) -> Commands:
    """An app of one command whose options are those fields."""
    app = Commands(name="fairy")

    def make(*, settings: Annotated[Settings | None, Parameter(name="*"), note] = None) -> Settings | None:
        return settings

    app.offer(make)
    return app


def parse(*words: str, note: object = None) -> Settings | None:
    command, given, _ = asked(note).parse_args(["make", *words], exit_on_error=False, print_error=False)
    return command(*given.args, **given.kwargs)


def shown(capsys: Printed, note: object = None) -> str:
    parse("--help", note=note)
    return " ".join(capsys.readouterr().out.split())


def test_a_new_field_is_an_option_with_its_words(capsys: Printed):
    assert "--codec TEXT How the video is written." in shown(capsys)


@pytest.mark.parametrize(
    ("words", "settings"),
    [
        (["--codec", "av1", "--crf", "20"], Settings(codec="av1", crf=20)),
        (["--size", "64x48"], Settings(size=(64, 48))),
        (["--edits", "wood, hat"], Settings(edits=("wood", "hat"))),
        (["--mask=m.png"], Settings(mask=Path("m.png"))),
        (["--gain", "1e-1"], Settings(gain=0.1)),
        (["--no-turned"], Settings(turned=False)),
        (["--crf", "1", "--crf", "2"], Settings(crf=2)),
        (["--edits", "wood", "--edits", "hat"], Settings(edits=("hat",))),
        (["--no-turned", "--turned"], Settings(turned=True)),
        ([], None),
    ],
)
def test_values_are_read_by_their_type(words: list[str], settings: Settings | None):
    assert parse(*words) == settings


def test_defaults_are_written_as_they_are_typed(capsys: Printed):
    text = shown(capsys)
    assert "--size WxH How large. (default: 192x144)" in text
    assert "--edits TEXT,... Which ones. (default: night,snow)" in text
    assert "--gain X How much. (default: 1)" in text
    assert "--turned, --no-turned Whether it is turned. (default: on)" in text


def test_only_what_is_on_has_a_way_to_turn_it_off(capsys: Printed):
    text = shown(capsys)
    assert "--no-turned" in text
    assert text.count("--no-") == 1


def test_some_fields_can_be_left_out(capsys: Printed):
    assert "--codec" not in shown(capsys, Without("codec"))
    text = shown(capsys, Only("codec"))
    assert ("--codec" in text, "--crf" in text) == (True, False)


def test_a_command_may_have_its_own_words(capsys: Printed):
    assert "--codec NAME How the video is written. (default: h264)" in shown(capsys, Words(codec=("NAME", "h264")))
