"""What an instruction leaves open, drawn once a clip: the same in every frame and all over the picture."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Choice:
    """Hues and tones in 0..1, drawn evenly; `target` is the object meant; the names are those that are said."""

    hue: float
    second_hue: float
    tone: float
    target: int = 0
    colour_name: str = ""
    shape_name: str = ""


def draw_choice(rng: np.random.Generator, num_objects: int = 0) -> Choice:
    hue, second_hue, tone = rng.random(3)
    return Choice(
        hue=float(hue),
        second_hue=float(second_hue),
        tone=float(tone),
        target=int(rng.integers(max(num_objects, 1))),
    )
