"""The command line's part on speed: the command that measures this machine."""

from __future__ import annotations

import json
import os
import shlex
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from tyro.conf import arg

from fairy.cli.lab.synth import parse_size
from fairy.cli.options import Flag, reporting
from fairy.errors import UsageError
from fairy.lab.bench.settings import BenchSettings

if TYPE_CHECKING:
    from fairy.lab.bench.result import BenchResult


def unset(metavar: str, words: str) -> Any:
    """An option that may be left out, and what it is then."""
    return arg(metavar=metavar, help_behavior_hint=f"(default: {words})")


@dataclass(frozen=True, kw_only=True)
class Bench:
    """Measure speed and memory on this machine, beside what one would take instead.

    Frames in memory, the same weights, steps and precision: ours with and without anchors, diffusers' pipeline frame by
    frame and in batches, Text2Video-Zero. docs/performance.md"""

    output: Annotated[Path, arg(aliases=["-o"], metavar="FOLDER")] = Path("benchmarks")
    """Where DATE-bench-MACHINE.json, .md and .png go."""
    model: Annotated[str | None, unset("MODEL,...", "sd15,embedded on CUDA, else embedded")] = None
    """Models: embedded; sd15, random weights of that shape, made here; or folders and hub ids."""
    num_frames: Annotated[int | None, unset("N", "120 on CUDA, else 24; 4 of large models")] = None
    """Frames to edit."""
    size: Annotated[str | None, unset("WxH", "512x384; embedded 192x144; large models on a CPU 128x96")] = None
    """Their size."""
    num_steps: Annotated[int, arg(metavar="N")] = 10
    """Denoising steps."""
    num_anchors: Annotated[str, arg(metavar="K,K,...")] = "0,3"
    """Numbers of anchors."""
    device: Annotated[str, arg(metavar="DEVICE")] = "auto"
    """Where to compute: auto, cpu, mps, cuda or cuda:N."""
    dtype: Annotated[str, arg(metavar="TYPE")] = "auto"
    """How exactly to compute: auto, float32, bfloat16 or float16."""
    repeats: Annotated[int, arg(metavar="N")] = 3
    """Runs of each method, of which the median counts."""
    cases: Annotated[str | None, unset("CASE,...", "all of embedded; methods,attention of others")] = None
    """What to measure: methods, overhead, stock, anchors, memory, attention."""
    methods: Annotated[str | None, unset("TEXT,...", "all")] = None
    """Compare only methods that have this in their names, such as "K = 3,frame by frame"."""
    profile: Flag = False
    """Also tell where the time of a micro-batch goes, by kind of work."""
    overwrite: Flag = False
    """Replace a result of the same day and machine."""
    quiet: Flag = False
    """Print nothing but errors and what --json prints."""
    json: Flag = False
    """Print the result as one JSON object, in the last line."""
    debug: Flag = False
    """Print the traceback of an error."""

    def execute(self) -> None:
        """Check, measure, tell."""
        settings = self.settings()
        os.environ.setdefault("KINETO_LOG_LEVEL", "99")  # torch's profiler else tells on stderr when it begins and ends
        from fairy.lab.bench.result import paths_of
        from fairy.lab.bench.run import bench

        with reporting(self.quiet) as report:
            stem, result = bench(settings, self.output, command=command(), overwrite=self.overwrite, report=report)
        table = paths_of(stem)["table"]
        if not self.quiet:
            print_methods(result)
            print("\n".join([*result.notes, f"Look at {table}"]))
        if self.json:
            print(json.dumps({"output": str(table), **result.record()}))

    def settings(self) -> BenchSettings:
        """What the words mean."""
        return BenchSettings(
            models=None if self.model is None else tuple(parse_list(self.model)),
            num_frames=self.num_frames,
            size=None if self.size is None else parse_size(self.size),
            num_steps=self.num_steps,
            num_anchors=parse_numbers(self.num_anchors),
            device=self.device,
            dtype=self.dtype,
            repeats=self.repeats,
            cases=None if self.cases is None else tuple(parse_list(self.cases)),
            methods=None if self.methods is None else tuple(parse_list(self.methods)),
            profile=self.profile,
        )


def parse_list(text: str) -> list[str]:
    """a,b -> those words."""
    return [word.strip() for word in text.split(",") if word.strip()]


def parse_numbers(text: str) -> tuple[int, ...]:
    """0,3 -> those numbers."""
    words = parse_list(text)
    if not all(word.isdecimal() for word in words):
        raise UsageError(f"--num-anchors {text}: must be whole numbers, such as 0,3")
    return tuple(int(word) for word in words)


def command() -> str:
    """As it was typed, but for where things lie on this disk, which is nobody's business."""
    words = [Path(word).name if Path(word).is_absolute() else word for word in sys.argv[1:]]
    return shlex.join(["fairy", *words])


def print_methods(result: BenchResult) -> None:
    """The comparison as a table, then the editor's own cases."""
    from rich.console import Console
    from rich.table import Table

    from fairy.lab.bench.result import method_cells

    console = Console()
    for model in dict.fromkeys(row.model for row in result.methods):
        heads = ("seconds", "frames/s", "GiB", "TFLOP/s", "x floor")
        table = Table(model, *heads, box=None, pad_edge=False)
        table.columns[0].no_wrap = True
        for row in result.methods:
            if row.model == model:
                name, seconds, rate, memory, _, flops, times = method_cells(row)
                table.add_row(name, seconds, rate, memory, flops, times)
        console.print(table)
    for measure in result.measures:
        console.print(f"{measure.case}: {measure.value:.3f} ({measure.target}): {measure.detail}", highlight=False)
