"""The command line's part on people who look at results: the study, in three commands, and the gallery."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from tyro.conf import Positional, UseAppendAction, arg, subcommand

from fairy.cli.options import Flag, reporting

if TYPE_CHECKING:
    from fairy.lab.study.build import StudyConfig

NoDefault = arg(help_behavior_hint="(default: none)")
StudyFolder = Annotated[Positional[Path], arg(metavar="STUDY")]


@dataclass(frozen=True, kw_only=True)
class Build:
    """Make a study: a folder with all that raters will see, and a database for what they say."""

    source: Annotated[Path, arg(metavar="DIR")]
    """The source videos."""
    a: Annotated[Path, arg(metavar="DIR")]
    """The results of one method, named like their sources; docs/lab/study.md has the other names."""
    b: Annotated[UseAppendAction[tuple[Path, ...]], arg(metavar="DIR", help_behavior_hint="(repeatable)")] = ()
    """The results of another method, to be compared with those of --a."""
    instructions: Annotated[Path, arg(metavar="FILE")]
    """What was asked for: a CSV file with the columns video and instruction, or the same as JSON lines."""
    output: Annotated[Path, arg(aliases=["-o"], metavar="STUDY")]
    """The folder to make."""
    standalone: Flag = False
    """Let each result be judged by itself, good or bad, in place of pairs."""
    names: Annotated[str | None, arg(metavar="NAME,NAME,...", help_behavior_hint="(default: the folders')")] = None
    """What the report calls the methods, that of --a first. Raters never see it."""
    title: Annotated[str, arg(metavar="TEXT", help_behavior_hint="(default: a question)")] = ""
    """What raters read at the top."""
    raters: Annotated[int, arg(metavar="N")] = 3
    """Raters for each pair, or each single result."""
    per_rater: Annotated[int, arg(metavar="N")] = 25
    """Pairs that a rater is asked for at a time; more are offered at the end. 0 asks for all at once."""
    checks: Annotated[int, arg(metavar="N")] = 3
    """Attention checks: pairs with a known answer, which every rater sees."""
    min_passed: Annotated[float, arg(metavar="SHARE")] = 0.5
    """Votes do not count of raters who pass less than this share of the attention checks."""
    long_side: Annotated[int, arg(metavar="N")] = 960
    """Larger videos are scaled down to this many pixels."""
    skip_missing: Flag = False
    """Leave out what lacks a source or a result, in place of stopping."""
    overwrite: Flag = False
    """Replace an earlier study that nobody has answered."""
    quiet: Flag = False
    """Print nothing but errors."""
    debug: Flag = False
    """Print the traceback of an error."""

    def execute(self) -> None:
        """Encode, write, tell."""
        config = self.config()
        from fairy.lab.study.build import build_study

        with reporting(self.quiet) as report:
            built = build_study(
                self.output,
                source=self.source,
                methods=(self.a, *self.b),
                instructions=self.instructions,
                names=self.names.split(",") if self.names else (),
                standalone=self.standalone,
                skip_missing=self.skip_missing,
                config=config,
                overwrite=self.overwrite,
                report=report,
            )
        if not self.quiet:
            kind = "results" if self.standalone else "pairs"
            missing = f" ({built.num_missing} videos were missing)" if built.num_missing else ""
            print(f"{self.output}: {built.num_items} {kind}{missing}, {built.num_checks} attention checks")
            print(f"Show it with: fairy study serve {self.output}")

    def config(self) -> StudyConfig:
        """The settings, checked."""
        from fairy.lab.study.build import StudyConfig

        return StudyConfig(**{field.name: getattr(self, field.name) for field in fields(StudyConfig)})


@dataclass(frozen=True, kw_only=True)
class Serve:
    """Show a study to raters, in their browsers, until Ctrl-C. It can be stopped and started at any time."""

    study: StudyFolder
    """What `fairy study build` has made."""
    host: Annotated[str, arg(metavar="ADDRESS")] = "127.0.0.1"
    """Where to listen. 0.0.0.0 lets in whoever reaches this machine."""
    port: Annotated[int, arg(metavar="N")] = 8765
    """The port to listen on; 0 is any free one."""
    debug: Flag = False
    """Print the traceback of an error."""

    def execute(self) -> None:
        """Serve, tell where."""
        from fairy.lab.study.serve import serve

        try:
            serve(self.study, host=self.host, port=self.port, announce=self.announce)
        except KeyboardInterrupt:
            print(f"Stopped. All answers are in {self.study}; see fairy study report {self.study}")

    def announce(self, address: str) -> None:
        """Tell where raters find the study."""
        print(f"Raters find the study at {address}", flush=True)


@dataclass(frozen=True, kw_only=True)
class Report:
    """Count the answers: majorities with confidence intervals, agreement, tables and charts.

    It may be asked while raters are at work."""

    study: StudyFolder
    """What `fairy study build` has made."""
    output: Annotated[Path | None, arg(aliases=["-o"], metavar="DIR"), NoDefault] = None
    """Where CSV files and charts go."""
    min_passed: Annotated[float | None, arg(metavar="SHARE", help_behavior_hint="(default: the study's own)")] = None
    """Votes do not count of raters who pass less than this share of the attention checks. 0 counts all."""
    overwrite: Flag = False
    """Replace an earlier report."""
    json: Flag = False
    """Print one JSON object, in the last line."""
    quiet: Flag = False
    """Print nothing but errors and what --json prints."""
    debug: Flag = False
    """Print the traceback of an error."""

    def execute(self) -> None:
        """Count, write, tell."""
        from fairy.lab.study.findings import summarize
        from fairy.lab.study.report import print_report, write_report

        summary = summarize(self.study, min_passed=self.min_passed)
        if self.output is not None:
            write_report(summary, self.output, overwrite=self.overwrite)
        if not self.quiet:
            print_report(summary)
            if self.output is not None:
                print(f"Tables and charts are in {self.output}")
        if self.json:
            print(json.dumps(summary.as_dict()))


@dataclass(frozen=True, kw_only=True)
class Study:
    """Ask people: which of two edits is better, or is an edit good? docs/lab/study.md"""

    command: (
        Annotated[Build, subcommand("build", prefix_name=False)]
        | Annotated[Serve, subcommand("serve", prefix_name=False)]
        | Annotated[Report, subcommand("report", prefix_name=False)]
    )

    def execute(self) -> None:
        """Run the chosen command."""
        self.command.execute()


@dataclass(frozen=True, kw_only=True)
class Gallery:
    """Write a page that shows edited videos beside their sources; it opens without a server.

    Instruction and settings are read from the videos themselves, metrics from what `fairy eval` has written there."""

    folder: Annotated[Positional[Path], arg(metavar="DIR")]
    """The edited videos; folders in it are searched, too."""
    output: Annotated[Path, arg(aliases=["-o"], metavar="PAGE")]
    """The folder to make, with index.html in it."""
    sources: Annotated[Path | None, arg(metavar="DIR", help_behavior_hint="(default: DIR and the folder above)")] = None
    """Where the source videos are, or the source itself."""
    title: Annotated[str, arg(metavar="TEXT")] = "Edited videos"
    """What stands at the top."""
    link: Flag = False
    """Show the videos from where they are, in place of copies."""
    overwrite: Flag = False
    """Replace an earlier page."""
    quiet: Flag = False
    """Print nothing but errors."""
    debug: Flag = False
    """Print the traceback of an error."""

    def execute(self) -> None:
        """Copy, write, tell."""
        from fairy.lab.gallery import make_gallery

        with reporting(self.quiet) as report:
            made = make_gallery(
                self.folder,
                self.output,
                sources=self.sources,
                title=self.title,
                link=self.link,
                overwrite=self.overwrite,
                report=report,
            )
        if not self.quiet:
            print(f"{made.page}: edits: {made.num_edits}, sources: {made.num_sources}")
