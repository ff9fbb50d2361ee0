"""The command that scores edited videos, whoever has edited them: `fairy lab eval`."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from fairy.cli.options import Json, Quiet, Words, value
from fairy.cli.printing import print_json, reporting
from fairy.errors import FairyError, UsageError
from fairy.lab.metrics.settings import MetricSettings

if TYPE_CHECKING:
    from fairy.lab.metrics.batch import Measurement
    from fairy.lab.metrics.comparison import Comparison
    from fairy.report import Report

PICTURE, FRAMES, SCORES = "metrics.png", "frames.csv", "scores.json"
CHART, MEANS, ROWS = "methods.png", "methods.csv", "scores.csv"
UNFOLDED = 1000
"""Letters of a line that goes into a file or a pipe."""


Settings = Annotated[
    MetricSettings | None,
    Parameter(name="*"),
    Words(
        flow=("dis|raft|FOLDER", None),
        clip=("MODEL", "ViT-L/14, if it is on this machine"),
        pickscore=("MODEL", None),
    ),
]


def eval(
    source: Path | None = None,
    edited: Path | None = None,
    /,
    *,
    table: Path | None = None,
    output: Annotated[Path | None, value("FOLDER", alias="-o")] = None,
    mask: Path | None = None,
    settings: Settings = None,
    common: bool = False,
    overwrite: bool = False,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Measure an edited video beside its source, whoever has edited it.

    How steady it is, how much of the source and its motion is left, how well it fits the words.
    docs/lab/metrics.md says what each number means, and when it lies.

    Args:
        source: The video before: any file that FFmpeg reads, or a folder of numbered images.
        edited: The video after, of as many frames. It is measured at its own size.
        table: Measure many instead, and compare methods: a CSV or JSONL file with the columns source, edited and, if
            you like, method, instruction, source_prompt, target_prompt, mask, flow.
        output: Write a picture, tables as CSV and all numbers as JSON into this folder. With --table, a stopped run
            goes on.
        mask: A picture or video, black where nothing was to change: also measure whether it did.
        common: Where one video is longer, compare only the frames that both have, counted from the first.
        overwrite: Replace what an earlier run has written into the folder.
    """
    settings = settings or MetricSettings()
    from fairy.disk.whole import check_files

    files = (PICTURE, FRAMES, SCORES) if table is None else (CHART, MEANS, ROWS, SCORES)
    if table is None and (source is None or edited is None):
        raise UsageError("two videos are needed: fairy lab eval SOURCE EDITED, or --table FILE")
    if table is not None and (source is not None or mask is not None):
        raise UsageError("--table names the videos and masks itself: leave out SOURCE, EDITED and --mask")
    if output:
        check_files(output, files, overwrite)
    with reporting(quiet) as report:
        if table is not None:
            scored = score_table(table, output, settings, common, report)
        else:
            assert source is not None
            assert edited is not None
            scored = score_pair(source, edited, output, settings, mask, common, report)
    if not quiet:
        print_table(scored.summary, scored.table)
        if output:
            print(f"Look at {output / files[0]}; the numbers are in {', '.join(files[1:])}")
    if as_json:
        print_json(scored.account)
    if scored.num_left_out:
        number = f"{scored.num_left_out} of {scored.num_rows}"
        raise FairyError(f"{number} rows were left out; the notes above say why")


@dataclass(frozen=True)
class Scored:
    """What a measurement has to tell."""

    summary: str
    table: Any
    """For rich."""
    account: dict[str, Any]
    """For --json."""
    num_rows: int = 1
    num_left_out: int = 0


