"""Building a study: a folder of encoded videos under random names, and a database that alone knows the methods."""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from fairy.disk.whole import check_new_folder, new_folder
from fairy.errors import OutputError, UsageError
from fairy.lab.study.forms import BAD, FIRST, OVERALL, PAIRS, SINGLE
from fairy.lab.study.items import Match, match_results, read_instructions
from fairy.lab.study.media import MediaFolder
from fairy.lab.study.store import DATABASE, MEDIA, Item, create
from fairy.report import SILENT, Report

KEEP = "Keep the video exactly as it is."
"""The instruction of an attention check: what does so is the source itself."""


@dataclass(frozen=True, kw_only=True)
class StudyConfig:
    """What a study is like."""

    title: str = ""
    """What raters read at the top; empty: the form's own question."""
    raters: int = 3
    """Raters for each pair, or each result."""
    per_rater: int = 25
    """Pairs that a rater is asked for at a time; more are offered at the end. 0: all at once."""
    checks: int = 3
    """Attention checks, of which every rater sees all."""
    min_passed: float = 0.5
    """Votes of raters who pass a smaller share of the checks do not count."""
    long_side: int = 960
    """Larger videos are scaled down to this many pixels."""

    def __post_init__(self) -> None:
        limits = {"raters": (1, 1000), "per_rater": (0, 100_000), "checks": (0, 100), "long_side": (32, 4096)}
        for name, (low, high) in {**limits, "min_passed": (0, 1)}.items():
            if not low <= getattr(self, name) <= high:
                raise UsageError(f"--{name.replace('_', '-')} {getattr(self, name)}: must lie in {low}..{high}")


@dataclass(frozen=True)
class Built:
    """What was built."""

    folder: Path
    num_items: int
    """Pairs, or single results, without the attention checks."""
    num_checks: int
    methods: tuple[str, ...]
    num_missing: int


def build_study(
    folder: Path,
    *,
    source: Path,
    methods: Sequence[Path],
    instructions: Path,
    names: Sequence[str] = (),
    standalone: bool = False,
    skip_missing: bool = False,
    config: StudyConfig | None = None,
    overwrite: bool = False,
    report: Report = SILENT,
) -> Built:
    """Build a study of each method's results, folders of videos, against those of the first one; or of single results.

    Items are matched as in `fairy.lab.study.items`. `names` are the methods' own, by default their folders'. The folder
    appears when it is complete. UsageError, MediaError or OutputError say what is wrong.
    """
    config = config or StudyConfig()
    form = SINGLE if standalone else PAIRS
    labels = check_names(methods, names, standalone)
    check_folder(folder, overwrite)
    comparisons = (
        [(index,) for index in range(len(methods))] if standalone else [(0, i) for i in range(1, len(methods))]
    )
    lines = read_instructions(instructions)
    matches, missing = match_results(source, methods, lines, skip_missing=skip_missing)
    files = {path for each in matches for path in (each.source, *each.results)}
    done, total = count(), len(files) + config.checks

    def tell() -> None:
        report.progress("videos", next(done), total)

    tell()
    with new_folder(folder) as fresh:
        (fresh / MEDIA).mkdir()
        media = MediaFolder(fresh / MEDIA, config.long_side, tell)
        items = [make_item(media, each, chosen, labels, report) for each in matches for chosen in comparisons]
        sources = list(dict.fromkeys(each.source for each in matches))
        checks = []
        for number in range(config.checks):
            checks.append(make_check(media, sources, number, standalone))
            tell()
        facts = {
            "id": secrets.token_hex(4),
            "form": form.key,
            "methods": list(labels),
            "comparisons": [[labels[index] for index in chosen] for chosen in comparisons],
            "title": config.title.strip() or form.title,
            **{name: getattr(config, name) for name in ("raters", "per_rater", "min_passed")},
        }
        create(fresh, facts, [*items, *checks])
    return Built(folder, len(items), len(checks), labels, len(missing))


def make_item(media: MediaFolder, found: Match, chosen: tuple[int, ...], labels: Sequence[str], report: Report) -> Item:
    """The item of one match and the chosen methods, its videos encoded."""
    paths = [found.results[index] for index in chosen]
    source, first, *second = [media.add(path) for path in (found.source, *paths)]
    lengths = [media.num_frames(path) for path in (found.source, *paths)]
    for path, length in zip(paths, lengths[1:], strict=True):
        if length != lengths[0]:
            report.note(f"{path} has {length} frames, its source {lengths[0]}")
    return Item(
        video=found.video,
        instruction=found.instruction,
        source=source,
        first=first,
        second=second[0] if second else None,
        first_method=labels[chosen[0]],
        second_method=labels[chosen[1]] if second else None,
    )


def make_check(media: MediaFolder, sources: Sequence[Path], number: int, standalone: bool) -> Item:
    """An attention check: a source kept as it is, against its ruins or, every second time, another source.

    In the standalone form only the wrong one is shown.
    """
    source, other = (sources[place % len(sources)] for place in (number, number + 1))
    ruined = number % 2 == 0 or other == source
    right, wrong = media.add(source), media.add_damaged(source) if ruined else media.add(other)
    questions = ["frame_quality", "temporal_consistency"] if ruined else ["input_faithfulness"]
    answers = dict.fromkeys(questions, BAD) if standalone else dict.fromkeys([*questions, OVERALL], FIRST)
    results = {"first": wrong} if standalone else {"first": right, "second": wrong}
    return Item(video=source.stem, instruction=KEEP, source=right, expected=answers, **results)


def check_names(methods: Sequence[Path], names: Sequence[str], standalone: bool) -> tuple[str, ...]:
    """The methods' names, all different."""
    if len(methods) < 2 and not standalone:
        raise UsageError("a study of pairs needs --a and --b; for single results say --standalone")
    labels = tuple(name.strip() for name in names) or tuple(folder.absolute().name for folder in methods)
    if len(labels) != len(methods) or not all(labels):
        raise UsageError(f"--names {','.join(names)}: must be {len(methods)} names, one for each folder, --a first")
    if len(set(labels)) < len(labels):
        raise UsageError(f"two methods are called {labels[0]}; tell them apart with --names NAME,NAME")
    return labels


def check_folder(folder: Path, overwrite: bool) -> None:
    """Refuse a folder that is there; with `overwrite` only one that is no study, or whose answers would be lost."""
    check_new_folder(folder, overwrite, "study", lambda path: path.name == MEDIA or path.name.startswith(DATABASE))
    if count := count_answers(folder / DATABASE):
        raise OutputError(
            f"{folder} holds {count} answers, which would be lost. Move it away, or choose another folder."
        )


def count_answers(database: Path) -> int:
    """How many tasks are answered in a database; 0 where there is none."""
    if not database.exists():
        return 0
    try:
        with closing(sqlite3.connect(database)) as connection:
            return int(connection.execute("SELECT COUNT(answered) FROM tasks").fetchone()[0])
    except sqlite3.DatabaseError as error:
        raise OutputError(f"{database} cannot be read ({error}). Move it away, or choose another folder.") from error
