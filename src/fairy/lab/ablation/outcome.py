"""The files of a finished `fairy lab ablate`: tables as CSV, plots, and a page with the videos side by side."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from fairy.disk.whole import write_text
from fairy.errors import OutputError
from fairy.lab.ablation.rows import MeanRow, collect_values, mean_rows, means_table, plot_curves
from fairy.lab.ablation.sets import SetEntry
from fairy.lab.ablation.settings import Condition, curves
from fairy.lab.gallery.entries import metrics_in_words
from fairy.lab.gallery.page import MEDIA, PAGE, GalleryEdit, GalleryGroup, PageMedia, render
from fairy.lab.metrics.comparison import ClipResult, Comparison, compare
from fairy.lab.metrics.picture import draw_comparison
from fairy.lab.metrics.scores import BY_KEY, METRICS, Better
from fairy.lab.metrics.table import comparison_csv
from fairy.lab.results.statistics import Mean
from fairy.lab.results.tables import as_csv

CELLS, METHODS, CHART, TABLE = "cells.csv", "methods.csv", "methods.png", "methods.md"
CURVES = {"k": ("curves-k.png", "K"), "steps": ("curves-steps.png", "steps")}
"""The paper's fig. 19 and 20."""


@dataclass(frozen=True)
class VideoCell:
    """One finished cell."""

    entry: SetEntry
    condition: Condition
    video: Path
    values: Mapping[str, float | None]


def check_output(folder: Path, begun: Path) -> None:
    """Refuse a folder with results in it that are of no ablation: every one begins with the file `begun`."""
    if folder.exists() and not folder.is_dir():
        raise OutputError(f"{folder} is a file, not a folder. Choose another name.")
    names = (CELLS, METHODS, CHART, TABLE, PAGE, MEDIA, *(name for name, _ in CURVES.values()))
    if not begun.exists() and (present := [name for name in names if (folder / name).exists()]):
        raise OutputError(f"{folder / present[0]} is of no ablation, and would be lost. Choose another folder.")


def write_outcome(folder: Path, cells: Sequence[VideoCell], conditions: Sequence[Condition], *, title: str) -> Path:
    """Write everything into a folder; returns the page's path."""
    comparison = compare([result_of(cell) for cell in cells])
    write_text(folder / CELLS, cells_csv(cells))
    write_text(folder / METHODS, comparison_csv(comparison))
    draw_comparison(comparison, folder / CHART, title=f"{title}: mean and 95 % interval over videos")
    rows, ranked = list(rows_of(comparison)), ranked_keys(comparison)
    panels = [("all", key, BY_KEY[key].title) for key in ranked]
    plots = [CHART]
    for option, (name, label) in CURVES.items():
        if along := curves(conditions, option):
            plot_curves(folder / name, rows, along, panels, label=label, title=title, from_zero=False)
            plots.append(name)
    write_text(folder / TABLE, as_page(cells, comparison, rows, plots, title))
    return write_page(folder, cells, title)


def as_page(
    cells: Sequence[VideoCell], comparison: Comparison, rows: Sequence[MeanRow], plots: Sequence[str], title: str
) -> str:
    """The table of conditions and metrics in Markdown, with what it rests on and the plots."""
    weights = dict.fromkeys(cell.condition.settings.weights for cell in cells)
    models = ", ".join(f"{Path(of.name).name} (UNet {of.unet})" for of in weights)
    instructions = len({(cell.entry.video, cell.entry.instruction) for cell in cells})
    metrics = {key: f"{BY_KEY[key].title.strip()}, {BY_KEY[key].better.value}" for key in ranked_keys(comparison)}
    sure = "the 95 % interval over videos (bootstrap)" if comparison.num_sources > 1 else "no interval: one video"
    parts = [
        f"# {title}",
        f"{instructions} pairs of video and instruction, {comparison.num_sources} videos, {len(comparison.methods)}"
        f" conditions, by `fairy lab ablate`. Models: {models}. Means with {sure}; above stands which way is better.",
        means_table(rows, comparison.methods, "all", metrics, heading="condition"),
        *_differences(cells, comparison, metrics),
        *(f"![{name}]({name})" for name in plots),
    ]
    return "\n\n".join(parts) + "\n"


