"""The command line's part on measures: the command that scores edited videos."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from tyro.conf import Positional, arg

from fairy.cli.options import Flag, reporting
from fairy.errors import FairyError, UsageError

if TYPE_CHECKING:
    from fairy.lab.metrics import MetricSettings
    from fairy.lab.metrics.batch import Measurement
    from fairy.lab.metrics.comparison import Comparison
    from fairy.report import Report

PICTURE, FRAMES, SCORES = "metrics.png", "frames.csv", "scores.json"
CHART, MEANS, ROWS = "methods.png", "methods.csv", "scores.csv"
NONE = "(default: none)"
UNFOLDED = 1000
"""Letters of a line that goes into a file or a pipe."""


@dataclass(frozen=True, kw_only=True)
class Eval:
    """Measure an edited video beside its source, whoever has edited it.

    How steady it is, how much of the source and its motion is left, how well it fits the words.

    docs/metrics.md says what each number means, and when it lies."""

    source: Annotated[Positional[Path | None], arg(metavar="SOURCE", help_behavior_hint="")] = None
    """The video before: any file that FFmpeg reads, or a folder of numbered images."""
    edited: Annotated[Positional[Path | None], arg(metavar="EDITED", help_behavior_hint="")] = None
    """The video after, of as many frames. It is measured at its own size."""
    table: Annotated[Path | None, arg(metavar="FILE", help_behavior_hint=NONE)] = None
    """Measure many instead, and compare methods: a CSV or JSONL file with the columns source, edited and, if you like,
    method, instruction, source_prompt, target_prompt, mask, flow."""
    output: Annotated[Path | None, arg(aliases=["-o"], metavar="FOLDER", help_behavior_hint=NONE)] = None
    """Write a picture, tables as CSV and all numbers as JSON into this folder. With --table, a stopped run goes on."""
    instruction: Annotated[str | None, arg(metavar="TEXT", help_behavior_hint=NONE)] = None
    """What the edit was asked to do."""
    source_prompt: Annotated[str | None, arg(metavar="TEXT", help_behavior_hint=NONE)] = None
    """What the source shows: "a street in summer"."""
    target_prompt: Annotated[str | None, arg(metavar="TEXT", help_behavior_hint=NONE)] = None
    """What the edit should show: "a street in snow". CLIP compares with both."""
    mask: Annotated[Path | None, arg(metavar="FILE", help_behavior_hint=NONE)] = None
    """A picture or video, black where nothing was to change: also measure whether it did."""
    flow: Annotated[str, arg(metavar="dis|raft|FOLDER")] = "dis"
    """The optical flow: OpenCV's DIS, torchvision's RAFT, or the exact one of a folder of `fairy synth`."""
    clip: Annotated[
        str | None, arg(metavar="MODEL", help_behavior_hint="(default: ViT-L/14, if it is on this machine)")
    ] = None
    """A CLIP model: a folder, or a hub id to download; off measures without."""
    pickscore: Annotated[str | None, arg(metavar="MODEL", help_behavior_hint=NONE)] = None
    """A PickScore model, such as yuvalkirstain/PickScore_v1."""
    lpips: Flag = False
    """Measure LPIPS, too. Needs the package of that name."""
    device: Annotated[str, arg(metavar="DEVICE")] = "auto"
    """Where networks compute: auto, cpu, mps, cuda or cuda:N."""
    common: Flag = False
    """Where one video is longer, compare only the frames that both have, counted from the first."""
    overwrite: Flag = False
    """Replace what an earlier run has written into the folder."""
    quiet: Flag = False
    """Print nothing but errors and what --json prints."""
    json: Flag = False
    """Print the numbers as one JSON object, in the last line."""
    debug: Flag = False
    """Print the traceback of an error."""

    def execute(self) -> None:
        """Check, measure, tell."""
        if self.table is not None:
            if self.source is not None or self.mask is not None:
                raise UsageError("--table names the videos and masks itself: leave out SOURCE, EDITED and --mask")
            self.execute_table(self.table)
            return
        if self.source is None or self.edited is None:
            raise UsageError("two videos are needed: fairy eval SOURCE EDITED, or --table FILE")
        self.execute_pair(self.source, self.edited)

    @property
    def settings(self) -> MetricSettings:
        """What is asked of the measurement."""
        from fairy.lab.metrics import MetricSettings

        names = ("instruction", "source_prompt", "target_prompt", "flow", "clip", "pickscore", "lpips", "device")
        return MetricSettings(**{name: getattr(self, name) for name in names})

    def execute_pair(self, source: Path, edited: Path) -> None:
        """Measure one video."""
        settings = self.settings
        from fairy.disk.whole import check_files, write_text
        from fairy.lab.metrics import score_videos
        from fairy.lab.metrics.picture import draw_scores
        from fairy.lab.metrics.table import scores_table, series_csv

        if self.output:
            check_files(self.output, (PICTURE, FRAMES, SCORES), self.overwrite)
        with reporting(self.quiet) as report:
            scores = score_videos(
                source,
                edited,
                settings,
                mask=self.mask,
                common=self.common,
                on_frame=lambda done, total: report.progress("measuring", done, total),
            )
            for note in scores.notes:
                report.note(f"note: {note}")
        if self.output:
            write_text(self.output / FRAMES, series_csv(scores))
            write_text(self.output / SCORES, json.dumps(scores.details()) + "\n")
            draw_scores(scores, self.output / PICTURE, title=self.instruction or f"{edited.name} beside {source.name}")
        size = "{}x{}".format(*scores.size)
        self.show(f"{edited}: {scores.num_frames} frames of {size}, beside {source}", scores_table(scores))
        self.tell(scores.as_json(), (PICTURE, FRAMES, SCORES))

    def execute_table(self, table: Path) -> None:
        """Measure many videos, compare methods."""
        settings = self.settings
        from fairy.disk.whole import check_files
        from fairy.lab.metrics.batch import measure, read_table
        from fairy.lab.metrics.comparison import compare
        from fairy.lab.metrics.table import comparison_table

        rows, unused = read_table(table, settings)
        if self.output:
            check_files(self.output, (CHART, MEANS, ROWS, SCORES), self.overwrite)
        with reporting(self.quiet) as report:
            if unused:
                report.note(f"note: columns that are not used: {', '.join(unused)}")
            measured = measure(
                rows,
                settings,
                folder=self.output,
                common=self.common,
                on_row=lambda done, total: report.progress("rows", done, total),
                on_note=lambda line: report.note(f"note: {line}"),
            )
            tell_notes(measured, report)
        comparison = compare([each.result for each in measured])
        account = summarise(comparison, measured, len(rows))
        if self.output:
            write_comparison(self.output, comparison, measured, account, title=table.name)
        self.show(account.pop("summary"), comparison_table(comparison))
        self.tell(account, (CHART, MEANS, ROWS, SCORES))
        if len(measured) < len(rows):
            raise FairyError(f"{len(rows) - len(measured)} of {len(rows)} rows were left out; the notes above say why")

    def show(self, line: str, table: Any) -> None:
        """The line, and the table below it, at its full width also where the output is no terminal."""
        if self.quiet:
            return
        from rich.console import Console

        print(line)
        console = Console()
        Console(width=console.width if console.is_terminal else UNFOLDED).print(table)

    def tell(self, account: dict[str, Any], files: tuple[str, ...]) -> None:
        """Where the results are, and the JSON line."""
        if self.output and not self.quiet:
            print(f"Look at {self.output / files[0]}; the numbers are in {', '.join(files[1:])}")
        if self.json:
            print(json.dumps(account))


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
