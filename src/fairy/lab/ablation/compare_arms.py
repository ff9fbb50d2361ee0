"""`python -m fairy.lab.ablation.compare_arms`: the ways of giving anchors to joint attention, against exact truth."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import torch

from fairy import models
from fairy.config import RunConfig
from fairy.disk.whole import write_text
from fairy.lab.ablation.arms import BASE, arms, edit_clip
from fairy.lab.ablation.clips import MEASURED, make_clip
from fairy.lab.ablation.rows import MeanRow, collect_values, mean_rows, means_table, rows_csv
from fairy.lab.ablation.truth import MEASURES, measure_edit
from fairy.lab.results.machine import commit, today
from fairy.lab.synthetic import EDITS
from fairy.method.editor import Editor

ASKED = ("paint_all", "backdrop", "duotone", "neon")
"""Each leaves something open: two of objects, two of the whole picture."""


def measure_arms(name: str, num_clips: int, asked: Sequence[str] = ASKED, workers: int = 1) -> list[MeanRow]:
    """Means over clips, for the edits of objects and those of the whole picture."""
    jobs = [(name, index, tuple(asked)) for index in range(num_clips)]
    with get_context("spawn").Pool(workers, initializer=torch.set_num_threads, initargs=(1,)) as pool:
        records = [record for found in pool.imap_unordered(measure_clip, jobs) for record in found]
    groups = {kind: [edit for edit in asked if EDITS[edit].kind == kind] for kind in ("object", "whole")}
    return mean_rows(collect_values(records, groups), BASE)


def measure_clip(job: tuple[str, int, tuple[str, ...]]) -> list[dict[str, Any]]:
    """One clip by every instruction in every arm."""
    name, index, asked = job
    records = []
    with Editor(models.load(name), RunConfig(batch_size=len(MEASURED)), micro_batch=len(MEASURED)) as editor:
        for edit in asked:
            clip = make_clip(index, edit)
            found = {arm.name: edit_clip(editor, clip, arm) for arm in arms()} | {"exact": clip.exact[0]}
            for condition, edited in found.items():
                values = measure_edit(edited, clip)
                records.append({"condition": condition, "edit": edit, "clip": index, "values": values})
    return records


def main() -> None:
    """Measure, and write DATE-arms.md and DATE-arms.csv."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-o", "--output", type=Path, default=Path("benchmarks"), help="folder of the result")
    parser.add_argument("--model", default="embedded-joint", help="a model with joint attention")
    parser.add_argument("--clips", type=int, default=12)
    parser.add_argument("--workers", type=int, default=1, help="processes")
    options = parser.parse_args()
    rows = measure_arms(options.model, options.clips, workers=options.workers)
    page = options.output / f"{today()}-arms"
    write_text(page.with_suffix(".csv"), rows_csv(rows))
    write_text(page.with_suffix(".md"), write_page(rows, options.model, options.clips))


def write_page(rows: Sequence[MeanRow], model: str, num_clips: int) -> str:
    """Two tables."""
    names = [*(arm.name for arm in arms()), "exact"]
    titles = {
        "object": f"Edits of objects ({ASKED[0]}, {ASKED[1]})",
        "whole": f"Of the picture ({ASKED[2]}, {ASKED[3]})",
    }
    tables = [
        f"## {title}\n\n{means_table(rows, names, group, MEASURES, heading='arm')}\n" for group, title in titles.items()
    ]
    about = f"{num_clips} held-out synthetic clips x {len(ASKED)} instructions, 128x96; frames {MEASURED} are measured."
    head = [
        f"# Ways of giving anchors to joint attention, measured on {today()}\n",
        f"Command: `python -m fairy.lab.ablation.compare_arms --clips {num_clips} --model {Path(model).name}`,",
        f"code at commit {commit()}.",
        f"{about} Mean and 95 % interval (bootstrap over clips).",
        "[docs/lab/joint.md](../docs/lab/joint.md) says what the arms are, [docs/lab/truth.md](../docs/lab/truth.md)",
        "what the measures are.\n",
    ]
    return "\n".join([*head, *tables])


if __name__ == "__main__":
    main()
