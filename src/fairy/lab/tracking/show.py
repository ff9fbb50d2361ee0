"""From a clip and a point in it to a picture or a video of where attention finds the point (Fairy, sec. 4, fig. 3).

Pictures are uint8 RGB (H, W, 3). A point is (x, y) in pixels from the corner of the first one; tokens lie in (h, w).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageDraw

from fairy.disk.whole import save_png
from fairy.errors import UsageError
from fairy.lab.tracking.capture import LayerFeatures, Observer
from fairy.lab.tracking.correspond import TokenGrid, attention_map
from fairy.lab.tracking.measure import Tell
from fairy.pictures.sheet import grid, tile
from fairy.video import VideoInfo, VideoWriter, read_at, read_frames

COLOURS = np.array([(0, 0, 0), (70, 15, 110), (190, 50, 85), (250, 140, 20), (255, 245, 170)], np.float64)
"""From no attention to the most: dark to bright also where colours are not seen."""
BRIGHTNESS = 0.55
"""How bright the frame stays below the heat."""
SHOWN_SIDE = 360
"""Pixels of the longer side from which a picture is not enlarged to be looked at."""
NUM_SHOWN = 3
"""Frames in a picture where none are asked for."""


@dataclass(frozen=True)
class PointQuestion:
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
    question: PointQuestion,
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
        heads.append(f"frame {frame.index}: {describe_heat(heat)}")
        if on_progress:
            on_progress(number, len(frames))
    save_png(output, grid(heads, [("the brighter, the more attention; most at the cross", pictures)], title=title))
    return found


def draw_video(
    observer: Observer,
    question: PointQuestion,
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


def describe_heat(heat: Heat) -> str:
    """How much attention goes to the place marked, against the mean over all places."""
    return f"{heat.peak * heat.weights.size:.1f} times the mean"


def shown(picture: np.ndarray, point: tuple[float, float], *, cross: bool = False) -> np.ndarray:
    """A picture, enlarged by a whole number if it is small, with the point marked."""
    factor = -(-SHOWN_SIDE // max(picture.shape[:2]))
    size = picture.shape[1] * factor, picture.shape[0] * factor
    enlarged = np.asarray(Image.fromarray(picture).resize(size, Image.Resampling.BICUBIC))
    return mark(enlarged, (point[0] * factor, point[1] * factor), cross=cross)


@dataclass(frozen=True, eq=False)
class Heat:
    """How a point's attention is spread over one frame."""

    weights: np.ndarray
    """float32 (h, w), the sum 1."""
    grid: TokenGrid

    @property
    def found(self) -> tuple[float, float]:
        """The middle of the token with the most attention: where the point is, by attention."""
        x, y = self.grid.centres[int(self.weights.argmax())]
        return float(x), float(y)

    @property
    def peak(self) -> float:
        """The share of attention that goes there."""
        return float(self.weights.max())


@dataclass(frozen=True, eq=False)
class HeatMapper:
    """One point of one frame, to be looked for in others, by one layer at one step."""

    observer: Observer
    query: torch.Tensor
    """(C,)"""

    def look_in(self, frame: np.ndarray, index: int = 0) -> Heat:
        """Where in a frame, uint8 (H, W, 3), the point attends to; `index` is that of `Observer.watch`."""
        seen = see(self.observer, frame, index)
        row = attention_map(self.query, seen.keys, seen.heads).cpu().numpy()
        return Heat(row.reshape(seen.grid.rows, seen.grid.columns), seen.grid)


def ask_for(observer: Observer, frame: np.ndarray, point: tuple[float, float], index: int = 0) -> HeatMapper:
    """Take the query of the token in which a point of a frame lies; the observer has one layer and one step."""
    height, width = frame.shape[:2]
    if not (0 <= point[0] <= width and 0 <= point[1] <= height):
        raise UsageError(f"the point {point[0]:g},{point[1]:g} is not in the picture of {width}x{height}")
    seen = see(observer, frame, index)
    return HeatMapper(observer, seen.queries[int(seen.grid.tokens_at(np.array([point]))[0])])


def see(observer: Observer, frame: np.ndarray, index: int) -> LayerFeatures:
    """What the one layer of the observer computes of a frame at its one step."""
    ((_, layers),) = observer.watch(frame, index)
    (seen,) = layers.values()
    return seen


def draw_heat(frame: np.ndarray, heat: Heat) -> np.ndarray:
    """The frame, darkened, with the heat over it, brightest where it is most."""
    height, width = frame.shape[:2]
    tokens = Image.fromarray(heat.weights / heat.weights.max())
    full = (heat.grid.columns * heat.grid.pitch, heat.grid.rows * heat.grid.pitch)
    level = np.asarray(tokens.resize(full, Image.Resampling.BILINEAR))[:height, :width, None].clip(0, 1)
    stops = np.linspace(0, 1, len(COLOURS))
    colour = np.concatenate([np.interp(level, stops, COLOURS[:, channel]) for channel in range(3)], axis=-1)
    mixed = BRIGHTNESS * (1 - level) * frame + (1 - BRIGHTNESS * (1 - level)) * colour
    return mixed.round().astype(np.uint8)


def mark(picture: np.ndarray, point: tuple[float, float], *, cross: bool = False) -> np.ndarray:
    """The picture with a ring round the point, or a cross on it, white with a dark rim."""
    image = Image.fromarray(picture)
    draw = ImageDraw.Draw(image)
    reach = max(3, round(max(image.size) / 45))
    x, y = point[0] - 0.5, point[1] - 0.5
    for width, ink in ((4, "black"), (2, "white")):
        if cross:
            draw.line([x - reach, y, x + reach, y], ink, width)
            draw.line([x, y - reach, x, y + reach], ink, width)
        else:
            draw.ellipse([x - reach, y - reach, x + reach, y + reach], outline=ink, width=width)
    return np.asarray(image)
