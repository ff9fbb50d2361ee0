"""Does --link-shots carry an open choice over a cut? The hue that an edit gives two scenes, linked and not.

`python scripts/measure_link_shots.py [SEED] [NUM_PAIRS] [NUM_STEPS]` prints, for instructions that leave a hue open,
the mean angle (degrees, 90 by chance) between the hue of the last anchor of one scene and that of the anchors of the
next one, with the shots alone and linked, and the angle between anchors of one scene.
"""

import itertools
import sys

import numpy as np

from fairy.config import EditConfig
from fairy.lab.synthetic import EDITS, edit_clip, render_clip
from fairy.method.anchors import choose_anchors
from fairy.method.bank import AnchorBank
from fairy.method.editor import Editor
from fairy.models import load

OPEN_EDITS = ("duotone", "backdrop", "paint_all")
NUM_FRAMES = 12
CHANGED = 12
"""A pixel counts where the exact edit moves it by more than this, of 255, averaged over the colours."""


class Shot:
    """The anchors of a scene, and where the edit is to change them."""

    def __init__(self, seed: int, edit: str) -> None:
        anchors = list(choose_anchors(NUM_FRAMES))
        self.frames = np.stack(list(render_clip(seed, NUM_FRAMES)))[anchors]
        exact = np.stack(list(edit_clip(seed, edit, NUM_FRAMES)))[anchors]
        self.regions = np.abs(exact.astype(int) - self.frames).mean(-1) > CHANGED

    def hues(self, edited: np.ndarray) -> np.ndarray:
        """Of each anchor's region, as a unit vector of the plane of opponent colours (K, 2)."""
        means = [frame[region].mean(0) for frame, region in zip(edited, self.regions, strict=True)]
        red, green, blue = np.transpose(means)
        chroma = np.stack([red - (green + blue) / 2, np.sqrt(3) / 2 * (green - blue)], axis=1)
        return chroma / np.linalg.norm(chroma, axis=1, keepdims=True)


def angle(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.degrees(np.arccos(np.clip(a @ b, -1, 1))))


def compare(editor: Editor, edit: str, seeds: tuple[int, int], config: EditConfig) -> tuple[float, float, float]:
    """Angles over the cut alone and linked, and within the second shot."""
    first, second = (Shot(seed, edit) for seed in seeds)
    instruction = EDITS[edit].heldout[0].format(object="", colour="")

    def bank_of(shot: Shot, link: AnchorBank | None = None) -> AnchorBank:
        return editor.edit_anchors(shot.frames, instruction, config, link=link)

    before = bank_of(first)
    last = first.hues(before.frames)[-1]
    alone, linked = (second.hues(bank_of(second, link).frames) for link in (None, before))
    over_cut = [float(np.mean([angle(last, hue) for hue in hues])) for hues in (alone, linked)]
    return over_cut[0], over_cut[1], float(np.mean([angle(a, b) for a, b in itertools.combinations(alone, 2)]))


def main(seed: int = 900_000, num_pairs: int = 8, num_steps: int = 10) -> None:
    with Editor(load()) as editor:
        for edit in OPEN_EDITS:
            pairs = [(seed + 2 * n, seed + 2 * n + 1) for n in range(num_pairs)]
            rows = [
                compare(editor, edit, pair, EditConfig(num_steps=num_steps, seed=number))
                for number, pair in enumerate(pairs)
            ]
            alone, linked, within = np.mean(rows, axis=0)
            closer = sum(row[1] < row[0] for row in rows)
            print(  # noqa: T201
                f"{edit:10} over the cut: alone {alone:.0f}, linked {linked:.0f} degrees (closer in {closer} of"
                f" {num_pairs}); within a shot {within:.0f}",
                flush=True,
            )


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
