"""Small studies for tests: two sources, two methods whose names must reach no rater, three instructions."""

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np

from clips import make, picture
from fairy.lab.study import Built, StudyConfig, build_study

METHODS = ("secretalpha", "secretbeta")
LINES = "video,instruction\ncat,Make it night!\ncat,make it snow\ndog,make it night\n"
RESULTS = ("cat--make-it-night", "cat--make-it-snow", "dog")


def write_videos(folder: Path, *, num_frames: int = 4, size: tuple[int, int] = (48, 32)) -> None:
    """Sources, the results of both methods, and the instructions."""
    for place, names in {"sources": ("cat", "dog"), **dict.fromkeys(METHODS, RESULTS)}.items():
        (folder / place).mkdir(parents=True)
        for number, name in enumerate(names):
            image = tinted(0.5 + 0.1 * number if place in METHODS else 1.0)
            tags = {"title": place, "comment": f"made by {place}"}
            path = folder / place / f"{name}.mp4"
            make(path, num_frames=num_frames, size=size, image=image, metadata=tags, time_base=Fraction(1, 12))
    (folder / "lines.csv").write_text(LINES)


def tinted(brightness: float) -> Callable[[int, tuple[int, int]], np.ndarray]:
    """Darker pictures."""
    return lambda index, size: (picture(index, size) * brightness).astype(np.uint8)


def build(folder: Path, *, standalone: bool = False, name: str = "study", **settings: float) -> Built:
    """A study of the videos in a folder."""
    return build_study(
        folder / name,
        source=folder / "sources",
        methods=[folder / method for method in METHODS],
        instructions=folder / "lines.csv",
        standalone=standalone,
        config=StudyConfig(**settings),
    )
