"""Making the page: edits grouped by source, their videos, one file of HTML. The paper has a page like this."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fairy.disk.whole import check_new_folder, new_folder
from fairy.errors import MediaError
from fairy.lab.gallery.entries import by_source, choose_metrics, describe, find_source, list_edits, read_tables
from fairy.lab.gallery.shelf import MEDIA, Shelf, Shown
from fairy.lab.results.pages import SYNC, page_file
from fairy.report import SILENT, Report

PAGE = "index.html"
STYLES, SCRIPTS, TEMPLATE = "gallery.css", (SYNC, "gallery.js"), "gallery.html"


@dataclass(frozen=True)
class Edit:
    """An edited video, and what is known of it."""

    video: Shown
    name: str
    instruction: str
    settings: tuple[str, ...]
    metrics: tuple[tuple[str, str], ...]
    """(name, value), as they are shown."""


@dataclass(frozen=True)
class Group:
    """The edits of one source."""

    name: str
    source: Shown | None
    edits: tuple[Edit, ...]


@dataclass(frozen=True)
class GalleryResult:
    """What was made."""

    page: Path
    num_sources: int
    num_edits: int


def make_gallery(
    folder: Path,
    output: Path,
    *,
    sources: Path | None = None,
    title: str = "Edited videos",
    link: bool = False,
    overwrite: bool = False,
    report: Report = SILENT,
) -> GalleryResult:
    """Write a page of all edited videos in `folder` and below that carry their recipe, grouped by source.

    Sources are looked for in `sources`, beside the edits, and in the folder above. Videos are copied, or with `link`
    shown from where they are; those that browsers do not play are encoded anew. MediaError where nothing can be shown.
    """
    if not folder.is_dir():
        raise MediaError(f"{folder} is no folder. Give the folder of the edited videos.")
    check_new_folder(output, overwrite, "gallery", lambda path: path.name in (PAGE, MEDIA))
    found = list(list_edits(folder, output, report))
    if not found:
        raise MediaError(f"{folder} holds no video with a recipe. Give a folder of videos that Fairy has edited.")
    tables = read_tables(folder)
    places = [place for place in (sources, folder, folder.absolute().parent) if place is not None]
    with new_folder(output) as fresh:
        (fresh / MEDIA).mkdir()
        shelf = Shelf(fresh / MEDIA, output if link else None)
        groups = [group_of(each, places, shelf, tables, report) for each in by_source(found)]
        (fresh / PAGE).write_text(render(title, groups), encoding="utf-8")
    return GalleryResult(output / PAGE, len(groups), len(found))


def group_of(
    edits: Sequence[tuple[Path, dict[str, Any]]],
    places: Sequence[Path],
    shelf: Shelf,
    tables: Sequence[tuple[Path, Mapping[str, Any]]],
    report: Report,
) -> Group:
    """All that is shown of one source."""
    recipe = edits[0][1]
    source = find_source(recipe, places)
    if source is None:
        report.note(f"{recipe['source']}: not found; its edits are shown without it. Say where it is with --sources.")
    shown = tuple(
        Edit(shelf.add(path), path.name, facts["instruction"], describe(facts), choose_metrics(path, tables))
        for path, facts in edits
    )
    return Group(Path(recipe["source"]).stem, shelf.add(source) if source else None, shown)


def render(title: str, groups: Sequence[Group], *, num_videos: int | None = None) -> str:
    """The page as one file of HTML, with its styles and its script. `num_videos`: where groups share sources."""
    from jinja2 import Environment
    from markupsafe import Markup

    def asset(name: str) -> str:
        return page_file("fairy.lab.gallery", name).read_text(encoding="utf-8")

    template = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True).from_string(asset(TEMPLATE))
    scripts = [Markup(asset(name)) for name in SCRIPTS]
    given = {"title": title, "groups": groups, "num_videos": num_videos or len(groups)}
    return template.render(given, styles=Markup(asset(STYLES)), scripts=scripts)
