"""Making the page: edits grouped by source, their videos, one file of HTML. The paper has a page like this.

Videos are copied as they are where browsers play them, and encoded anew where not.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from fairy.disk.whole import check_new_folder, new_folder
from fairy.errors import MediaError
from fairy.lab.gallery.entries import by_source, choose_metrics, describe_settings, find_source, list_edits, read_tables
from fairy.lab.results.pages import SYNC, page_file
from fairy.report import SILENT, Report
from fairy.video import VideoInfo, VideoWriter, probe, read_at, read_frames

PAGE = "index.html"
MEDIA = "media"
PLAYED = {".mp4": {"h264", "av1"}, ".m4v": {"h264"}, ".webm": {"vp8", "vp9", "av1"}}
"""Codecs that browsers play, by suffix, at 8 bits."""
POSTER_QUALITY = 82
STYLES, SCRIPTS, TEMPLATE = "gallery.css", (SYNC, "gallery.js"), "gallery.html"


@dataclass(frozen=True)
class PageVideo:
    """A video on the page."""

    url: str
    poster: str
    width: int
    height: int
    num_frames: int
    seconds: float


@dataclass(frozen=True)
class GalleryEdit:
    """An edited video, and what is known of it."""

    video: PageVideo
    name: str
    instruction: str
    settings: tuple[str, ...]
    metrics: tuple[tuple[str, str], ...]
    """(name, value), as they are shown."""


@dataclass(frozen=True)
class GalleryGroup:
    """The edits of one source."""

    name: str
    source: PageVideo | None
    edits: tuple[GalleryEdit, ...]


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
        media = PageMedia(fresh / MEDIA, output if link else None)
        groups = [group_of(each, places, media, tables, report) for each in by_source(found)]
        (fresh / PAGE).write_text(render(title, groups), encoding="utf-8")
    return GalleryResult(output / PAGE, len(groups), len(found))


def group_of(
    edits: Sequence[tuple[Path, dict[str, Any]]],
    places: Sequence[Path],
    media: PageMedia,
    tables: Sequence[tuple[Path, Mapping[str, Any]]],
    report: Report,
) -> GalleryGroup:
    """All that is shown of one source."""
    recipe = edits[0][1]
    source = find_source(recipe, places)
    if source is None:
        report.note(f"{recipe['source']}: not found; its edits are shown without it. Say where it is with --sources.")
    shown = tuple(
        GalleryEdit(
            media.add(path), path.name, facts["instruction"], describe_settings(facts), choose_metrics(path, tables)
        )
        for path, facts in edits
    )
    return GalleryGroup(Path(recipe["source"]).stem, media.add(source) if source else None, shown)


def render(title: str, groups: Sequence[GalleryGroup], *, num_videos: int | None = None) -> str:
    """The page as one file of HTML, with its styles and its script. `num_videos`: where groups share sources."""
    from jinja2 import Environment
    from markupsafe import Markup

    def asset(name: str) -> str:
        return page_file("fairy.lab.gallery", name).read_text(encoding="utf-8")

    template = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True).from_string(asset(TEMPLATE))
    scripts = [Markup(asset(name)) for name in SCRIPTS]
    given = {"title": title, "groups": groups, "num_videos": num_videos or len(groups)}
    return template.render(given, styles=Markup(asset(STYLES)), scripts=scripts)


class PageMedia:
    """The page's own folder of videos and posters."""

    def __init__(self, folder: Path, linked_from: Path | None) -> None:
        self._folder, self._page = folder, linked_from

    def add(self, path: Path) -> PageVideo:
        """Put a video there, unless it is shown from where it is, and its poster."""
        info = probe(path)
        name = self._free_name(path.stem)
        middle = next(read_at(info, [len(info) // 2])).image
        Image.fromarray(middle).save(self._folder / f"{name}.jpg", quality=POSTER_QUALITY)
        played = info.codec in PLAYED.get(path.suffix.lower(), set()) and info.bit_depth == 8
        if played and self._page is not None:
            url = Path(os.path.relpath(path.absolute(), self._page.absolute())).as_posix()
        else:
            video = self._folder / f"{name}{path.suffix.lower() if played else '.mp4'}"
            url = f"{MEDIA}/{video.name}"
            if played:
                shutil.copyfile(path, video)
            else:
                encode_playable(info, video)
        return PageVideo(url, f"{MEDIA}/{name}.jpg", info.width, info.height, len(info), info.duration)

    def _free_name(self, stem: str) -> str:
        names = (stem if count == 1 else f"{stem}-{count}" for count in range(1, 1 << 30))
        return next(name for name in names if not (self._folder / f"{name}.jpg").exists())


def encode_playable(info: VideoInfo, path: Path) -> None:
    """Write a video that browsers play."""
    size = (max(2, info.width // 2 * 2), max(2, info.height // 2 * 2))
    with VideoWriter(path, info=info, size=size) as writer:
        for frame in read_frames(info, size=size):
            writer.write(frame.image, frame.pts)
