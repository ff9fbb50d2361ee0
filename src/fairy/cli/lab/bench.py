"""The command that measures speed and memory on this machine: `fairy lab bench`."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from fairy.cli.options import Json, Quiet, Words, value
from fairy.cli.printing import print_json, reporting
from fairy.lab.bench.settings import BenchSettings

if TYPE_CHECKING:
    from fairy.lab.bench.result import BenchResult


Settings = Annotated[
    BenchSettings | None,
    Parameter(name="*"),
    Words(
        models=("MODEL,...", "sd15,embedded on CUDA, else embedded"),
        num_frames=("N", "120 on CUDA, else 24; 4 of large models"),
        size=("WxH", "512x384; embedded 192x144; large models on a CPU 128x96"),
        num_anchors=("K,K,...", None),
        cases=("CASE,...", "all of embedded; methods,attention of others"),
        methods=("TEXT,...", "all"),
    ),
]


def bench(
    *,
    output: Annotated[Path, value("FOLDER", alias="-o")] = Path("benchmarks"),
    settings: Settings = None,
    overwrite: bool = False,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Measure speed and memory on this machine, beside other ways.

    Frames in memory, the same weights, steps and precision: ours with and without anchors, diffusers' pipeline frame by
    frame and in batches, Text2Video-Zero. docs/lab/benchmarks.md

    Args:
        output: Where DATE-bench-MACHINE.json, .md and .png go.
        overwrite: Replace a result of the same day and machine.
    """
    os.environ.setdefault("KINETO_LOG_LEVEL", "99")  # torch's profiler else tells on stderr when it begins and ends
    from fairy.lab.bench.result import paths_of
    from fairy.lab.bench.run import bench as measure

    with reporting(quiet) as report:
        stem, result = measure(
            settings or BenchSettings(), output, command=command_line(), overwrite=overwrite, report=report
        )
    table = paths_of(stem)["table"]
    if not quiet:
        print_methods(result)
        print("\n".join([*result.notes, f"Look at {table}"]))
    if as_json:
        print_json({"output": table, **result.record()})


def command_line() -> str:
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
