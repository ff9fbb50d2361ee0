"""The command line's part on attention as tracking: heat maps of a point, accuracy over layers and steps."""

from __future__ import annotations

import json
import re
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from tyro.conf import Positional, arg

from fairy.cli.lab.synth import parse_size
from fairy.cli.options import Flag, as_options, plain, reporting
from fairy.config import EditConfig, ModelConfig, check_instruction
from fairy.errors import UsageError

if TYPE_CHECKING:
    from fairy.lab.tracking.capture import Observer
    from fairy.lab.tracking.points import TrackedClip
    from fairy.models import Model
    from fairy.report import Report

INSTRUCTION = "make it night"
SIZE = (256, 256)
SMALLEST = 32
SYNTHETIC_FRAMES, SYNTHETIC_SPEED = 6, 8.0

ModelOptions = Annotated[ModelConfig, arg(constructor=as_options(ModelConfig))]


def unset(metavar: str, words: str) -> Any:
    """An option that may be left out, and what it is then."""
    return arg(metavar=metavar, help_behavior_hint=f"(default: {words})")


@dataclass(frozen=True, kw_only=True)
class Track:
    """Follow points by the model's own attention, and measure how well that works.

    Of a clip: where one point attends to in other frames. Of clips with true tracks: the accuracy of all layers and
    steps. docs/tracking.md"""

    input: Annotated[Positional[Path | None], unset("CLIP", "none")] = None
    """A video in which a point is looked for."""
    output: Annotated[str | None, arg(aliases=["-o"], metavar="OUTPUT", help_behavior_hint="(required)")] = None
    """A picture (.png) or a video (.mp4 ...) of a point's heat; a folder for accuracy.csv, .json and .png."""
    point: Annotated[str | None, unset("X,Y", "none")] = None
    """The point to look for, in pixels of the clip: 0,0 is the first one."""
    frame: Annotated[int, arg(metavar="N")] = 0
    """The frame in which the point is there, counted from 0."""
    to: Annotated[str | None, unset("N,N,...", "three, evenly spread")] = None
    """The frames to look for it in, for a picture."""
    accuracy: Annotated[Path | None, unset("FILE", "none")] = None
    """Measure on clips with true tracks: TAP-Vid as .npz (docs/tracking.md), or a folder of synth."""
    synthetic: Annotated[int | None, unset("N", "none")] = None
    """Measure on so many fresh synthetic clips with exact tracks."""
    clips: Annotated[int | None, unset("N", "all")] = None
    """Measure on the first N clips only."""
    frames: Annotated[int | None, unset("N", "all; 6 of synthetic clips")] = None
    """Frames of each clip, evenly spread over it."""
    speed: Annotated[float, arg(metavar="X")] = SYNTHETIC_SPEED
    """How fast all moves in fresh synthetic clips, as in synth."""
    layer: Annotated[str | None, unset("NAME", "all for accuracy, else the first of the last block")] = None
    """Which self-attention layers: a number from 0, negative from the end, or a part of the name."""
    step: Annotated[str | None, unset("N,N,...", "all for accuracy, else the middle one")] = None
    """Which denoising steps, from 0, the noisiest; negative ones count from the end."""
    list_layers: Flag = False
    """Print the model's self-attention layers and stop."""
    instruction: Annotated[str, arg(metavar="TEXT")] = INSTRUCTION
    """The edit in the midst of which attention is looked at."""
    num_steps: Annotated[int | None, unset("N", "the model's own")] = None
    """Denoising steps of that edit."""
    text_guidance: Annotated[float | None, unset("X", "the model's own")] = None
    """How strongly that edit follows the instruction."""
    image_guidance: Annotated[float | None, unset("X", "the model's own")] = None
    """How strongly it keeps the source picture."""
    seed: Annotated[int, arg(metavar="SEED")] = 0
    """Start of the random numbers, of the edit as of fresh synthetic clips."""
    own_noise: Flag = False
    """Give each frame noise of its own. An edit has the same for all, and attention may follow that."""
    size: Annotated[str | None, unset("WxH", "256x256 for accuracy, else as edit does")] = None
    """Size at which frames are computed."""
    overwrite: Flag = False
    """Replace what is there under the output's name."""
    quiet: Flag = False
    """Print nothing but errors and what --json prints."""
    json: Flag = False
    """Print the result as one JSON object, in the last line."""
    debug: Flag = False
    """Print the traceback of an error."""
    model: ModelOptions = field(default_factory=ModelConfig)

    def execute(self) -> None:
        """Check what is asked for, do it, tell."""
        check_instruction(self.instruction)
        if self.size is not None and min(parse_size(self.size)) < SMALLEST:
            raise UsageError(f"--size {self.size}: both sides must be {SMALLEST} or more")
        asked = [name for name in ("accuracy", "synthetic", "input") if getattr(self, name) is not None]
        if self.list_layers:
            self.print_layers()
            return
        if len(asked) != 1:
            raise UsageError("name one of a CLIP with --point X,Y, --accuracy FILE, --synthetic N, and --list-layers")
        if self.output is None:
            raise UsageError("-o OUTPUT is missing: a picture or video for a CLIP, a folder for accuracy")
        if self.input is not None:
            self.draw(self.input, self.output)
        else:
            self.measure(Path(self.output))

    def print_layers(self) -> None:
        """A line for each layer: number, name."""
        from fairy.lab.tracking.capture import self_attention_layers

        layers = self_attention_layers(self.load().denoiser)
        print(json.dumps(layers) if self.json else "\n".join(f"{i:3} {name}" for i, name in enumerate(layers)))

    def draw(self, source: Path, output: str) -> None:
        """A picture or a video of one point's heat."""
        if self.point is None:
            raise UsageError("--point X,Y is missing: the point of the clip to look for")
        as_picture = Path(output).suffix.lower() == ".png"
        point = parse_point(self.point)
        if self.to is not None and not as_picture:
            raise UsageError("--to is for pictures: a video shows all frames. Leave it out, or choose a name with .png")
        from fairy.disk.whole import check_picture
        from fairy.lab.tracking.show import PointQuestion, draw_sheet, draw_video
        from fairy.pictures.size import fit_size
        from fairy.video import check_output, probe

        if as_picture:
            check_picture(Path(output), self.overwrite)
        else:
            check_output(output, self.overwrite)
        info = probe(source)
        frames = () if self.to is None else parse_numbers("--to", self.to)
        whole = PointQuestion(info, (info.width, info.height), point, self.frame)
        whole.check_frames("--to", frames)  # as all of it, before the model is loaded
        model = self.load()
        size = parse_size(self.size) if self.size else fit_size(info.width, info.height, model.defaults.long_side)
        question = replace(whole, size=size)
        with reporting(self.quiet) as report, self.observe(model, size, single=True) as observer:
            tell = telling(report)
            where = f"{observer.layers[0]}, step {observer.steps[0]} of {observer.settings.num_steps}"
            where += ", each frame its own noise" * self.own_noise
            if as_picture:
                title = f"{source.name}, {self.point} of frame {self.frame}\n{model.name}: {where}"
                found = draw_sheet(
                    observer, question, frames or question.others(), Path(output), title=title, on_progress=tell
                )
            else:
                draw_video(observer, question, output, overwrite=self.overwrite, on_progress=tell)
                found = {}
        if not self.quiet:
            print("\n".join([f"{output}: {where}", *(f"frame {i}: {x:.1f},{y:.1f}" for i, (x, y) in found.items())]))
        if self.json:
            print(
                json.dumps({"output": output, "layer": observer.layers[0], "step": observer.steps[0], "found": found})
            )

    def measure(self, folder: Path) -> None:
        """Accuracy of layers and steps, as files."""
        for name in ("clips", "synthetic"):
            if (value := getattr(self, name)) is not None and value < 1:
                raise UsageError(f"--{name} {value}: must be 1 or more")
        if self.frames is not None and self.frames < 2:
            raise UsageError(f"--frames {self.frames}: must be 2 or more")
        size = parse_size(self.size) if self.size else SIZE
        from fairy.disk.whole import check_files
        from fairy.lab.results.plots import check_matplotlib
        from fairy.lab.tracking.measure import measure
        from fairy.lab.tracking.tables import CSV, JSON, PLOT, summarize, write_accuracy

        check_matplotlib()
        check_files(folder, (CSV, JSON, PLOT), self.overwrite)
        clips = [clip.thinned(self.frames) for clip in self.open_clips(size)[: self.clips]]
        model = self.load()
        with reporting(self.quiet) as report, self.observe(model, size) as observer:
            counts = list(measure(observer, clips, size=size, on_progress=telling(report)))
            settings = asdict(observer.settings)
        about = {"model": model.name, "instruction": self.instruction, **settings, "own_noise": self.own_noise}
        about |= {"size": size, "clips": self.source}
        accuracy = summarize(counts, about)
        write_accuracy(folder, f"{model.name}, {accuracy.num_clips} clip{'s' * (accuracy.num_clips != 1)}", accuracy)
        peak = accuracy.peak
        if not self.quiet:
            print(f"{folder}: {accuracy.num_pairs} correspondences of {accuracy.num_points} points, {self.source}")
            print(f"best: {peak.layer}, step {peak.step}: {describe(peak.within)}")
            print(f"chance {describe(accuracy.finest.chance)}; if nothing moved {describe(accuracy.finest.still)}")
        if self.json:
            print(json.dumps({"output": str(folder), "num_pairs": accuracy.num_pairs, "best": asdict(peak)}))

    def open_clips(self, size: tuple[int, int]) -> list[TrackedClip]:
        """The clips that are asked for."""
        from fairy.lab.tracking.points import open_clips, synthetic_clips

        if self.accuracy is not None:
            return open_clips(self.accuracy)
        number, frames = self.synthetic or 0, self.frames or SYNTHETIC_FRAMES
        return synthetic_clips(number, num_frames=frames, size=size, seed=self.seed, speed=self.speed)

    @property
    def source(self) -> str:
        """The clips in words."""
        if self.accuracy is not None:
            return self.accuracy.name
        return f"{self.synthetic} synthetic clips, seed {self.seed}, speed {self.speed:g}"

    def load(self) -> Model:
        """The model that is asked for."""
        from fairy.models import load

        chosen = vars(plain(self.model))
        return load(chosen.pop("model"), **chosen)

    def observe(self, model: Model, size: tuple[int, int], *, single: bool = False) -> AbstractContextManager[Observer]:
        """What looks at the asked layers and steps; `single` takes one of each."""
        from fairy.lab.tracking.capture import choose_layers, default_layer, observe, self_attention_layers

        config = EditConfig(
            num_steps=self.num_steps,
            text_guidance=self.text_guidance,
            image_guidance=self.image_guidance,
            seed=self.seed,
        )
        names = self_attention_layers(model.denoiser)
        layers = [default_layer(names)] if single and self.layer is None else choose_layers(names, self.layer)
        steps = None if self.step is None else parse_numbers("--step", self.step)
        if single and steps is None:
            steps = (config.resolved(model.defaults).num_steps // 2,)
        if single and (len(layers) > 1 or len(steps or ()) > 1):
            raise UsageError(f"a heat map is of one layer and one step; {len(layers)} layers, {len(steps or ())} steps")
        return observe(model, self.instruction, config, size=size, layers=layers, steps=steps, own_noise=self.own_noise)


def parse_point(text: str) -> tuple[float, float]:
    """96,60 -> (96.0, 60.0)."""
    if not (found := re.fullmatch(r"(\d+(?:\.\d+)?),(\d+(?:\.\d+)?)", text)):
        raise UsageError(f"--point {text}: must be x and y in pixels, such as 96,60")
    return float(found[1]), float(found[2])


def parse_numbers(name: str, text: str) -> tuple[int, ...]:
    """0,5,9 -> those numbers."""
    words = [word.strip() for word in text.split(",")]
    if not all(re.fullmatch(r"-?\d+", word) for word in words):
        raise UsageError(f"{name} {text}: must be whole numbers, such as 0,5,9")
    return tuple(int(word) for word in words)


def telling(report: Report) -> Any:
    """What moves the bar."""
    return lambda done, total: report.progress("measuring", done, total)


def describe(within: dict[int, float]) -> str:
    """Shares in words."""
    return ", ".join(f"{100 * within[distance]:.1f} % within {distance} px" for distance in (16, 32))
