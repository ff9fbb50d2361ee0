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
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated, Any

from tyro.conf import Positional, arg, subcommand

from fairy import __version__
from fairy.cli_ablate import Ablate
from fairy.cli_jobs import AnchorOptions, Info, Redo, Verify
from fairy.cli_metrics import Eval
from fairy.cli_study import Gallery, Study
from fairy.cli_synth import Synth
from fairy.cli_track import Track
from fairy.cli_train import Train
from fairy.cli_web import Ui
from fairy.config import EditConfig, JobConfig, MaskConfig, ModelConfig, RunConfig, VideoConfig, check_instruction
from fairy.errors import FairyError
from fairy.options import Flag, as_options, parse, plain, reporting

if TYPE_CHECKING:
    from fairy.grid import GridResult
    from fairy.job import EditResult
    from fairy.models import ModelEntry

ABOUT = """Edit videos by instructions: fairy edit clip.mp4 "make it night" -o night.mp4
`fairy COMMAND --help` explains a command, `fairy --version` prints the version."""

EditOptions = Annotated[EditConfig, arg(constructor=as_options(EditConfig))]
ModelOptions = Annotated[ModelConfig, arg(constructor=as_options(ModelConfig))]
VideoOptions = Annotated[VideoConfig, arg(constructor=as_options(VideoConfig))]
MaskOptions = Annotated[MaskConfig, arg(constructor=as_options(MaskConfig))]
RunOptions = Annotated[RunConfig, arg(constructor=as_options(RunConfig))]


@dataclass(frozen=True, kw_only=True)
class Request:
    """What `edit` and `preview` have in common."""

    input: Annotated[Positional[Path], arg(metavar="INPUT")]
    """The video: any file that FFmpeg reads, or a folder of numbered images."""
    instruction: Annotated[Positional[str], arg(metavar="INSTRUCTION")]
    """What to change, in quotes: "make it night"."""
    output: Annotated[str, arg(aliases=["-o"], metavar="OUTPUT")]
    """Where the result goes."""
    overwrite: Flag = False
    """Replace what is there under the output's name."""
    quiet: Flag = False
    """Print nothing but errors and what --json prints."""
    json: Flag = False
    """Print the account of the work as one JSON object, in the last line."""
    debug: Flag = False
    """Print the traceback of an error."""
    edit: EditOptions = field(default_factory=EditConfig)
    anchors: AnchorOptions = field(default_factory=AnchorOptions)
    model: ModelOptions = field(default_factory=ModelConfig)
    video: VideoOptions = field(default_factory=VideoConfig)
    mask: MaskOptions = field(default_factory=MaskConfig)
    run: RunOptions = field(default_factory=RunConfig)

    @property
    def settings(self) -> dict[str, Any]:
        """The keyword arguments that both verbs of `fairy.job` take."""
        settings = {name: plain(getattr(self, name)) for name in ("edit", "model", "video", "mask", "run")}
        return {"overwrite": self.overwrite, "job": JobConfig(**self.job), **settings}

    @property
    def job(self) -> dict[str, Any]:
        """The fields of the JobConfig."""
        return self.anchors.config

    def check(self) -> None:
        """Refuse a wrong request at once: the job would, too, but only after seconds of importing torch."""
        from fairy.video.decode import open_input

        JobConfig(**self.job)
        check_instruction(self.instruction)
        if not self.input.is_dir():
            open_input(self.input).close()

    def account(self, result: EditResult | GridResult, summary: str) -> None:
        """Say what was done."""
        if not self.quiet:
            print(summary)
        if self.json:
            print(json.dumps({**asdict(result), "output": str(result.output)}))


@dataclass(frozen=True, kw_only=True)
class Edit(Request):
    """Edit a video. Length, timing and sound stay as they are."""

    output: Annotated[str, arg(aliases=["-o"], metavar="OUTPUT")]
    """The edited video: .mp4, .mov, .mkv, .webm or .gif, or a name that ends in / for a folder of PNGs."""
    compare: Annotated[str | None, arg(metavar="FILE", help_behavior_hint="(default: none)")] = None
    """Write a second video that shows source and result side by side."""
    keep_job: Flag = False
    """Keep the folder OUTPUT.fairy, for the commands redo and verify."""
    restart: Flag = False
    """Throw away what an interrupted edit has done, and begin anew."""

    @property
    def job(self) -> dict[str, Any]:
        """The fields of the JobConfig."""
        return {**super().job, "keep_job": self.keep_job, "restart": self.restart}

    def execute(self) -> None:
        """Check, edit, tell."""
        from fairy.video import check_output

        for path in filter(None, (self.output, self.compare)):
            check_output(path, self.overwrite)
        self.check()
        from fairy.job import edit_video

        with reporting(self.quiet) as report:
            result = edit_video(
                self.input, self.instruction, self.output, compare=self.compare, report=report, **self.settings
            )
        speed = f"in {result.seconds:.1f} s, {result.frames_per_second:.2f} a second"
        self.account(result, f"{self.output}: {result.num_frames} frames {speed}; {describe_anchors(result)}")


@dataclass(frozen=True, kw_only=True)
class Preview(Request):
    """Edit only the anchors, and show them beside their sources in one picture.

    A later `fairy edit` with the same settings gives exactly these frames."""

    output: Annotated[str, arg(aliases=["-o"], metavar="SHEET")]
    """The picture to write: a labelled contact sheet, .png."""
    grid: Annotated[tuple[str, ...], arg(metavar="KEY=V,V,...", help_behavior_hint="(default: none)")] = ()
    """Show each combination of one or two settings instead: text-guidance=1.5,3,5 seed=0,1,2."""

    def execute(self) -> None:
        """Check, edit the anchors, tell."""
        from fairy.sheet import check_picture

        check_picture(Path(self.output), self.overwrite)
        self.check()
        if self.grid:
            self.execute_grid()
            return
        from fairy.job import preview

        with reporting(self.quiet) as report:
            result = preview(self.input, self.instruction, self.output, report=report, **self.settings)
        self.account(result, f"{self.output}: {describe_anchors(result)}, in {result.seconds:.1f} s")

    def execute_grid(self) -> None:
        """Edit with all combinations, tell."""
        from fairy.grid import preview_grid

        with reporting(self.quiet) as report:
            result = preview_grid(self.input, self.instruction, self.output, self.grid, report=report, **self.settings)
        self.account(result, f"{self.output}: {result.num_edits} edits in {result.seconds:.1f} s")


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
    """Edit the built-in clip by three instructions.

    Writes three videos, one that shows everything side by side, and a contact sheet."""

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
        from fairy.demo import SHEET, SIDE_BY_SIDE, run_demo

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


def describe_anchors(result: EditResult) -> str:
    """The anchors in words."""
    words = [str(index) for index in result.anchors]
    if len(words) < 2:
        return f"anchor: frame {words[0]}" if words else "no anchors"
    return f"anchors: frames {', '.join(words[:-1])} and {words[-1]}"


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
