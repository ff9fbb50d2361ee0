"""The report of a study: CSV files, tables for a terminal, and charts like the paper's figures 7 and 11 to 14."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from fairy.disk.whole import write_text
from fairy.errors import OutputError
from fairy.lab.results.plots import BLUE, COLOURS, FAINT, GREEN, GREY, INK, ORANGE, ROSE, new_figure, save_figure, tidy
from fairy.lab.results.tables import as_csv
from fairy.lab.study.findings import Finding, Share, StudySummary
from fairy.lab.study.forms import GOOD, OVERALL, SINGLE
from fairy.lab.study.items import slug
from fairy.lab.study.raters import majority
from fairy.lab.study.store import Item


def write_report(summary: StudySummary, folder: Path, *, overwrite: bool = False) -> None:
    """Write summary.csv, items.csv, votes.csv, raters.csv and the charts. OutputError where that cannot be."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())) and not overwrite:
        raise OutputError(f"{folder} is there already. Choose another name, or say --overwrite.")
    tables = {"summary": summary_rows, "items": item_rows, "votes": vote_rows, "raters": rater_rows}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder, prefix=".") as scratch:
            for name, rows in tables.items():
                write_text(Path(scratch, f"{name}.csv"), rows_csv(list(rows(summary))))
            draw_charts(summary, Path(scratch))
            for path in Path(scratch).iterdir():
                path.replace(folder / path.name)
    except OSError as error:
        raise OutputError(f"{folder} cannot be written: {error.strerror or error}") from error


def rows_csv(rows: Sequence[dict[str, Any]]) -> str:
    """Rows of one shape under a head; an empty text where there are none."""
    return as_csv(rows[0], [row.values() for row in rows]) if rows else ""


def summary_rows(summary: StudySummary) -> Iterable[dict[str, Any]]:
    """A row for each comparison, question and answer."""
    for finding in summary.findings:
        for share in finding.shares:
            yield {
                "methods": " / ".join(finding.methods),
                "question": finding.question,
                "answer": share.label,
                "count": share.count,
                "total": share.total,
                **{name: getattr(share, name) for name in ("share", "low", "high")},
                "kappa": finding.kappa,
                "p_value": f"{finding.p_value:.3g}",
            }


def item_rows(summary: StudySummary) -> Iterable[dict[str, Any]]:
    """A row for each item, with the majority's answer to each question."""
    for number, item in summary.items.items():
        if item.expected is None:
            votes = summary.kept.get(number, [])
            results = {
                question: majority([vote.answers[question] for vote in votes], summary.raters_wanted) or ""
                for question in summary.form.question_keys
            }
            yield {**describe_item(number, item), "votes": len(votes), **results}


def vote_rows(summary: StudySummary) -> Iterable[dict[str, Any]]:
    """A row for each vote as it was given, attention checks and excluded raters included."""
    excluded = {rater.number for rater in summary.raters if rater.excluded}
    for vote in summary.votes:
        item = summary.items[vote.item]
        yield {
            **describe_item(vote.item, item),
            "rater": vote.rater,
            "excluded": int(vote.rater in excluded),
            "check": "" if item.expected is None else "passed" if vote.passed else "failed",
            "first_on": "right" if vote.swapped else "left",
            "seconds": round(vote.seconds, 1),
            **{question: vote.answers[question] for question in summary.form.question_keys},
        }


def describe_item(number: int, item: Item) -> dict[str, Any]:
    """What a row says of its item."""
    return {
        "item": number,
        "video": item.video,
        "instruction": item.instruction,
        "first": item.first_method or "",
        "second": item.second_method or "",
    }


def rater_rows(summary: StudySummary) -> Iterable[dict[str, Any]]:
    """A row for each rater."""
    return (asdict(rater) for rater in summary.raters)


def print_report(summary: StudySummary) -> None:
    """The tables on stdout."""
    from rich.console import Console
    from rich.table import Table

    console, titles = Console(), {question.key: question.title for question in summary.form.questions}
    for methods in dict.fromkeys(finding.methods for finding in summary.findings):
        found = [finding for finding in summary.findings if finding.methods == methods]
        heads = [share.label for share in found[0].shares]
        table = Table(box=None, pad_edge=False, title=" against ".join(methods))
        table.add_column("", width=max(len(word) for title in titles.values() for word in title.split()))
        for head in (*heads, "kappa", "p"):
            table.add_column(head, overflow="fold")
        for finding in found:
            kappa = "-" if finding.kappa is None else f"{finding.kappa:.2f}"
            table.add_row(titles[finding.question], *map(write_share, finding.shares), kappa, write_p(finding.p_value))
        console.print(table)
    for line in remarks(summary):
        console.print(line, highlight=False)


def write_share(share: Share) -> str:
    """A share with its interval below, in percent."""
    return f"{100 * share.share:.0f} %\n{100 * share.low:.0f}-{100 * share.high:.0f}" if share.total else "-"


def write_p(value: float) -> str:
    """A p value, short."""
    return "<.001" if value < 0.001 else f"{value:.3f}".removeprefix("0")


