"""From a clip and a point in it to a picture or a video of where attention finds the point (Fairy, sec. 4, fig. 3)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from fairy.disk.whole import save_png
from fairy.errors import UsageError
from fairy.lab.tracking.capture import Observer
from fairy.lab.tracking.heat import Heat, HeatMapper, ask_for, draw_heat, mark
from fairy.pictures.sheet import grid, tile
from fairy.video import VideoInfo, VideoWriter, read_at, read_frames

SHOWN_SIDE = 360
"""Pixels of the longer side from which a picture is not enlarged to be looked at."""
NUM_SHOWN = 3
"""Frames in a picture where none are asked for."""

Tell = Callable[[int, int], None]
"""Told the frames done, and how many there are in all."""


@dataclass(frozen=True)
class Question:
    """A point of a clip, and how it is to be looked for."""

    info: VideoInfo
    size: tuple[int, int]
    """Columns and rows at which frames are computed."""
    point: tuple[float, float]
    """x and y in pixels of the source, whole numbers at the pixels' centres."""
    frame: int

    def __post_init__(self) -> None:
        self.check_frames("--frame", [self.frame])
        for name, value, side in zip("xy", self.point, (self.info.width, self.info.height), strict=True):
            if not 0 <= value <= side - 1:
                raise UsageError(f"--point {name} {value:g}: {self.info.path.name} has pixels 0 to {side - 1}")

    def check_frames(self, flag: str, frames: Sequence[int]) -> None:
        """UsageError where the clip lacks one of them."""
        for frame in frames:
            if not 0 <= frame < len(self.info):
                raise UsageError(f"{flag} {frame}: {self.info.path.name} has frames 0 to {len(self.info) - 1}")

    @property
    def scaled(self) -> tuple[float, float]:
        """The point in pixels of `size`, from the corner of the first one."""
        x, y = self.point
        return (x + 0.5) * self.size[0] / self.info.width, (y + 0.5) * self.size[1] / self.info.height

    def in_source(self, found: tuple[float, float]) -> tuple[float, float]:
        """A point in pixels of `size` as one of the source: `scaled` undone."""
        x, y = found
        return x * self.info.width / self.size[0] - 0.5, y * self.info.height / self.size[1] - 0.5

    def others(self) -> tuple[int, ...]:
        """A few frames evenly spread over the clip, without the asked one."""
        last = len(self.info) - 1
        spread = sorted({round(last * part / NUM_SHOWN) for part in range(NUM_SHOWN + 1)})
        nearest = min(spread, key=lambda index: abs(index - self.frame))
        return tuple(index for index in spread if index != nearest)

    def ask(self, observer: Observer) -> tuple[HeatMapper, np.ndarray]:
        """What looks for the point, and the frame in which it was asked for, marked, to be shown."""
        (frame,) = read_at(self.info, [self.frame], size=self.size)
        return ask_for(observer, frame.image, self.scaled, self.frame), shown(frame.image, self.scaled)


def draw_sheet(
    observer: Observer,
    question: Question,
    frames: Sequence[int],
    output: Path,
    *,
    title: str,
    on_progress: Tell | None = None,
) -> dict[int, tuple[float, float]]:
    """Write a picture: the asked frame and the heat on `frames`; returns where in the source the point was found."""
    mapper, asked = question.ask(observer)
    pictures, heads, found = [asked], [f"frame {question.frame}: the point"], {}
    for number, frame in enumerate(read_at(question.info, frames, size=question.size), 1):
        heat = mapper.look_in(frame.image, frame.index)
        found[frame.index] = question.in_source(heat.found)
        pictures.append(shown(draw_heat(frame.image, heat), heat.found, cross=True))
        heads.append(f"frame {frame.index}: {describe(heat)}")
        if on_progress:
            on_progress(number, len(frames))
    save_png(output, grid(heads, [("the brighter, the more attention; most at the cross", pictures)], title=title))
    return found


def draw_video(
    observer: Observer,
    question: Question,
    output: str,
    *,
    overwrite: bool = False,
    on_progress: Tell | None = None,
) -> int:
    """Write a video: on the left the asked frame, on the right the heat on every frame; returns how many."""
    mapper, asked = question.ask(observer)
    height, width = tile([asked, asked], num_columns=2).shape[:2]
    with VideoWriter(output, info=question.info, size=(width, height), overwrite=overwrite) as writer:
        for frame in read_frames(question.info, size=question.size):
            heat = mapper.look_in(frame.image, frame.index)
            picture = shown(draw_heat(frame.image, heat), heat.found, cross=True)
            writer.write(tile([asked, picture], num_columns=2), frame.pts)
            if on_progress:
                on_progress(frame.index + 1, len(question.info))
    return len(question.info)


def describe(heat: Heat) -> str:
    """How much attention goes to the place marked, against the mean over all places."""
    return f"{heat.peak * heat.weights.size:.1f} times the mean"


def shown(picture: np.ndarray, point: tuple[float, float], *, cross: bool = False) -> np.ndarray:
    """A picture, enlarged by a whole number if it is small, with the point marked."""
    factor = -(-SHOWN_SIDE // max(picture.shape[:2]))
    size = picture.shape[1] * factor, picture.shape[0] * factor
    enlarged = np.asarray(Image.fromarray(picture).resize(size, Image.Resampling.BICUBIC))
    return mark(enlarged, (point[0] * factor, point[1] * factor), cross=cross)
