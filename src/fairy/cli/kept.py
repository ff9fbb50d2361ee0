"""The commands for what an edit has written: `fairy redo`, `fairy verify` and `fairy info`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from fairy.cli.options import Json, Quiet, value
from fairy.cli.printing import print_json, reporting, tell
from fairy.cli.values import read_by, read_range
from fairy.errors import FairyError
from fairy.lazy import large_imports

OWN = "the job's own"
Device = Annotated[str | None, value("DEVICE", OWN, help="Where to compute: auto, cpu, mps, cuda or cuda:N.")]


def redo(
    output: Path,
    /,
    *,
    frames: Annotated[tuple[int, int], value("FIRST:STOP"), read_by(read_range)],
    seed: Annotated[int | None, value("SEED", OWN)] = None,
    instruction: Annotated[str | None, value("TEXT", OWN)] = None,
    text_guidance: Annotated[float | None, value("X", OWN)] = None,
    image_guidance: Annotated[float | None, value("X", OWN)] = None,
    device: Device = None,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Render some frames of a kept job again, and write its output anew.

    Every other frame stays as it is. Without any setting the frames become again what they first were.

    Args:
        output: What an edit with --keep-job has written.
        frames: Which ones, counted from 0 in the source: 500:520 is 500 to 519.
        seed: Another start of the random numbers for these frames.
        instruction: Another instruction for these frames.
        text_guidance: How strongly the instruction is followed in these frames.
        image_guidance: How strongly the source picture is kept in these frames.
    """
    with large_imports():
        from fairy.jobs.redo import redo as render_again

    changes: dict[str, Any] = {
        "seed": seed,
        "instruction": instruction,
        "text_guidance": text_guidance,
        "image_guidance": image_guidance,
    }
    with reporting(quiet) as report:
        result = render_again(output, frames, device=device, report=report, **changes)
    summary = f"{output}: frames {frames[0]} to {frames[1] - 1} done again in {result.seconds:.1f} s"
    tell(summary, result, quiet=quiet, as_json=as_json)


def verify(
    output: Path,
    /,
    *,
    frames: Annotated[int, value("N")] = 8,
    source: Annotated[Path | None, value("VIDEO", "where the file says")] = None,
    device: Device = None,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Render some frames again, and compare them with what was made.

    A job that was kept with --keep-job is compared bit for bit. Without one the file's own recipe is rendered from its
    source: bit for bit where the file is lossless, else within what its codec loses. Nothing is changed. A difference
    that nothing explains is an error.

    Args:
        output: What an edit has written.
        frames: How many, chosen at random.
        source: What the file was made from, where it lies elsewhere now and no job was kept.
    """
    with large_imports():
        from fairy.jobs.store import job_path
        from fairy.jobs.verify import verify as compare

    with reporting(quiet) as report:
        result = compare(output, source=source, num_frames=frames, device=device, report=report)
    number, levels = len(result.frames), result.largest_difference
    summary = f"{output}: {result.num_identical} of {number} frames are identical to the last bit"
    if levels and result.psnr is not None:
        summary = (
            f"{output}: {number} frames are as its recipe gives them but for the codec: {result.psnr:.1f} dB at worst"
        )
        if not result.agrees:
            summary = f"{output}: the farthest of {number} frames is {result.psnr:.1f} dB from what its recipe gives"
    elif levels:
        summary += f"; the largest difference is {levels} of 255 levels"
    if result.rounding:
        summary += f". Rounding is to be expected: {', '.join(result.rounding)}"
    tell(summary, result, quiet=quiet, as_json=as_json)
    if result.damage:
        raise FairyError(f"{job_path(output)}: {'; '.join(result.damage)} (`fairy redo` renders them again)")
    if not result.agrees and result.psnr is not None:
        raise FairyError(f"{output} is not what its recipe gives: no usual codec loses that much")
    if levels and not result.agrees:
        raise FairyError(f"{number - result.num_identical} of {number} frames do not come out as they are stored")


def info(
    output: Path, /, *, as_json: Annotated[Json, Parameter(help="Print one JSON object instead of a table.")] = False
) -> None:
    """Print what made a file: instruction, settings, model, source.

    A file that Fairy has written carries that within itself.

    Args:
        output: A video, a GIF, a picture or a folder of pictures that Fairy has written, or is about to write.
    """
    from fairy.jobs.recipe import info as read_recipe

    found = read_recipe(output)
    if as_json:
        print_json(found)
        return
    for name, known in found.items():
        if known not in ("", None, False, [], {}):
            print(f"{name.replace('_', ' ')}: {IN_WORDS.get(name, in_words)(known)}")


def in_words(value: Any) -> str:
    """A value of a recipe."""
    if isinstance(value, dict):
        return ", ".join(f"{name.replace('_', ' ')} {in_words(each)}" for name, each in value.items())
    return str(value)


def frames_in_words(frames: list[int]) -> str:
    """First and stop."""
    return f"{frames[0]} to {frames[1] - 1}"


def shots_in_words(shots: list[Any] | int) -> str:
    """Each with its anchors, or of very many only the number."""
    if isinstance(shots, int):
        return str(shots)
    lines = [f"frames {frames_in_words(shot)}, anchors {', '.join(map(str, shot[2])) or 'none'}" for shot in shots]
    return "\n  ".join(["", *lines])


def takes_in_words(takes: list[dict[str, Any]]) -> str:
    """Each with what is its own."""
    lines = [
        f"frames {frames_in_words(take['frames'])}: {take['instruction']}, {in_words(take['settings'])}"
        for take in takes
    ]
    return "\n  ".join(["", *lines])


IN_WORDS: dict[str, Callable[[Any], str]] = {
    "frames": frames_in_words,
    "size": lambda size: "{}x{}".format(*size),
    "delivered": lambda size: "{}x{}".format(*size),
    "shots": shots_in_words,
    "redone": takes_in_words,
}
"""How some values of a recipe are written."""
