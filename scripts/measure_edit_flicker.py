"""How much the exact edits themselves flicker after warping by the exact flow: the table in docs/lab/log.md.

`python scripts/measure_edit_flicker.py`, some ten seconds. Levels of 255, means over clips of 192x144, by `flicker`:
on clips as they are, where every warp interpolates; the same when the first edited frame is held still, as a
measure of what moves; and on clips in which camera and objects move by whole pixels, so that nothing is interpolated.
"""

import sys
from dataclasses import replace

import numpy as np

from fairy.lab.results.tables import as_markdown
from fairy.lab.synthetic import EDITS, Scene, edited_scene, flicker, sample_scene
from fairy.lab.synthetic.motion import Path, Pose
from fairy.lab.synthetic.pairs import choose_for_clip, to_pixels
from fairy.lab.synthetic.scenes import Thing

SEEDS = range(100, 104)
NUM_FRAMES = 5
CAMERA_PIXELS, OBJECT_PIXELS = 3, (2, -1)


def pan_by_whole_pixels(scene: Scene) -> Scene:
    """The scene as it is at time 0, moving to the side."""
    camera = _slide(scene.camera, CAMERA_PIXELS * float(np.exp(scene.camera.log_scale.at(0))) / scene.short_side)
    things = tuple(_slide_thing(thing, scene.short_side, index) for index, thing in enumerate(scene.things))
    upright = replace(camera, angle=Path(0.0, 0.0, 0.0, 1.0, 0.0))
    return replace(scene, camera=upright, things=things)


def _slide(pose: Pose, rate: float) -> Pose:
    x, y, log_scale, angle = (
        Path(path.at(0), 0.0, 0.0, 1.0, 0.0) for path in (pose.x, pose.y, pose.log_scale, pose.angle)
    )
    return Pose(replace(x, rate=rate), y, log_scale, angle)


def _slide_thing(thing: Thing, short_side: int, index: int) -> Thing:
    return replace(thing, pose=_slide(thing.pose, OBJECT_PIXELS[index % 2] / short_side))


def measure(edit: str | None, seed: int) -> tuple[float, float, float]:
    """Flicker of an edit, or of the source, of one clip: as it is, held still, and moved by whole pixels."""
    scene = sample_scene(seed)
    pan = pan_by_whole_pixels(scene)

    choice = choose_for_clip(scene, edit, seed) if edit else None

    def frames(of: Scene) -> list[np.ndarray]:
        layers = (of.render(float(t)) for t in range(NUM_FRAMES))
        return [to_pixels(EDITS[edit].apply(each, choice) if edit else each.picture) for each in layers]

    edited, panned = frames(scene), frames(pan)
    if edit:
        scene, pan = (edited_scene(of, edit, choice) for of in (scene, pan))
    return flicker(scene, edited), flicker(scene, edited[:1] * NUM_FRAMES), flicker(pan, panned)


def main() -> None:
    """Print the table."""
    rows = []
    for edit in (None, *EDITS):
        values = np.mean([measure(edit, seed) for seed in SEEDS], axis=0)
        rows.append([edit or "none: the source", *(f"{value:.2f}" for value in values)])
    sys.stdout.write(as_markdown(["edit", "as it is", "held still", "whole pixels"], rows) + "\n")


if __name__ == "__main__":
    main()
