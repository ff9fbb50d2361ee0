"""The command line's part on jobs: how anchors are named, and the commands for a job that was kept."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from tyro.conf import Positional, UseAppendAction, arg

from fairy.cli.options import Flag, reporting
from fairy.errors import FairyError, UsageError

if TYPE_CHECKING:
    from fairy.jobs.result import EditResult

Output = Annotated[Positional[Path], arg(metavar="OUTPUT")]
Unchanged = arg(help_behavior_hint="(default: the job's own)")


@dataclass(frozen=True, kw_only=True)
class AnchorOptions:
    """Which frames are anchors, and where shots begin. Frames are counted from 0, in the whole source."""

    anchors: Annotated[str | None, arg(metavar="N,N,...", help_behavior_hint="(default: evenly spaced)")] = None
    """The frames to be anchors, such as 0,57,119."""
    anchor: Annotated[
        UseAppendAction[tuple[str, ...]], arg(metavar="N=PICTURE", help_behavior_hint="(default: none; repeatable)")
    ] = ()
    """An anchor that is edited already, by any program: 57=edited.png. The others follow it."""
    shots: Annotated[str, arg(metavar="auto|off|FILE")] = "auto"
    """Where shots begin, each with its own anchors: auto finds it, off is nowhere, a text file has a frame a line."""

    @property
    def config(self) -> dict[str, Any]:
        """The fields of a JobConfig."""
        given = {}
        for text in self.anchor:
            index, equals, path = text.partition("=")
            if not (equals and path and index.isdecimal()):
                raise UsageError(f"--anchor {text}: must be a frame and a picture, such as 57=edited.png")
            given[int(index)] = Path(path)
        anchors = None if self.anchors is None else tuple(sorted(parse_frames(self.anchors)))
        return {"anchors": anchors, "given": given, "shots": self.shots}


def parse_frames(text: str) -> set[int]:
    """0,57,119 -> those frames."""
    words = [word.strip() for word in text.split(",")]
    if not all(word.isdecimal() for word in words):
        raise UsageError(f"--anchors {text}: must be frames, such as 0,57,119")
    return {int(word) for word in words}


def parse_range(text: str) -> tuple[int, int]:
    """500:520 -> (500, 520); 500 -> (500, 501)."""
    first, colon, last = text.partition(":")
    if not first.isdecimal() or (colon and not last.isdecimal()):
        raise UsageError(f"--frames {text}: must be frames, such as 500:520 (500 to 519) or 500")
    return int(first), int(last) if colon else int(first) + 1


@dataclass(frozen=True, kw_only=True)
class Kept:
    """What the commands for a kept job have in common."""

    output: Output
    """What an edit with --keep-job has written."""
    device: Annotated[str | None, arg(metavar="DEVICE"), Unchanged] = None
    """Where to compute: auto, cpu, mps, cuda or cuda:N."""
    quiet: Flag = False
    """Print nothing but errors and what --json prints."""
    json: Flag = False
    """Print the account of the work as one JSON object, in the last line."""
    debug: Flag = False
    """Print the traceback of an error."""

    def account(self, result: EditResult | Any, summary: str) -> None:
        """Say what was done."""
        if not self.quiet:
            print(summary)
        if self.json:
            print(json.dumps({**asdict(result), "output": str(result.output)}))


@dataclass(frozen=True, kw_only=True)
class Redo(Kept):
    """Render some frames of a kept job again, and write its output anew.

    Every other frame stays as it is. Without any setting the frames become again what they first were."""

    frames: Annotated[str, arg(metavar="FIRST:STOP")]
    """Which ones, counted from 0 in the source: 500:520 is 500 to 519."""
    seed: Annotated[int | None, arg(metavar="SEED"), Unchanged] = None
    """Another start of the random numbers for these frames."""
    instruction: Annotated[str | None, arg(metavar="TEXT"), Unchanged] = None
    """Another instruction for these frames."""
    text_guidance: Annotated[float | None, arg(metavar="X"), Unchanged] = None
    """How strongly the instruction is followed in these frames."""
    image_guidance: Annotated[float | None, arg(metavar="X"), Unchanged] = None
    """How strongly the source picture is kept in these frames."""

    def execute(self) -> None:
        """Render, assemble, tell."""
        first, stop = parse_range(self.frames)
        from fairy.jobs.redo import redo

        with reporting(self.quiet) as report:
            result = redo(
                self.output,
                (first, stop),
                seed=self.seed,
                instruction=self.instruction,
                text_guidance=self.text_guidance,
                image_guidance=self.image_guidance,
                device=self.device,
                report=report,
            )
        self.account(result, f"{self.output}: frames {first} to {stop - 1} done again in {result.seconds:.1f} s")


@dataclass(frozen=True, kw_only=True)
class Verify(Kept):
    """Render some frames of a kept job again, and compare them bit for bit with what is stored."""

    frames: Annotated[int, arg(metavar="N")] = 8
    """How many, chosen at random."""

    def execute(self) -> None:
        """Render, compare, tell; a difference that nothing explains is an error."""
        from fairy.jobs.store import job_path
        from fairy.jobs.verify import verify

        with reporting(self.quiet) as report:
            result = verify(self.output, num_frames=self.frames, device=self.device, report=report)
        number, levels = len(result.frames), result.largest_difference
        summary = f"{self.output}: {result.num_identical} of {number} frames are identical to the last bit"
        if levels:
            summary += f"; the largest difference is {levels} of 255 levels"
        if result.rounding:
            summary += f". Rounding is to be expected: {', '.join(result.rounding)}"
        self.account(result, summary)
        if result.damage:
            raise FairyError(f"{job_path(self.output)}: {'; '.join(result.damage)} (`fairy redo` renders them again)")
        if levels and not result.rounding:
            raise FairyError(f"{number - result.num_identical} of {number} frames do not come out as they are stored")


@dataclass(frozen=True, kw_only=True)
class Info:
    """Print what made a file: the instruction, the settings, the model, the source.

    A file that Fairy has written carries that within itself."""

    output: Output
    """A video, a GIF, a picture or a folder of pictures that Fairy has written, or is about to write."""
    json: Flag = False
    """Print one JSON object instead of a table."""
    debug: Flag = False
    """Print the traceback of an error."""

    def execute(self) -> None:
        """Print the table or the object."""
        from fairy.jobs.recipe import info

        recipe = info(self.output)
        if self.json:
            print(json.dumps(recipe))
            return
        for name, value in recipe.items():
            if value not in ("", None, False, [], {}):
                print(f"{name.replace('_', ' ')}: {IN_WORDS.get(name, in_words)(value)}")


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
    "shots": shots_in_words,
    "redone": takes_in_words,
}
"""How some values of a recipe are written."""
