"""The command line: parse, call, print, exit code. Nothing heavy is imported before it is known to be needed.

stdout carries results, stderr progress and errors. Exit codes: 0 done, 1 the world is not as it must be, 2 wrong usage,
130 interrupted.
"""

from __future__ import annotations

import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import Any

from cyclopts import CycloptsError

from fairy import __version__
from fairy.cli.edit import edit, preview
from fairy.cli.kept import info, redo, verify
from fairy.cli.mistakes import explain
from fairy.cli.options import Commands
from fairy.cli.start import demo, models, ui
from fairy.cli.train import train
from fairy.errors import FairyError, UsageError

ABOUT = """Edit a video by a plain instruction; all frames come out in one look.

fairy edit clip.mp4 "make it night" -o night.mp4"""
BELOW = """`fairy COMMAND --help` explains a command, `fairy --version` prints the version,
`fairy --install-completion` lets your shell complete commands and options.
Any command with --debug also shows where in the code an error comes from."""
EXAMPLES = """Examples
  fairy edit clip.mp4 "make it night" -o night.mp4
  fairy edit clip.mp4 "make it night" -o night.mp4 --start 2 --end 4.5
  fairy edit clip.mov "make it snow" -o snow.webm --text-guidance 9 --seed 7
  fairy edit frames/ "turn it into a pencil sketch" -o sketched/ --num-anchors 5"""

app = Commands(name="fairy", help=ABOUT, help_epilogue=BELOW, version=f"fairy {__version__}")
app.offer(edit, usage="fairy edit INPUT INSTRUCTION -o OUTPUT [OPTIONS]", help_epilogue=EXAMPLES)
for each in (preview, redo, verify, info, models, demo, ui, train):
    app.offer(each)
for flags in (app.help_flags, app.version_flags):
    app[flags[0]].show = False  # BELOW names them
LAB = "Measure, compare and study: what researchers do with edits."
app.command("fairy.cli.lab:app", name="lab", help=LAB, sort_key=len(list(app)))


@app.command(name="--install-completion", show=False)
def install_completion() -> None:
    """Let the shell complete commands and options."""
    from cyclopts.completion.detect import ShellDetectionError

    try:
        path = app.install_completion()
    except ShellDetectionError as error:
        raise UsageError("--install-completion: this is none of bash, zsh, fish and PowerShell") from error
    print(f"{path} is there, and your shell reads it when it starts next.")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    words = list(sys.argv[1:] if argv is None else argv)
    debug = "--debug" in words
    try:
        call = parse([word for word in words if word != "--debug"])
        with stopped_by_sigterm():
            call()
        return 0
    except KeyboardInterrupt as interrupt:
        print(f"fairy: interrupted{f': {interrupt}' if interrupt.args else ''}", file=sys.stderr)
        return 130
    except FairyError as error:
        complain(error, " ".join(str(error).splitlines()), debug)
        return error.exit_code
    except Exception as error:  # noqa: BLE001  a bug of ours, which only here becomes one line
        line = " ".join(f"{type(error).__name__}: {error}".splitlines())
        complain(error, f"{line} (an error in Fairy; run again with --debug for the traceback)", debug)
        return 1


def parse(words: list[str]) -> Callable[[], Any]:
    """What the words ask for. UsageError, in one line, where they ask for nothing that is there."""
    try:
        command, given, _ = app.parse_args(words, exit_on_error=False, print_error=False)
    except CycloptsError as error:
        raise explain(error) from error
    return lambda: command(*given.args, **given.kwargs)


@contextmanager
def stopped_by_sigterm() -> Iterator[None]:
    """Let SIGTERM interrupt as Ctrl-C does."""

    def interrupt(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
        raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():  # where Python takes no signals
        yield
        return
    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def complain(error: BaseException, line: str, debug: bool) -> None:
    """One line on stderr; before it the traceback where it is asked for."""
    if debug:
        traceback.print_exception(error)
    print(f"fairy: {line}", file=sys.stderr)
