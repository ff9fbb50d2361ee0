"""Where camera and objects are at time t.

A similarity of the plane (zoom, roll, shift) is z -> a z + b on complex numbers z = x + iy.
"""

from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from fairy.lab.synthetic.raster import Array

Place = TypeVar("Place", complex, NDArray[np.complex128])


@dataclass(frozen=True)
class Similarity:
    """z -> a z + b: turn and zoom by `a`, then shift by `b`."""

    a: complex
    b: complex

    def __call__(self, x: Array, y: Array) -> tuple[Array, Array]:
        real, imag = np.float32(self.a.real), np.float32(self.a.imag)
        return (
            real * x - imag * y + np.float32(self.b.real),
            imag * x + real * y + np.float32(self.b.imag),
        )

    def after(self, first: "Similarity") -> "Similarity":
        """This one applied to the result of `first`."""
        return Similarity(self.a * first.a, self.a * first.b + self.b)

    def inverse(self) -> "Similarity":
        return Similarity(1 / self.a, -self.b / self.a)

    def point(self, z: Place) -> Place:
        """Where the place z, or each of an array of places, goes to, in double precision."""
        return self.a * z + self.b


@dataclass(frozen=True)
class Path:
    """A smooth path of one number over time t in frames: start + rate t + swing sin(2 pi t / period + phase)."""

    start: float
    rate: float
    swing: float
    period: float
    phase: float

    def at(self, t: float) -> float:
        return self.start + self.rate * t + self.swing * float(np.sin(2 * np.pi * t / self.period + self.phase))

    def faster(self, speed: float) -> "Path":
        """What this path is at time t * speed, at time t."""
        return replace(self, rate=self.rate * speed, period=self.period / speed)


def draw_path(rng: np.random.Generator, start: float, rate: float, swing: float) -> Path:
    """A path whose rate and swing are at most those given."""
    return Path(
        start=start,
        rate=rng.uniform(-rate, rate),
        swing=rng.uniform(0.3, 1) * swing,
        period=rng.uniform(24, 60),
        phase=rng.uniform(0, 2 * np.pi),
    )


@dataclass(frozen=True)
class Pose:
    """A moving similarity: position (x, y), log of the scale, angle in radians."""

    x: Path
    y: Path
    log_scale: Path
    angle: Path

    def at(self, t: float) -> Similarity:
        turn = np.exp(self.log_scale.at(t) + 1j * self.angle.at(t))
        return Similarity(complex(turn), complex(self.x.at(t), self.y.at(t)))

    def faster(self, speed: float) -> "Pose":
        """The same way at another speed."""
        return Pose(*(path.faster(speed) for path in (self.x, self.y, self.log_scale, self.angle)))
