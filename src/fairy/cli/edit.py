"""The commands that edit: `fairy edit` and `fairy preview`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from fairy.cli.options import (
    WORK,
    EditOptions,
    JobOptions,
    Json,
    MaskOptions,
    ModelOptions,
    Output,
    Overwrite,
    PreviewOptions,
    Quiet,
    RunOptions,
    VideoOptions,
    value,
)
from fairy.cli.printing import reporting, tell
from fairy.cli.values import read_by, read_words, read_workers
from fairy.config import JobConfig, check_instruction
from fairy.errors import FairyError, UsageError
from fairy.lazy import large_imports

if TYPE_CHECKING:
    from fairy.jobs.result import EditResult

Workers = Annotated[
    int | Literal["auto"] | None, value("N|auto", "1; of a cluster: auto"), read_by(read_workers)
]  # not JobConfig's own: what it is by default depends on the address


def edit(
    input: Path,
    instruction: str | None = None,
    /,
    *,
    output: Output,
    edit: EditOptions = None,
    model: ModelOptions = None,
    video: VideoOptions = None,
    mask: MaskOptions = None,
    workers: Workers = None,
    compare: Annotated[str | None, value("FILE")] = None,
    overwrite: Overwrite = False,
    job: JobOptions = None,
    ray_address: Annotated[str | None, value("ADDRESS", "this machine", group=WORK)] = None,
    run: RunOptions = None,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Edit a video, or those of a folder or a list. Length, timing and sound stay as they are.

    A list is CSV or JSON lines with the columns video, instruction and output.

    Args:
        input: The video: any file that FFmpeg reads, or a folder of numbered images; many: a folder of videos, .csv,
            .jsonl.
        instruction: What to change, in quotes: "make it night". Left out only where a list has it.
        output: The edited video: .mp4, .mov, .mkv, .webm or .gif, or a name that ends in / for a folder of PNGs. Of
            many: the folder for them all; what is done in it is not done again.
        workers: Processes that share the work, through Ray. auto: one for each GPU, or without any for every four
            cores.
        compare: Write a second video that shows source and result side by side.
        ray_address: The Ray cluster where the workers are, such as 10.0.0.1:6379.
    """
    from fairy.jobs.listing import is_listing
    from fairy.video import check_output

    if workers is None:
        workers = "auto" if ray_address else 1
    job = replace(job or JobConfig(), workers=workers, ray_address=ray_address)
    settings: dict[str, Any] = {"edit": edit, "model": model, "video": video, "run": run, "job": job, "mask": mask}
    if is_listing(input):
        check_many(input, compare, job)
        edit_many(input, instruction, output, quiet, as_json, overwrite=overwrite, **settings)
        return
    for path in filter(None, (output, compare)):
        check_output(path, overwrite)
    instruction = check_request(input, instruction)
    with large_imports():
        from fairy.jobs.calls import edit_video

    with reporting(quiet) as report:
        result = edit_video(input, instruction, output, compare=compare, overwrite=overwrite, report=report, **settings)
    speed = f"in {result.seconds:.1f} s, {result.frames_per_second:.2f} a second"
    summary = f"{output}: {result.num_frames} frames {speed}; {describe_anchors(result)}"
    tell(summary, result, quiet=quiet, as_json=as_json)


def check_request(source: Path, instruction: str | None) -> str:
    """Refuse a wrong request at once: the job would, too, but only after seconds of importing torch."""
    from fairy.video.decode import open_input

    if instruction is None:
        raise UsageError('the instruction is missing; say what to change, for example "make it night"')
    check_instruction(instruction)
    if not source.is_dir():
        open_input(source).close()
    return instruction


def check_many(source: Path, compare: str | None, job: JobConfig) -> None:
    """Refuse what makes sense for one video only."""
    for option, given in (("--compare", compare), ("--anchor", job.given)):
        if given:
            raise UsageError(f"{option} is for one video; {source} names many")


def edit_many(source: Path, instruction: str | None, output: str, quiet: bool, as_json: bool, **settings: Any) -> None:
    """Edit all, tell; some that failed are an error in the end."""
    from fairy.jobs.listing import read_listing

    entries = read_listing(source, instruction)
    with large_imports():
        from fairy.jobs.batch import ACCOUNT, edit_list

    if Path(output, ACCOUNT).exists() and source.samefile(Path(output, ACCOUNT)):
        raise UsageError(f"{source} is the account of {output}, which would be lost; give another folder")

    with reporting(quiet) as report:
        result = edit_list(entries, output, report=report, **settings)
    before = f", {result.num_skipped} were done before" if result.num_skipped else ""
    summary = f"{output}: {len(result.results)} of {len(entries)} videos edited{before}"
    tell(summary, result, quiet=quiet, as_json=as_json)
    if result.failures:
        name, why = next(iter(result.failures.items()))
        raise FairyError(f"{len(result.failures)} of {len(entries)} videos failed (see {ACCOUNT}): {name}: {why}")


def preview(
    input: Path,
    instruction: str,
    /,
    *,
    output: Annotated[str, value("SHEET", alias="-o")],
    edit: EditOptions = None,
    model: ModelOptions = None,
    video: VideoOptions = None,
    mask: MaskOptions = None,
    grid: Annotated[tuple[str, ...], value("KEY=V,V,...", consume_multiple=(1, None), converter=read_words)] = (),
    overwrite: Overwrite = False,
    job: PreviewOptions = None,
    run: RunOptions = None,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Edit a few frames first, and see them beside their sources.

    They are the anchors, from which all other frames take their look. A later `fairy edit` with the same settings gives
    exactly these frames.

    Args:
        input: The video: any file that FFmpeg reads, or a folder of numbered images.
        instruction: What to change, in quotes: "make it night".
        output: The picture to write: a labelled contact sheet, .png.
        grid: Show each combination of one or two settings instead: text-guidance=1.5,3,5 seed=0,1,2.
    """
    from fairy.disk.whole import check_picture

    check_picture(Path(output), overwrite)
    check_request(input, instruction)
    with large_imports():
        from fairy.jobs.calls import preview as draw_anchors
        from fairy.jobs.calls import preview_grid

    settings: dict[str, Any] = {"edit": edit, "model": model, "video": video, "run": run, "job": job, "mask": mask}
    with reporting(quiet) as report:
        if grid:
            drawn = preview_grid(input, instruction, output, grid, overwrite=overwrite, report=report, **settings)
            summary = f"{output}: {drawn.num_edits} edits in {drawn.seconds:.1f} s"
            tell(summary, drawn, quiet=quiet, as_json=as_json)
            return
        result = draw_anchors(input, instruction, output, overwrite=overwrite, report=report, **settings)
    summary = f"{output}: {describe_anchors(result)}, in {result.seconds:.1f} s"
    tell(summary, result, quiet=quiet, as_json=as_json)


def describe_anchors(result: EditResult) -> str:
    """The anchors in words."""
    words = [str(index) for index in result.anchors]
    if len(words) < 2:
        return f"anchor: frame {words[0]}" if words else "no anchors"
    return f"anchors: frames {', '.join(words[:-1])} and {words[-1]}"
