"""Many clips from a table: each row measured once, methods compared. A run that was stopped goes on where it was.

The table, a CSV or JSON lines, has a row for each edited clip; see COLUMNS. With a folder to write into, the values of
each row are kept there in a ledger, under a key that stands for everything they depend on: so a row is measured again
only when its files or its settings have changed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from fairy.disk.rows import read_rows
from fairy.errors import FairyError, MediaError, UsageError
from fairy.lab.metrics.comparison import ClipResult
from fairy.lab.metrics.scores import METRICS
from fairy.lab.metrics.scoring import score_videos
from fairy.lab.metrics.settings import MetricSettings
from fairy.lab.metrics.tools import find_clip, load_tools
from fairy.lab.results.ledger import Record, key_of, open_ledger
from fairy.lab.results.tables import as_csv

COLUMNS = ("source", "edited", "method", "instruction", "source_prompt", "target_prompt", "mask", "flow")
"""The first two are needed. Paths are seen from the table's own folder."""
PROMPTS = ("source_prompt", "target_prompt")
LEDGER = "rows.jsonl"
FORMAT = 1
"""Raised when a metric's meaning changes, so that no value of before is taken for one of now."""


@dataclass(frozen=True, kw_only=True)
class TableRow:
    """One row of the table."""

    where: str
    """The table and the line it stands at, for messages."""
    source: Path
    edited: Path
    method: str
    mask: Path | None
    settings: MetricSettings

    def key(self, common: bool, clip: Path | None) -> str:
        """Of everything that its values depend on, such as the CLIP, which may not have been there before.

        A file stands for itself by its size and its time.
        """
        files = [_stamp(path) for path in (self.source, self.edited, self.mask) if path]
        facts = {"format": FORMAT, "common": common, "clip": str(clip), "settings": asdict(self.settings)}
        return key_of(facts | {"files": files})


@dataclass(frozen=True)
class Measurement:
    """What a row has measured."""

    row: TableRow
    values: dict[str, float | None]
    num_frames: int
    notes: tuple[str, ...]

    @property
    def result(self) -> ClipResult:
        """What statistics take of it."""
        settings = self.row.settings
        task = "\n".join(str(each) for each in (settings.instruction, settings.source_prompt, settings.target_prompt))
        return ClipResult(self.row.method, str(self.row.source), task, self.values)


def read_table(path: Path, settings: MetricSettings) -> tuple[list[TableRow], list[str]]:
    """The rows, and the names of columns that mean nothing here. What a row leaves empty is taken from `settings`.

    Raises UsageError with the line that is wrong, or where a file is not there.
    """
    found = read_rows(path, COLUMNS, needed=COLUMNS[:2], option="--table")
    rows = [_read_row(path, where, given, settings) for where, given in found]
    return rows, sorted({name for _, given in found for name in given} - set(COLUMNS))


def _read_row(path: Path, where: str, given: dict[str, str], settings: MetricSettings) -> TableRow:
    files = {name: path.parent / given[name] for name in ("source", "edited", "mask") if given[name]}
    if absent := [file for file in files.values() if not file.exists()]:
        raise UsageError(f"{where}: {absent[0]} is not there")
    changes: dict[str, Any] = {name: given[name] for name in ("instruction", *PROMPTS) if given[name]}
    if given["flow"]:
        flow = path.parent / given["flow"]
        changes["flow"] = str(flow) if flow.exists() else given["flow"]
    return TableRow(
        where=where,
        source=files["source"],
        edited=files["edited"],
        method=given["method"] or "edit",
        mask=files.get("mask"),
        settings=replace(settings, **changes),
    )


def measure(
    rows: Sequence[TableRow],
    settings: MetricSettings,
    *,
    folder: Path | None = None,
    common: bool = False,
    on_row: Callable[[int, int], None],
    on_note: Callable[[str], None],
) -> list[Measurement]:
    """Measure all rows, one after the other; those that `folder` has the values of are only read.

    on_row is told the rows done and their number, on_note a line that a user should read.
    A row that cannot be measured is told to `on_note` and left out; FairyError where that befalls every row.
    """
    tools, clip = None, find_clip(settings)
    done: list[Measurement] = []
    with open_ledger(folder, LEDGER) as ledger:
        for count, row in enumerate(rows):
            on_row(count, len(rows))
            key = row.key(common, clip)
            if key not in ledger:
                if tools is None:
                    tools = load_tools(settings)
                    for note in tools.notes:
                        on_note(note)
                try:
                    scores = score_videos(
                        row.source,
                        row.edited,
                        row.settings,
                        mask=row.mask,
                        common=common,
                        tools=replace(tools, notes=()),
                    )
                except (MediaError, UsageError) as error:
                    on_note(f"{row.where} is left out: {error}")
                    continue
                kept: Record = {"key": key, "values": scores.values, "frames": scores.num_frames}
                ledger.add([{**kept, "notes": scores.notes}])
            known = ledger[key]
            done.append(Measurement(row, known["values"], known["frames"], tuple(known["notes"])))
    on_row(len(rows), len(rows))
    if not done:
        raise FairyError("no row of the table could be measured; the lines above say why")
    return done


def _stamp(path: Path) -> list[Any]:
    files = sorted(path.iterdir()) if path.is_dir() else [path]
    return [str(path.resolve()), [[file.name, file.stat().st_size, file.stat().st_mtime_ns] for file in files]]


def measurements_csv(measurements: Sequence[Measurement]) -> str:
    """A line for each row: what it was, and every value."""
    heads = ["source", "edited", "method", "instruction", "num_frames", *(metric.key for metric in METRICS), "notes"]
    return as_csv(heads, _lines(measurements))


def _lines(measurements: Sequence[Measurement]) -> Iterator[Sequence[object]]:
    for each in measurements:
        row = each.row
        values = [each.values.get(metric.key) for metric in METRICS]
        head = [str(row.source), str(row.edited), row.method, row.settings.instruction, each.num_frames]
        yield [*head, *values, "; ".join(each.notes)]