def _differences(cells: Sequence[VideoCell], comparison: Comparison, metrics: Mapping[str, str]) -> list[str]:
    """The table of differences, where there is something to compare and more than one video to be sure by."""
    base, *others = comparison.methods
    if not others or comparison.num_sources < 2:
        return []
    table = means_table(paired(cells), others, "all", metrics, heading="condition", differing=True)
    return [f"Differences from {base}, video by video. Bold where the interval leaves out 0.", table]


def paired(cells: Sequence[VideoCell]) -> list[MeanRow]:
    """Means over videos with their differences from the first condition: each video is compared with itself."""
    records = [
        {
            "condition": cell.condition.name,
            "clip": str(cell.entry.video),
            "edit": cell.entry.instruction,
            "values": {key: value for key, value in cell.values.items() if value is not None},
        }
        for cell in cells
    ]
    groups = {"all": [cell.entry.instruction for cell in cells]}
    return mean_rows(collect_values(records, groups), cells[0].condition.name)


def result_of(cell: VideoCell) -> ClipResult:
    """As the statistics take it: the videos are what is drawn anew."""
    return ClipResult(cell.condition.name, str(cell.entry.video), cell.entry.instruction, cell.values)


def ranked_keys(comparison: Comparison) -> list[str]:
    """The metrics that say which is better."""
    return [key for key in comparison.standings if BY_KEY[key].better is not Better.NONE]


def rows_of(comparison: Comparison) -> Iterator[MeanRow]:
    """Means with their intervals, for the plots."""
    for key, standings in comparison.standings.items():
        for name, found in standings.items():
            yield MeanRow(name, "all", key, Mean(found.mean, found.low, found.high, found.num_tasks))


def cells_csv(cells: Sequence[VideoCell]) -> str:
    """A line for each cell: what it was, its weights, its settings, every value."""
    options = [option for option, _ in cells[0].condition.values]
    heads = ["video", "instruction", "condition", *options, "unet", "edited", *(metric.key for metric in METRICS)]
    return as_csv(heads, (_line(cell) for cell in cells))


def _line(cell: VideoCell) -> list[object]:
    given = [value for _, value in cell.condition.values]
    what = [cell.entry.name, cell.entry.instruction, cell.condition.name, *given, cell.condition.settings.weights.unet]
    return [*what, cell.video.name, *(cell.values.get(metric.key) for metric in METRICS)]


def write_page(folder: Path, cells: Sequence[VideoCell], title: str) -> Path:
    """The page, and beside it the sources and posters; edited videos are shown from where they are in the folder."""
    with tempfile.TemporaryDirectory(dir=folder, prefix=f".{MEDIA}-") as scratch:
        media = Path(scratch, MEDIA)
        media.mkdir()
        sources, edits = PageMedia(media, None), PageMedia(media, folder)
        shown = {video: sources.add(video) for video in dict.fromkeys(cell.entry.video for cell in cells)}
        groups = [
            GalleryGroup(f"{entry.name}: {entry.instruction}", shown[entry.video], tuple(_edits(list(of), edits)))
            for entry, of in groupby(cells, key=lambda cell: cell.entry)
        ]
        write_text(folder / PAGE, render(title, groups, num_videos=len(shown)))
        shutil.rmtree(folder / MEDIA, ignore_errors=True)
        media.rename(folder / MEDIA)
    return folder / PAGE


def _edits(cells: Sequence[VideoCell], media: PageMedia) -> Iterator[GalleryEdit]:
    for cell in cells:
        settings = tuple(f"{option} {value}" for option, value in cell.condition.values)
        numbers = metrics_in_words(cell.values)
        yield GalleryEdit(media.add(cell.video), cell.video.name, cell.condition.name, settings, numbers)
