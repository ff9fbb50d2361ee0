"""Attention maps of one query point over other frames, as in fig. 3 of Fairy (arXiv 2312.13834): numbers and pictures.

Pictures are uint8 RGB (H, W, 3). A point is (x, y) in pixels from the corner of the first one; tokens lie in (h, w).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image, ImageDraw

from fairy.errors import UsageError
from fairy.lab.tracking.capture import Observer, Seen
from fairy.lab.tracking.correspond import attention_map
from fairy.lab.tracking.tokens import TokenGrid

COLOURS = np.array([(0, 0, 0), (70, 15, 110), (190, 50, 85), (250, 140, 20), (255, 245, 170)], np.float64)
"""From no attention to the most: dark to bright also where colours are not seen."""
BRIGHTNESS = 0.55
"""How bright the frame stays below the heat."""


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


def see(observer: Observer, frame: np.ndarray, index: int) -> Seen:
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
