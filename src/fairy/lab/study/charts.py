"""Bars of a study, with matplotlib, like the paper's figures 7 (overall), 11 to 13 (a comparison), 14 (single)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fairy.errors import MissingPackageError
from fairy.lab.study.forms import GOOD, OVERALL, SINGLE
from fairy.lab.study.items import slug

if TYPE_CHECKING:
    from fairy.lab.study.findings import Finding, Share, Summary

COLOURS = {
    "first": "#2f6db5",
    "second": "#d9822b",
    "both_good": "#5aa469",
    "both_bad": "#b0646b",
    "no_majority": "#b9bcc4",
}
METHODS = ("#2f6db5", "#d9822b", "#5aa469", "#8e6bbf", "#b0646b", "#6b7280")
DPI = 150


def draw_charts(summary: Summary, folder: Path) -> None:
    """overall.png and a picture for each comparison; standalone.png for single results."""
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingPackageError("the study's charts need matplotlib: pip install 'fairy-video[eval]'") from error
    titles = {question.key: question.title for question in summary.form.questions}
    comparisons = list(dict.fromkeys(finding.methods for finding in summary.findings))
    note = describe(summary)
    if summary.form is SINGLE:
        groups = list(titles.values())
        bars = [
            (methods[0], METHODS[index % len(METHODS)], [share(each, GOOD) for each in of(summary, methods)])
            for index, methods in enumerate(comparisons)
        ]
        draw(Figure, folder / "standalone.png", "Judged good by the majority", groups, bars, note)
        return
    overall = [next(each for each in of(summary, methods) if each.question == OVERALL) for methods in comparisons]
    heads = [f"{first}\nagainst {second}" for first, second in comparisons]
    names = {"first": comparisons[0][0], "second": "the other", "both_good": "both good", "both_bad": "both bad"}
    bars = [
        (names.get(key, "no majority"), colour, [share(each, key) for each in overall])
        for key, colour in COLOURS.items()
    ]
    draw(Figure, folder / "overall.png", "Which edit is better, overall", heads, bars, note)
    for methods in comparisons:
        found = of(summary, methods)
        bars = [
            (share(found[0], key).label, colour, [share(each, key) for each in found])
            for key, colour in COLOURS.items()
        ]
        name = "-against-".join(slug(method) or f"method-{place}" for place, method in enumerate(methods, 1))
        draw(Figure, folder / f"{name}.png", " against ".join(methods), list(titles.values()), bars, note)


def of(summary: Summary, methods: tuple[str, ...]) -> list[Finding]:
    """The findings on one comparison, a question each."""
    return [finding for finding in summary.findings if finding.methods == methods]


def share(finding: Finding, answer: str) -> Share:
    """The share of one answer."""
    return next(each for each in finding.shares if each.answer == answer)


def describe(summary: Summary) -> str:
    """What stands below a chart."""
    totals = {each.shares[0].total for each in summary.findings}
    count = f"{min(totals)}" if len(totals) == 1 else f"{min(totals)} to {max(totals)}"
    kind = "results" if summary.form is SINGLE else "pairs"
    raters = len(summary.raters) - summary.num_excluded
    return (
        f"Majority of {summary.raters_wanted} raters a {kind[:-1]}, {count} {kind}, {raters} raters counted, "
        f"{summary.num_excluded} excluded. Lines: 95 % intervals (Wilson)."
    )


def draw(
    figure_class: Any,
    path: Path,
    title: str,
    groups: Sequence[str],
    bars: Sequence[tuple[str, str, Sequence[Share]]],
    note: str,
) -> None:
    """Groups of bars with their intervals. bars: (label, colour, a share for each group)."""
    figure = figure_class(figsize=(max(6.8, 1.6 + 1.7 * len(groups)), 4.2), dpi=DPI, layout="constrained")
    axes = figure.add_subplot()
    width = 0.84 / len(bars)
    for index, (label, colour, shares) in enumerate(bars):
        places = [group + (index - (len(bars) - 1) / 2) * width for group in range(len(groups))]
        heights = [each.share for each in shares]
        spans = [[each.share - each.low for each in shares], [each.high - each.share for each in shares]]
        axes.bar(places, heights, 0.92 * width, color=colour, label=label)
        axes.errorbar(places, heights, yerr=spans, fmt="none", ecolor="#30333a", elinewidth=1, capsize=2)
        for place, each in zip(places, shares, strict=True):
            axes.text(place, min(each.high, 1.0) + 0.012, f"{100 * each.share:.0f}", ha="center", fontsize=7.5)
    axes.set_title(title, loc="left", fontsize=12, fontweight="bold", pad=26)
    axes.legend(loc="lower left", bbox_to_anchor=(-0.01, 1.0), ncols=len(bars), frameon=False, fontsize=8.5)
    axes.set_xticks(range(len(groups)), groups, fontsize=9)
    axes.set_ylim(0, 1.08)
    axes.set_yticks([0, 0.25, 0.5, 0.75, 1], ["0", "25 %", "50 %", "75 %", "100 %"], fontsize=8.5)
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(length=0)
    axes.grid(axis="y", color="#e3e5ea", linewidth=0.8)
    axes.set_axisbelow(True)
    figure.supxlabel(note, fontsize=7.5, color="#5b5f68")
    figure.savefig(path)