def remarks(summary: StudySummary) -> list[str]:
    """What must be known besides the shares."""
    kind = "results" if summary.form is SINGLE else "pairs"
    num_items = sum(item.expected is None for item in summary.items.values())
    key = summary.form.questions[0].key
    num_open = sum(finding.num_open for finding in summary.findings if finding.question == key)
    return [
        f"{len(summary.votes)} answers of {len(summary.raters)} raters, {summary.num_excluded} of them excluded for "
        "failing attention checks",
        f"{num_items} {kind}, {summary.raters_wanted} raters each"
        + (f"; {num_open} still lack votes" * (num_open > 0)),
        *([] if summary.left_share is None else [f"the left side was preferred in {100 * summary.left_share:.0f} %"]),
    ]


ANSWERS = {"first": BLUE, "second": ORANGE, "both_good": GREEN, "both_bad": ROSE, "no_majority": GREY}
Bars = Sequence[tuple[str, str, Sequence[Share]]]
"""Label, colour, and a share for each group."""


def draw_charts(summary: StudySummary, folder: Path) -> None:
    """overall.png and a picture for each comparison; standalone.png for single results."""
    titles = {question.key: question.title for question in summary.form.questions}
    comparisons = list(dict.fromkeys(finding.methods for finding in summary.findings))
    note = describe_sample(summary)
    if summary.form is SINGLE:
        bars = [
            (methods[0], COLOURS[index % len(COLOURS)], [share(each, GOOD) for each in findings_on(summary, methods)])
            for index, methods in enumerate(comparisons)
        ]
        draw_bars(folder / "standalone.png", "Judged good by the majority", list(titles.values()), bars, note)
        return
    overall = [finding for finding in summary.findings if finding.question == OVERALL]
    heads = [f"{first}\nagainst {second}" for first, second in comparisons]
    names = {"first": comparisons[0][0], "second": "the other", "both_good": "both good", "both_bad": "both bad"}
    bars = [
        (names.get(key, "no majority"), colour, [share(each, key) for each in overall])
        for key, colour in ANSWERS.items()
    ]
    draw_bars(folder / "overall.png", "Which edit is better, overall", heads, bars, note)
    for methods in comparisons:
        found = findings_on(summary, methods)
        bars = [
            (share(found[0], key).label, colour, [share(each, key) for each in found])
            for key, colour in ANSWERS.items()
        ]
        name = "-against-".join(slug(method) or f"method-{place}" for place, method in enumerate(methods, 1))
        draw_bars(folder / f"{name}.png", " against ".join(methods), list(titles.values()), bars, note)


def findings_on(summary: StudySummary, methods: tuple[str, ...]) -> list[Finding]:
    """The findings on one comparison, a question each."""
    return [finding for finding in summary.findings if finding.methods == methods]


def share(finding: Finding, answer: str) -> Share:
    """The share of one answer."""
    return next(each for each in finding.shares if each.answer == answer)


def describe_sample(summary: StudySummary) -> str:
    """What stands below a chart."""
    totals = {each.shares[0].total for each in summary.findings}
    count = f"{min(totals)}" if len(totals) == 1 else f"{min(totals)} to {max(totals)}"
    kind = "results" if summary.form is SINGLE else "pairs"
    raters = len(summary.raters) - summary.num_excluded
    return (
        f"Majority of {summary.raters_wanted} raters a {kind[:-1]}, {count} {kind}, {raters} raters counted, "
        f"{summary.num_excluded} excluded. Lines: 95 % intervals (Wilson)."
    )


def draw_bars(path: Path, title: str, groups: Sequence[str], bars: Bars, note: str) -> None:
    """Groups of bars with their intervals."""
    figure = new_figure(max(6.8, 1.6 + 1.7 * len(groups)), 4.2)
    axes = figure.add_subplot()
    tidy(axes, "", grid="y")
    width = 0.84 / len(bars)
    for index, (label, colour, shares) in enumerate(bars):
        places = [group + (index - (len(bars) - 1) / 2) * width for group in range(len(groups))]
        heights = [each.share for each in shares]
        spans = [[each.share - each.low for each in shares], [each.high - each.share for each in shares]]
        axes.bar(places, heights, 0.92 * width, color=colour, label=label)
        axes.errorbar(places, heights, yerr=spans, fmt="none", ecolor=INK, elinewidth=1, capsize=2)
        for place, each in zip(places, shares, strict=True):
            axes.text(place, min(each.high, 1.0) + 0.012, f"{100 * each.share:.0f}", ha="center", fontsize=7.5)
    axes.set_title(title, loc="left", fontsize=12, fontweight="bold", pad=26)
    axes.legend(loc="lower left", bbox_to_anchor=(-0.01, 1.0), ncols=len(bars), frameon=False, fontsize=8.5)
    axes.set_xticks(range(len(groups)), groups, fontsize=9)
    axes.set_ylim(0, 1.08)
    axes.set_yticks([0, 0.25, 0.5, 0.75, 1], ["0", "25 %", "50 %", "75 %", "100 %"])
    axes.tick_params(length=0)
    figure.supxlabel(note, fontsize=7.5, color=FAINT)
    save_figure(figure, path)
