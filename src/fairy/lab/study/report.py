"""The report of a study: CSV files, charts, and tables for a terminal."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from fairy.disk.whole import write_text
from fairy.errors import OutputError
from fairy.lab.results.tables import as_csv
from fairy.lab.study.charts import draw_charts
from fairy.lab.study.findings import Share, StudySummary
from fairy.lab.study.forms import SINGLE
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
                "share": share.share,
                "low": share.low,
                "high": share.high,
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
    if not share.total:
        return "-"
    return f"{100 * share.share:.0f} %\n{100 * share.low:.0f}-{100 * share.high:.0f}"


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
