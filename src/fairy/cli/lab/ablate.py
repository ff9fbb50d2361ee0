"""The command line's part on ablations: the command for the paper's tables."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from tyro.conf import Positional, arg

from fairy.cli.options import Flag, reporting
from fairy.config import VideoConfig
from fairy.errors import UsageError

if TYPE_CHECKING:
    from fairy.lab.ablation.settings import Condition

OWN = "(default: the model's own)"


@dataclass(frozen=True, kw_only=True)
class Ablate:
    """Edit a set of videos under several settings, measure and compare them.

    The tables and plots of the paper, and a page with the videos side by side.

    What is finished stays in the folder: after a stop the same command goes on."""

    set: Annotated[Positional[str], arg(metavar="SET")]
    """A CSV or JSONL file with video, instruction and, if you like, source_prompt and target_prompt; or a set of
    synthetic clips, many-videos (12x3) or many-instructions (3x12), or either in another size: many-videos:50x10."""
    output: Annotated[Path, arg(aliases=["-o"], metavar="FOLDER")]
    """Where edited videos, cells.csv, methods.csv, plots and index.html go."""
    k: Annotated[str, arg(metavar="K,K,...")] = "0,3"
    """Numbers of anchors."""
    steps: Annotated[str | None, arg(metavar="N,N,...", help_behavior_hint=OWN)] = None
    """Denoising steps."""
    scheduler: Annotated[str | None, arg(metavar="NAME,...", help_behavior_hint=OWN)] = None
    """Schedulers."""
    text_guidance: Annotated[str | None, arg(metavar="X,X,...", help_behavior_hint=OWN)] = None
    """How strongly the instruction is followed."""
    image_guidance: Annotated[str | None, arg(metavar="X,X,...", help_behavior_hint=OWN)] = None
    """How strongly the source picture is kept."""
    anchor_strength: Annotated[str, arg(metavar="X,X,...")] = "1"
    """How much the other frames take from the anchors."""
    guided_share: Annotated[str | None, arg(metavar="X,X,...", help_behavior_hint="(default: 1)")] = None
    """Share of the steps in which guidance counts."""
    model: Annotated[str, arg(metavar="MODEL,...")] = "embedded"
    """Models: folders, hub ids, or embedded."""
    seed: Annotated[str, arg(metavar="SEED,...")] = "0"
    """Seeds: edits of one video and condition, which count as one."""
    noise: Annotated[str, arg(metavar="shared,own")] = "shared"
    """One noise for all frames, as in any edit, or each frame's own."""
    one_by_one: Flag = False
    """Vary one setting at a time, from the first value of each, in place of all combinations."""
    long_side: Annotated[int | None, arg(metavar="N", help_behavior_hint=OWN)] = None
    """Pixels of the longer side of the edited videos."""
    clip: Annotated[
        str | None, arg(metavar="MODEL", help_behavior_hint="(default: ViT-L/14, if it is on this machine)")
    ] = None
    """A CLIP model for the metrics: a folder, or a hub id to download; off measures without."""
    workers: Annotated[str, arg(metavar="N")] = "1"
    """Processes that share the work, through Ray; or auto."""
    ray_address: Annotated[str | None, arg(metavar="ADDRESS", help_behavior_hint="(default: this machine)")] = None
    """Of the Ray cluster where the workers are; set and folder must be seen from there under the same paths."""
    quiet: Flag = False
    """Print nothing but errors and what --json prints."""
    json: Flag = False
    """Print where everything is as one JSON object, in the last line."""
    debug: Flag = False
    """Print the traceback of an error."""

    def execute(self) -> None:
        """Check, edit and measure, tell."""
        workers = parse_workers(self.workers)
        video = VideoConfig(long_side=self.long_side)
        from fairy.lab.ablation.sets import open_set
        from fairy.lab.ablation.videos import ablate
        from fairy.lab.metrics import MetricSettings

        variants = self.variants()
        with reporting(self.quiet) as report:
            entries = open_set(self.set, self.output / "set", report)
            if not self.quiet:
                report.note(f"{len(entries)} edits under {len(variants)} conditions: {len(entries) * len(variants)}")
            result = ablate(
                entries,
                variants,
                self.output,
                video=video,
                metrics=MetricSettings(clip=self.clip),
                workers=workers,
                ray_address=self.ray_address,
                title=Path(self.set).stem.replace("-", " "),
                report=report,
            )
        if not self.quiet:
            print(f"{result.num_cells} edits, {result.num_done_now} of them now. Look at {result.page}")
        if self.json:
            print(json.dumps({"page": str(result.page), "cells": result.num_cells, "done_now": result.num_done_now}))

    def variants(self) -> list[Condition]:
        """The conditions."""
        from fairy.lab.ablation.settings import KINDS, parse_values, variants

        given = {option: getattr(self, option.replace("-", "_")) for option in KINDS}
        axes = {option: parse_values(option, text) for option, text in given.items() if text is not None}
        return variants(axes, one_by_one=self.one_by_one)


def parse_workers(text: str) -> int | str:
    """A number of processes, or auto."""
    if text == "auto":
        return text
    if not text.isdecimal() or int(text) < 1:
        raise UsageError(f"--workers {text}: must be a number from 1, or auto")
    return int(text)
