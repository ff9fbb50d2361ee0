"""What a terminal shows of a job."""

from io import StringIO

import pytest
from rich.console import Console

from fairy.cli import terminal as progress
from fairy.cli.terminal import Terminal
from fairy.report import describe_progress


@pytest.mark.parametrize(
    ("done", "total", "seconds", "words"),
    [
        (0, 24, 5.0, "0 %, 0/24 frames"),
        (6, 24, 0.5, "25 %, 6/24 frames"),
        (6, 24, 3.0, "25 %, 6/24 frames, 2.00 a second, 0:09 left"),
        (10, 3610, 10.0, "0 %, 10/3610 frames, 1.00 a second, 60:00 left"),
        (16, None, 2.0, "16 frames, 8.00 a second"),
    ],
)
def test_describe(done: int, total: int | None, seconds: float, words: str):
    assert describe_progress(done, total, "frames", seconds) == words


def shown(is_terminal: bool) -> str:
    console = Console(file=StringIO(), force_terminal=is_terminal, width=80, color_system=None)
    with Terminal(console) as terminal:
        terminal.note("memory: about 1 [GiB]")
        for done in range(5):
            terminal.progress("frames", done, 4)
    return console.file.getvalue()


def test_a_terminal_gets_a_bar():
    assert "100 %, 4/4 frames" in shown(is_terminal=True)


def test_a_file_gets_the_notes_alone_where_the_job_is_short():
    assert shown(is_terminal=False) == "memory: about 1 [GiB]\n"


def test_a_file_gets_plain_lines_where_the_job_is_long(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(progress, "SECONDS_BETWEEN_LINES", 0.0)
    assert "Editing the frames: 100 %, 4/4 frames\n" in shown(is_terminal=False)


def test_the_speed_counts_from_where_the_stage_began():
    assert describe_progress(40, 100, "frames", 10.0, 20) == "40 %, 40/100 frames, 2.00 a second, 0:30 left"
