"""The commands for ablations: `fairy lab ablate` on videos of one's own, `fairy lab truth` against exact truth."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from fairy.cli.lab.bench import command_line
from fairy.cli.options import Json, Quiet, Silent, value
from fairy.cli.printing import reporting, tell
from fairy.cli.values import read_by, read_workers
from fairy.config import EMBEDDED, VideoConfig
from fairy.errors import UsageError

OWN = "the model's own"
Numbers = Annotated[str | None, value("X,X,...", OWN)]


def ablate(
    set: str,
    /,
    *,
    output: Annotated[Path, value("FOLDER", alias="-o")],
    k: Annotated[str, value("K,K,...")] = "0,3",
    steps: Annotated[str | None, value("N,N,...", OWN)] = None,
    scheduler: Annotated[str | None, value("NAME,...", OWN)] = None,
    text_guidance: Numbers = None,
    image_guidance: Numbers = None,
    anchor_strength: Annotated[str, value("X,X,...")] = "1",
    guided_share: Annotated[str | None, value("X,X,...", "1")] = None,
    model: Annotated[str, value("MODEL,...")] = EMBEDDED,
    seed: Annotated[str, value("SEED,...")] = "0",
    noise: Annotated[str, value("shared,own")] = "shared",
    one_by_one: bool = False,
    long_side: int | None = None,
    clip: Annotated[str | None, value("MODEL", "ViT-L/14, if it is on this machine")] = None,
    workers: Annotated[int | Literal["auto"], value("N|auto"), read_by(read_workers)] = 1,
    ray_address: Annotated[str | None, value("ADDRESS", "this machine")] = None,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Edit a set of videos under several settings, and compare them.

    The tables and plots of the paper, and a page with the videos side by side.

    What is finished stays in the folder: after a stop the same command goes on.

    Args:
        set: A CSV or JSONL file with video, instruction and, if you like, source_prompt and target_prompt; or a set of
            synthetic clips, many-videos (12x3) or many-instructions (3x12), or either in another size:
            many-videos:50x10.
        output: Where edited videos, cells.csv, methods.csv, plots and index.html go.
        k: Numbers of anchors.
        steps: Denoising steps.
        scheduler: Schedulers.
        text_guidance: How strongly the instruction is followed.
        image_guidance: How strongly the source picture is kept.
        anchor_strength: How much the other frames take from the anchors.
        guided_share: Share of the steps in which guidance counts.
        model: Models: folders, hub ids, or embedded.
        seed: Seeds: edits of one video and condition, which count as one.
        noise: One noise for all frames, as in any edit, or each frame's own.
        one_by_one: Vary one setting at a time, from the first value of each, in place of all combinations.
        long_side: Pixels of the longer side of the edited videos.
        clip: A CLIP model for the metrics: a folder, or a hub id to download; off measures without.
        workers: Processes that share the work, through Ray; or auto.
        ray_address: Of the Ray cluster where the workers are; set and folder must be seen from there under the same
            paths.
    """
    check_workers(workers)
    video = VideoConfig(long_side=long_side)
    from fairy.lab.ablation.sets import open_set
    from fairy.lab.ablation.settings import parse_values, variants
    from fairy.lab.ablation.videos import ablate as ablate_videos
    from fairy.lab.metrics import MetricSettings

    texts = {
        "k": k,
        "steps": steps,
        "seed": seed,
        "noise": noise,
        "text-guidance": text_guidance,
        "image-guidance": image_guidance,
        "anchor-strength": anchor_strength,
        "guided-share": guided_share,
        "scheduler": scheduler,
        "model": model,
    }
    axes = {option: parse_values(option, text) for option, text in texts.items() if text is not None}
    conditions = variants(axes, one_by_one=one_by_one)
    with reporting(quiet) as report:
        entries = open_set(set, output / "set", report)
        if not quiet:
            number = len(entries) * len(conditions)
            report.note(f"{len(entries)} edits under {len(conditions)} conditions: {number}")
        result = ablate_videos(
            entries,
            conditions,
            output,
            video=video,
            metrics=MetricSettings(clip=clip),
            workers=workers,
            ray_address=ray_address,
            title=Path(set).stem.replace("-", " "),
            report=report,
        )
    summary = f"{result.num_cells} edits, {result.num_done_now} of them now. Look at {result.page}"
    account = {"page": result.page, "cells": result.num_cells, "done_now": result.num_done_now}
    tell(summary, account, quiet=quiet, as_json=as_json)


def truth(
    *,
    output: Annotated[Path, value("FOLDER", alias="-o")] = Path("benchmarks"),
    work: Annotated[Path, value("FOLDER")] = Path("runs/ablation"),
    model: str = EMBEDDED,
    equivariant_model: Annotated[str | None, value("MODEL")] = None,
    clips: int = 60,
    size: tuple[int, int] = (128, 96),
    speed: float = 3.0,
    full: bool = False,
    workers: Annotated[int | None, value("N", "one for each core")] = None,
    quiet: Silent = False,
) -> None:
    """Measure each part of the method against exact truth.

    What anchors, their number, steps, noise and equivariance do, on held-out synthetic clips whose edits are known
    exactly. Finished cells stay in the work folder: the same
    command goes on after a stop, and with more clips it adds some.

    Args:
        output: Where the result goes: DATE-ablation.md, .csv, .json and plots.
        work: Where finished cells are kept.
        model: The base model: a folder, or embedded.
        equivariant_model: The same after equivariant fine-tuning; without it, that part is left out.
        clips: How many clips.
        size: Width and height of the clips.
        speed: How fast all moves in them, as in `fairy lab synth`.
        full: Also do what takes long for every clip: 5 and 7 anchors, 20 and 50 steps, other strengths and what makes
            an edit fast are else done for every sixth.
        workers: Processes that share the work, through Ray.
    """
    if clips < 2:
        raise UsageError(f"--clips {clips}: must be 2 or more, for an interval over clips")
    check_workers(workers)
    from fairy.lab.ablation.clips import World
    from fairy.lab.ablation.heldout import ablate_heldout
    from fairy.parallel.cluster import num_cores

    with reporting(quiet) as report:
        page = ablate_heldout(
            output,
            work,
            model=model,
            equivariant_model=equivariant_model,
            num_clips=clips,
            world=World(size, speed),
            full=full,
            workers=workers or num_cores(),
            command=command_line(),
            report=report,
        )
    if not quiet:
        print(page)


def check_workers(workers: int | str | None) -> None:
    """Refuse none."""
    if isinstance(workers, int) and workers < 1:
        raise UsageError(f"--workers {workers}: must be 1 or more")
