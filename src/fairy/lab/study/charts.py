"""Bars of a study, like the paper's figures 7 (overall), 11 to 13 (a comparison), 14 (single)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from fairy.lab.results.plots import BLUE, COLOURS, FAINT, GREEN, GREY, INK, ORANGE, ROSE, new_figure, save_figure, tidy
from fairy.lab.study.findings import Finding, Share, StudySummary
from fairy.lab.study.forms import GOOD, OVERALL, SINGLE
from fairy.lab.study.items import slug

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
