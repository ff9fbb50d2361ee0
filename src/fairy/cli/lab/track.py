"""The commands for attention as tracking: `fairy lab track heat`, `accuracy` and `layers`."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from fairy.cli.options import Commands, Json, ModelOptions, Only, Output, Overwrite, Quiet, Words, value
from fairy.cli.printing import print_json, reporting, tell
from fairy.cli.values import read_by, read_point
from fairy.config import EditConfig, ModelConfig, check_instruction
from fairy.errors import UsageError

if TYPE_CHECKING:
    from fairy.lab.tracking.capture import Observer
    from fairy.lab.tracking.points import TrackedClip
    from fairy.models import Model
    from fairy.report import Report

SIZE = (256, 256)
SMALLEST = 32
SYNTHETIC_FRAMES, SYNTHETIC_SPEED = 6, 8.0


@dataclass(frozen=True, kw_only=True)
class Where:
    """What is looked at, and in the midst of which edit."""

    layer: Annotated[str | None, Parameter(allow_leading_hyphen=True)] = None
    """Which self-attention layers: a number from 0, negative from the end, or a part of the name."""
    step: Annotated[tuple[int, ...] | None, Parameter(allow_leading_hyphen=True)] = None
    """Which denoising steps, from 0, the noisiest; negative ones count from the end."""
    instruction: str = "make it night"
    """The edit in the midst of which attention is looked at."""
    own_noise: bool = False
    """Give each frame noise of its own. An edit has the same for all, and attention may follow that."""
    size: tuple[int, int] | None = None
    """Size at which frames are computed."""

    def __post_init__(self) -> None:
        check_instruction(self.instruction)
        if self.size is not None and min(self.size) < SMALLEST:
            raise UsageError("--size {}x{}: both sides must be {} or more".format(*self.size, SMALLEST))

    def observe(
        self, model: Model, edit: EditConfig, size: tuple[int, int], *, single: bool = False
    ) -> AbstractContextManager[Observer]:
        """What looks at the asked layers and steps; `single` takes one of each."""
        from fairy.lab.tracking.capture import choose_layers, default_layer, observe, self_attention_layers

        names = self_attention_layers(model.denoiser)
        layers = [default_layer(names)] if single and self.layer is None else choose_layers(names, self.layer)
        steps = self.step
        if single and steps is None:
            steps = (edit.resolved(model.defaults).num_steps // 2,)
        if single and (len(layers) > 1 or len(steps or ()) > 1):
            raise UsageError(f"a heat map is of one layer and one step; {len(layers)} layers, {len(steps or ())} steps")
        return observe(model, self.instruction, edit, size=size, layers=layers, steps=steps, own_noise=self.own_noise)


OfHeat = Words(
    layer=("NAME", "the first of the last block"), step=("N", "the middle one"), size=("WxH", "as edit does")
)
OfAccuracy = Words(layer=("NAME", "all"), step=("N,N,...", "all"), size=("WxH", "256x256"))
EditOptions = Annotated[
    EditConfig | None, Parameter(name="*"), Only("num_steps", "text_guidance", "image_guidance", "seed")
]


def heat(
    clip: Path,
    /,
    *,
    point: Annotated[tuple[float, float], value("X,Y"), read_by(read_point)],
    output: Output,
    frame: int = 0,
    to: Annotated[tuple[int, ...], value("N,N,...", "three, evenly spread")] = (),
    overwrite: Overwrite = False,
    where: Annotated[Where | None, Parameter(name="*"), OfHeat] = None,
    edit: EditOptions = None,
    model: ModelOptions = None,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Draw where a point of a clip attends to in its other frames.

    Args:
        clip: A video in which a point is looked for.
        point: The point to look for, in pixels of the clip: 0,0 is the first one.
        output: A picture (.png) of some frames, or a video (.mp4 ...) of all.
        frame: The frame in which the point is there, counted from 0.
        to: The frames to look for it in, for a picture.
    """
    where, edit, as_picture = where or Where(), edit or EditConfig(), Path(output).suffix.lower() == ".png"
    if to and not as_picture:
        raise UsageError("--to is for pictures: a video shows all frames. Leave it out, or choose a name with .png")
    from fairy.disk.whole import check_picture
    from fairy.lab.tracking.show import PointQuestion, draw_sheet, draw_video
    from fairy.models import load_config
    from fairy.pictures.size import fit_size
    from fairy.video import check_output, probe

    if as_picture:
        check_picture(Path(output), overwrite)
    else:
        check_output(output, overwrite)
    info = probe(clip)
    whole = PointQuestion(info, (info.width, info.height), point, frame)
    whole.check_frames("--to", to)  # as all of it, before the model is loaded
    loaded = load_config(model or ModelConfig())
    size = where.size or fit_size(info.width, info.height, loaded.defaults.long_side)
    question = replace(whole, size=size)
    with reporting(quiet) as report, where.observe(loaded, edit, size, single=True) as observer:
        layer, step = observer.layers[0], observer.steps[0]
        words = f"{layer}, step {step} of {observer.settings.num_steps}"
        words += ", each frame its own noise" * where.own_noise
        found: dict[int, tuple[float, float]] = {}
        if as_picture:
            title = f"{clip.name}, {point[0]:g},{point[1]:g} of frame {frame}\n{loaded.name}: {words}"
            frames = to or question.others()
            found = draw_sheet(observer, question, frames, Path(output), title=title, on_progress=moving(report))
        else:
            draw_video(observer, question, output, overwrite=overwrite, on_progress=moving(report))
    summary = "\n".join([f"{output}: {words}", *(f"frame {i}: {x:.1f},{y:.1f}" for i, (x, y) in found.items())])
    account = {"output": output, "layer": layer, "step": step, "found": found}
    tell(summary, account, quiet=quiet, as_json=as_json)