def score_pair(
    source: Path,
    edited: Path,
    output: Path | None,
    settings: MetricSettings,
    mask: Path | None,
    common: bool,
    report: Report,
) -> Scored:
    """Measure one video."""
    from fairy.disk.whole import write_text
    from fairy.lab.metrics import score_videos
    from fairy.lab.metrics.picture import draw_scores
    from fairy.lab.metrics.table import scores_table, series_csv

    scores = score_videos(
        source,
        edited,
        settings,
        mask=mask,
        common=common,
        on_frame=lambda done, total: report.progress("measuring", done, total),
    )
    for note in scores.notes:
        report.note(f"note: {note}")
    if output:
        write_text(output / FRAMES, series_csv(scores))
        write_text(output / SCORES, json.dumps(scores.details()) + "\n")
        draw_scores(scores, output / PICTURE, title=settings.instruction or f"{edited.name} beside {source.name}")
    size = "{}x{}".format(*scores.size)
    summary = f"{edited}: {scores.num_frames} frames of {size}, beside {source}"
    return Scored(summary, scores_table(scores), scores.as_json())


def score_table(table: Path, output: Path | None, settings: MetricSettings, common: bool, report: Report) -> Scored:
    """Measure many videos, compare methods."""
    from fairy.lab.metrics.batch import measure, read_table
    from fairy.lab.metrics.comparison import compare
    from fairy.lab.metrics.table import comparison_table

    rows, unused = read_table(table, settings)
    if unused:
        report.note(f"note: columns that are not used: {', '.join(unused)}")
    measured = measure(
        rows,
        settings,
        folder=output,
        common=common,
        on_row=lambda done, total: report.progress("rows", done, total),
        on_note=lambda line: report.note(f"note: {line}"),
    )
    tell_notes(measured, report)
    comparison = compare([each.result for each in measured])
    account = summarise(comparison, measured, len(rows))
    if output:
        write_comparison(output, comparison, measured, account, title=table.name)
    summary = account.pop("summary")
    return Scored(summary, comparison_table(comparison), account, len(rows), len(rows) - len(measured))


def print_table(line: str, table: Any) -> None:
    """The line, and the table below it, at its full width also where the output is no terminal."""
    from rich.console import Console

    print(line)
    console = Console()
    Console(width=console.width if console.is_terminal else UNFOLDED).print(table)


def tell_notes(measured: list[Measurement], report: Report) -> None:
    """Each note once, with the number of rows it is true of."""
    places: dict[str, list[str]] = {}
    for each in measured:
        for note in each.notes:
            places.setdefault(note, []).append(each.row.where)
    for note, where in places.items():
        which = where[0] if len(where) == 1 else f"{len(where)} rows, the first {where[0]}"
        report.note(f"note: {which}: {note}")


def summarise(comparison: Comparison, measured: list[Measurement], num_rows: int) -> dict[str, Any]:
    """The account of a comparison, for JSON."""
    methods, sources = count(len(comparison.methods), "method"), count(comparison.num_sources, "source")
    return {
        "summary": f"{len(measured)} of {num_rows} rows measured: {methods} on {sources}. ± is half of a 95 % interval",
        "num_rows": len(measured),
        "num_left_out": num_rows - len(measured),
        "num_sources": comparison.num_sources,
        "methods": {
            method: {key: asdict(standings[method]) for key, standings in comparison.standings.items()}
            for method in comparison.methods
        },
        "mean_ranks": comparison.mean_ranks,
    }


def count(number: int, noun: str) -> str:
    """1 source, 2 sources."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def write_comparison(
    folder: Path, comparison: Comparison, measured: list[Measurement], account: dict[str, Any], *, title: str
) -> None:
    """All files of a comparison."""
    from fairy.disk.whole import write_text
    from fairy.lab.metrics.batch import measurements_csv
    from fairy.lab.metrics.picture import draw_comparison
    from fairy.lab.metrics.table import comparison_csv

    write_text(folder / ROWS, measurements_csv(measured))
    write_text(folder / MEANS, comparison_csv(comparison))
    write_text(folder / SCORES, json.dumps(account, indent=2) + "\n")
    about = f"{title}: means and 95 % intervals, {count(comparison.num_sources, 'source')}"
    draw_comparison(comparison, folder / CHART, title=about)
