"""The command line: parse, call, print, exit code. Nothing heavy is imported before it is known to be needed.

stdout carries results, stderr progress and errors. Exit codes: 0 done, 1 the world is not as it must be, 2 wrong usage,
130 interrupted.
"""

from __future__ import annotations

import json
import signal
import sys
import threading
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated, Any

from tyro.conf import arg, subcommand

from fairy import __version__
from fairy.cli.edit import Edit, Preview
from fairy.cli.kept import Info, Redo, Verify
from fairy.cli.lab.ablate import Ablate
from fairy.cli.lab.bench import Bench
from fairy.cli.lab.eval import Eval
from fairy.cli.lab.study import Gallery, Study
from fairy.cli.lab.synth import Synth
from fairy.cli.lab.track import Track
from fairy.cli.lab.train import Train
from fairy.cli.options import Flag, parse, reporting
from fairy.cli.ui import Ui
from fairy.errors import FairyError

if TYPE_CHECKING:
    from fairy.models import ModelEntry

ABOUT = """Edit videos by instructions: fairy edit clip.mp4 "make it night" -o night.mp4
`fairy COMMAND --help` explains a command, `fairy --version` prints the version."""


@dataclass(frozen=True, kw_only=True)
class Models:
    """List the models that can be loaded without a download."""

    json: Flag = False
    """Print one JSON array instead of a table."""
    debug: Flag = False
    """Print the traceback of an error."""

    def execute(self) -> None:
        """Print the table or the array."""
        from fairy.models import list_models

        models = list_models()
        if self.json:
            print(json.dumps([{**asdict(model), "path": str(model.path)} for model in models]))
        else:
            print_models(models)


@dataclass(frozen=True, kw_only=True)
class Demo:
    """Edit the built-in clip by five instructions.

    Writes five videos, one that shows everything side by side, and a contact sheet."""

    output: Annotated[Path, arg(aliases=["-o"], metavar="FOLDER")] = Path("fairy-demo")
    """The folder to write into. It is made if it is not there."""
    overwrite: Flag = False
    """Replace what an earlier demo wrote."""
    quiet: Flag = False
    """Print nothing but errors."""
    debug: Flag = False
    """Print the traceback of an error."""

    def execute(self) -> None:
        """Edit, tell where to look."""
        from fairy.cli.demo import SHEET, SIDE_BY_SIDE, run_demo

        with reporting(self.quiet) as report:
            videos = run_demo(self.output, overwrite=self.overwrite, report=report)
        if not self.quiet:
            print("\n".join(str(path) for path in videos))
            print(f"Look at {self.output / SIDE_BY_SIDE} and {self.output / SHEET}")


Command = (
    Annotated[Edit, subcommand("edit")]
    | Annotated[Preview, subcommand("preview")]
    | Annotated[Redo, subcommand("redo")]
    | Annotated[Verify, subcommand("verify")]
    | Annotated[Info, subcommand("info")]
    | Annotated[Models, subcommand("models")]
    | Annotated[Demo, subcommand("demo")]
    | Annotated[Synth, subcommand("synth")]
    | Annotated[Track, subcommand("track")]
    | Annotated[Eval, subcommand("eval")]
    | Annotated[Ablate, subcommand("ablate")]
    | Annotated[Bench, subcommand("bench")]
    | Annotated[Study, subcommand("study")]
    | Annotated[Gallery, subcommand("gallery")]
    | Annotated[Train, subcommand("train")]
    | Annotated[Ui, subcommand("ui")]
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    words = list(sys.argv[1:] if argv is None else argv)
    try:
        if words == ["--version"]:
            print(f"fairy {__version__}")
            return 0
        command: Any = parse(Command, words or ["--help"], ABOUT)
        with stopped_by_sigterm():
            command.execute()
        return 0
    except SystemExit as finished:  # tyro has printed a help
        return int(finished.code or 0)
    except KeyboardInterrupt as interrupt:
        print(f"fairy: interrupted{f': {interrupt}' if interrupt.args else ''}", file=sys.stderr)
        return 130
    except FairyError as error:
        complain(error, " ".join(str(error).splitlines()), "--debug" in words)
        return error.exit_code
    except Exception as error:  # noqa: BLE001  a bug of ours, which only here becomes one line
        line = " ".join(f"{type(error).__name__}: {error}".splitlines())
        complain(error, f"{line} (an error in Fairy; run again with --debug for the traceback)", "--debug" in words)
        return 1


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


def print_models(models: Sequence[ModelEntry]) -> None:
    """The table of `fairy models`."""
    from rich.console import Console
    from rich.table import Table

    table = Table("model", "size", "defaults", "where", box=None, pad_edge=False)
    for model in models:
        d = model.defaults
        defaults = f"{d.long_side} px, {d.num_steps} steps, text {d.text_guidance:g}, image {d.image_guidance:g}"
        table.add_row(model.name, f"{model.num_bytes / 1e6:,.0f} MB", defaults, str(model.path))
    Console().print(table)
