"""The commands for people who look at results: `fairy lab study`, in three parts, and `fairy lab gallery`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from fairy.cli.options import Commands, Json, Quiet, Silent, value
from fairy.cli.printing import print_json, reporting

Folder = Annotated[Path, value("FOLDER")]
Share = Annotated[
    float | None,
    value(
        "SHARE",
        "the study's own",
        help="Votes do not count of raters who pass less than this share of the attention checks. 0 counts all.",
    ),
]


def build(
    *,
    source: Folder,
    a: Folder,
    b: Annotated[tuple[Path, ...], value("FOLDER", "none; repeatable")] = (),
    instructions: Path,
    output: Annotated[Path, value("STUDY", alias="-o")],
    standalone: bool = False,
    names: Annotated[tuple[str, ...], value("NAME,NAME,...", "the folders'")] = (),
    title: Annotated[str, value("TEXT", "a question")] = "",
    raters: int = 3,
    per_rater: int = 25,
    checks: int = 3,
    min_passed: Annotated[float, value("SHARE")] = 0.5,
    long_side: int = 960,
    skip_missing: bool = False,
    overwrite: bool = False,
    quiet: Silent = False,
) -> None:
    """Make a study: all that raters will see, and a place for answers.

    Args:
        source: The source videos.
        a: The results of one method, named like their sources; docs/lab/study.md has the other names.
        b: The results of another method, to be compared with those of --a.
        instructions: What was asked for: a CSV file with the columns video and instruction, or the same as JSON lines.
        output: The folder to make.
        standalone: Let each result be judged by itself, good or bad, in place of pairs.
        names: What the report calls the methods, that of --a first. Raters never see it.
        title: What raters read at the top.
        raters: Raters for each pair, or each single result.
        per_rater: Pairs that a rater is asked for at a time; more are offered at the end. 0 asks for all at once.
        checks: Attention checks: pairs with a known answer, which every rater sees.
        min_passed: Votes do not count of raters who pass less than this share of the attention checks.
        long_side: Larger videos are scaled down to this many pixels.
        skip_missing: Leave out what lacks a source or a result, in place of stopping.
        overwrite: Replace an earlier study that nobody has answered.
    """
    from fairy.lab.study.build import StudyConfig, build_study

    config = StudyConfig(
        title=title,
        raters=raters,
        per_rater=per_rater,
        checks=checks,
        min_passed=min_passed,
        long_side=long_side,
    )
    with reporting(quiet) as report:
        built = build_study(
            output,
            source=source,
            methods=(a, *b),
            instructions=instructions,
            names=names,
            standalone=standalone,
            skip_missing=skip_missing,
            config=config,
            overwrite=overwrite,
            report=report,
        )
    if not quiet:
        kind = "results" if standalone else "pairs"
        missing = f" ({built.num_missing} videos were missing)" if built.num_missing else ""
        print(f"{output}: {built.num_items} {kind}{missing}, {built.num_checks} attention checks")
        print(f"Show it with: fairy lab study serve {output}")


def serve(
    study: Path,
    /,
    *,
    host: str = "127.0.0.1",
    port: int = 8765,
    public_name: Annotated[tuple[str, ...], value("NAME", "no other; repeatable")] = (),
) -> None:
    """Show a study to raters, in their browsers, until Ctrl-C.

    It can be stopped and started at any time.

    Args:
        study: What `fairy lab study build` has made.
        host: Where to listen. 0.0.0.0 lets in whoever reaches this machine.
        port: The port to listen on; 0 is any free one.
        public_name: Another name under which browsers find the study, such as that of a proxy in front.
    """
    from fairy.lab.study.serve import serve as serve_study

    def announce(address: str) -> None:
        print(f"Raters find the study at {address}", flush=True)

    try:
        serve_study(study, host=host, port=port, public_names=public_name, announce=announce)
    except KeyboardInterrupt:
        print(f"Stopped. All answers are in {study}; see fairy lab study report {study}")


def report(
    study: Path,
    /,
    *,
    output: Annotated[Path | None, value("FOLDER", alias="-o")] = None,
    min_passed: Share = None,
    overwrite: bool = False,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Count the answers.

    Majorities with confidence intervals, agreement, tables and charts. It may be asked while raters are at work.

    Args:
        study: What `fairy lab study build` has made.
        output: Where CSV files and charts go.
        overwrite: Replace an earlier report.
    """
    from fairy.lab.study.findings import summarize
    from fairy.lab.study.report import print_report, write_report

    summary = summarize(study, min_passed=min_passed)
    if output is not None:
        write_report(summary, output, overwrite=overwrite)
    if not quiet:
        print_report(summary)
        if output is not None:
            print(f"Tables and charts are in {output}")
    if as_json:
        print_json(summary.as_dict())


study = Commands(
    name="study", help="Ask people which of two edits is better, or whether one is good. docs/lab/study.md"
)
for command in (build, serve, report):
    study.offer(command)


def gallery(
    folder: Path,
    /,
    *,
    output: Annotated[Path, value("PAGE", alias="-o")],
    sources: Annotated[Path | None, value("FOLDER", "FOLDER and the one above")] = None,
    title: str = "Edited videos",
    link: bool = False,
    overwrite: bool = False,
    quiet: Silent = False,
) -> None:
    """Write a page that shows edited videos beside their sources.

    It opens without a server. Instruction and settings are read from the videos themselves, metrics from what `fairy
    lab eval` has written there.

    Args:
        folder: The edited videos; folders in it are searched, too.
        output: The folder to make, with index.html in it.
        sources: Where the source videos are, or the source itself.
        title: What stands at the top.
        link: Show the videos from where they are, in place of copies.
        overwrite: Replace an earlier page.
    """
    from fairy.lab.gallery import make_gallery

    with reporting(quiet) as progress:
        made = make_gallery(
            folder, output, sources=sources, title=title, link=link, overwrite=overwrite, report=progress
        )
    if not quiet:
        print(f"{made.page}: edits: {made.num_edits}, sources: {made.num_sources}")