def accuracy(
    tracks: Path | None = None,
    /,
    *,
    output: Annotated[Path, value("FOLDER", alias="-o")],
    synthetic: int | None = None,
    clips: Annotated[int | None, value("N", "all")] = None,
    frames: Annotated[int | None, value("N", "all; 6 of synthetic clips")] = None,
    speed: float = SYNTHETIC_SPEED,
    overwrite: Annotated[bool, Parameter(help="Replace what an earlier run has written into the folder.")] = False,
    where: Annotated[Where | None, Parameter(name="*"), OfAccuracy] = None,
    edit: EditOptions = None,
    model: ModelOptions = None,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Measure how well attention follows points with true tracks.

    All layers and steps of a model, on synthetic clips or on those of a folder or a file.

    Args:
        tracks: The clips: a folder of `fairy lab synth`, or TAP-Vid as .npz (docs/lab/tracking.md). Or --synthetic.
        output: The folder for accuracy.csv, .json and .png.
        synthetic: Measure on so many fresh synthetic clips with exact tracks.
        clips: Measure on the first N clips only.
        frames: Frames of each clip, evenly spread over it.
        speed: How fast all moves in fresh synthetic clips, as in `fairy lab synth`.
    """
    if (tracks is None) == (synthetic is None):
        raise UsageError("name the clips: a file or folder of clips with true tracks, or --synthetic N")
    for name, number, least in (("clips", clips, 1), ("synthetic", synthetic, 1), ("frames", frames, 2)):
        if number is not None and number < least:
            raise UsageError(f"--{name} {number}: must be {least} or more")
    where, edit = where or Where(), edit or EditConfig()
    size = where.size or SIZE
    from fairy.disk.whole import check_files
    from fairy.lab.results.plots import check_matplotlib
    from fairy.lab.tracking.measure import measure
    from fairy.lab.tracking.tables import CSV, JSON, PLOT, summarize, write_accuracy
    from fairy.models import load_config

    check_matplotlib()
    check_files(output, (CSV, JSON, PLOT), overwrite)
    opened, source = open_clips(tracks, synthetic or 0, frames, size, edit.seed, speed)
    loaded = load_config(model or ModelConfig())
    with reporting(quiet) as report, where.observe(loaded, edit, size) as observer:
        measured = [clip.thinned(frames) for clip in opened[:clips]]
        counts = list(measure(observer, measured, size=size, on_progress=moving(report)))
        about = {"model": loaded.name, "instruction": where.instruction, **asdict(observer.settings)}
    found = summarize(counts, about | {"own_noise": where.own_noise, "size": size, "clips": source})
    write_accuracy(output, f"{loaded.name}, {found.num_clips} clip{'s' * (found.num_clips != 1)}", found)
    summary = f"""{output}: {found.num_pairs} correspondences of {found.num_points} points, {source}
best: {found.peak.layer}, step {found.peak.step}: {describe_shares(found.peak.within)}
chance {describe_shares(found.finest.chance)}; if nothing moved {describe_shares(found.finest.still)}"""
    account = {"output": output, "num_pairs": found.num_pairs, "best": asdict(found.peak)}
    tell(summary, account, quiet=quiet, as_json=as_json)


def open_clips(
    tracks: Path | None, number: int, frames: int | None, size: tuple[int, int], seed: int, speed: float
) -> tuple[list[TrackedClip], str]:
    """The clips that are asked for, and what they are in words."""
    from fairy.lab.tracking.points import open_clips, synthetic_clips

    if tracks is not None:
        return open_clips(tracks), tracks.name
    fresh = synthetic_clips(number, num_frames=frames or SYNTHETIC_FRAMES, size=size, seed=seed, speed=speed)
    return fresh, f"{number} synthetic clips, seed {seed}, speed {speed:g}"


def layers(
    *, model: ModelOptions = None, as_json: Annotated[Json, Parameter(help="Print one JSON array instead.")] = False
) -> None:
    """List a model's self-attention layers."""
    from fairy.lab.tracking.capture import self_attention_layers
    from fairy.models import load_config

    names = self_attention_layers(load_config(model or ModelConfig()).denoiser)
    if as_json:
        print_json(names)
    else:
        print("\n".join(f"{index:3} {name}" for index, name in enumerate(names)))


def moving(report: Report) -> Callable[[int, int], None]:
    """What moves the bar."""
    return lambda done, total: report.progress("measuring", done, total)


def describe_shares(within: dict[int, float]) -> str:
    """Shares in words."""
    return ", ".join(f"{100 * within[distance]:.1f} % within {distance} px" for distance in (16, 32))


track = Commands(
    name="track", help="Follow points by a model's own attention, and measure how well. docs/lab/tracking.md"
)
for command in (heat, accuracy, layers):
    track.offer(command)
