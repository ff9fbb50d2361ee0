"""The command line's part on editing: the commands `edit` and `preview`, and what they have in common."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from tyro.conf import Positional, arg

from fairy.cli.kept import AnchorOptions
from fairy.cli.options import Flag, as_options, plain, reporting
from fairy.config import EditConfig, JobConfig, MaskConfig, ModelConfig, RunConfig, VideoConfig, check_instruction
from fairy.errors import FairyError, UsageError

if TYPE_CHECKING:
    from fairy.jobs.grid import GridResult
    from fairy.jobs.result import EditResult

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
        """The keyword arguments that both verbs of `fairy.jobs.edit` take."""
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
    """Edit a video, or those of a folder or a list. Length, timing and sound stay as they are.

    A list is CSV or JSON lines with the columns video, instruction and output."""

    input: Annotated[Positional[Path], arg(metavar="INPUT")]
    """The video: any file that FFmpeg reads, or a folder of numbered images; many: a folder of videos, .csv, .jsonl."""
    instruction: Annotated[
        Positional[str | None], arg(metavar="INSTRUCTION", help_behavior_hint="(required, if no list has it)")
    ] = None  # type: ignore[assignment]
    """What to change, in quotes: "make it night"."""
    output: Annotated[str, arg(aliases=["-o"], metavar="OUTPUT")]
    """The edited video: .mp4, .mov, .mkv, .webm or .gif, or a name that ends in / for a folder of PNGs. Of many: the
    folder for them all; what is done in it is not done again."""
    compare: Annotated[str | None, arg(metavar="FILE", help_behavior_hint="(default: none)")] = None
    """Write a second video that shows source and result side by side."""
    keep_job: Flag = False
    """Keep the folder OUTPUT.fairy, for the commands redo and verify."""
    restart: Flag = False
    """Throw away what an interrupted edit has done, and begin anew."""
    workers: Annotated[str | None, arg(metavar="N|auto", help_behavior_hint="(default: 1; of a cluster: auto)")] = None
    """Processes that share the work, through Ray. auto: one for each GPU, or without any for every four cores."""
    ray_address: Annotated[str | None, arg(metavar="ADDRESS", help_behavior_hint="(default: this machine)")] = None
    """The Ray cluster where the workers are, such as 10.0.0.1:6379."""

    @property
    def job(self) -> dict[str, Any]:
        """The fields of the JobConfig."""
        workers = {"workers": parse_workers(self.workers, self.ray_address), "ray_address": self.ray_address}
        return {**super().job, "keep_job": self.keep_job, "restart": self.restart, **workers}

    def execute(self) -> None:
        """Check, edit, tell."""
        from fairy.jobs.listing import is_listing
        from fairy.video import check_output

        if is_listing(self.input):
            self.execute_list()
            return
        if self.instruction is None:
            raise UsageError('the instruction is missing; say what to change, for example "make it night"')
        for path in filter(None, (self.output, self.compare)):
            check_output(path, self.overwrite)
        self.check()
        from fairy.jobs.calls import edit_video

        with reporting(self.quiet) as report:
            result = edit_video(
                self.input, self.instruction, self.output, compare=self.compare, report=report, **self.settings
            )
        speed = f"in {result.seconds:.1f} s, {result.frames_per_second:.2f} a second"
        self.account(result, f"{self.output}: {result.num_frames} frames {speed}; {describe_anchors(result)}")

    def execute_list(self) -> None:
        """Check, edit all, tell; some that failed are an error in the end."""
        from fairy.jobs.listing import read_listing

        settings = self.settings
        for option, given in (("--compare", self.compare), ("--anchor", self.anchors.anchor)):
            if given:
                raise UsageError(f"{option} is for one video; {self.input} names many")
        entries = read_listing(self.input, self.instruction)
        from fairy.jobs.batch import ACCOUNT, edit_list

        with reporting(self.quiet) as report:
            result = edit_list(entries, self.output, report=report, **settings)
        if not self.quiet:
            before = f", {result.num_skipped} were done before" if result.num_skipped else ""
            print(f"{self.output}: {len(result.results)} of {len(entries)} videos edited{before}")
        if self.json:
            print(json.dumps(asdict(result), default=str))
        if result.failures:
            name, why = next(iter(result.failures.items()))
            raise FairyError(f"{len(result.failures)} of {len(entries)} videos failed (see {ACCOUNT}): {name}: {why}")


def parse_workers(text: str | None, address: str | None) -> int | str:
    """4 -> 4; auto stays, and is also what the address of a cluster means by itself."""
    if text is None:
        return "auto" if address else 1
    if text == "auto":
        return text
    if not text.isdecimal():
        raise UsageError(f"--workers {text}: must be a whole number, or auto")
    return int(text)


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
        from fairy.disk.whole import check_picture

        check_picture(Path(self.output), self.overwrite)
        self.check()
        if self.grid:
            self.execute_grid()
            return
        from fairy.jobs.calls import preview

        with reporting(self.quiet) as report:
            result = preview(self.input, self.instruction, self.output, report=report, **self.settings)
        self.account(result, f"{self.output}: {describe_anchors(result)}, in {result.seconds:.1f} s")

    def execute_grid(self) -> None:
        """Edit with all combinations, tell."""
        from fairy.jobs.calls import preview_grid

        with reporting(self.quiet) as report:
            result = preview_grid(self.input, self.instruction, self.output, self.grid, report=report, **self.settings)
        self.account(result, f"{self.output}: {result.num_edits} edits in {result.seconds:.1f} s")


def describe_anchors(result: EditResult) -> str:
    """The anchors in words."""
    words = [str(index) for index in result.anchors]
    if len(words) < 2:
        return f"anchor: frame {words[0]}" if words else "no anchors"
    return f"anchors: frames {', '.join(words[:-1])} and {words[-1]}"
