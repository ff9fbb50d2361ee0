"""A folder of synthetic clips with exact edits and truth, which other tools can read; see docs/lab/synthetic.md.

FOLDER/metadata.jsonl has a line per clip and edit, FOLDER/000000/ the files of the first clip: source.mkv, one .mkv per
edit, truth.npz, and swap-truth.npz for the edit that moves outlines.
H, W: the frame's size; T frames, N points, S surfaces (the world and the objects).
"""

import json
import re
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from fairy.disk.whole import check_new_folder, new_folder
from fairy.errors import UsageError
from fairy.lab.synthetic.choice import Choice
from fairy.lab.synthetic.edits import EDITS, SPLITS
from fairy.lab.synthetic.pairs import all_wordings, choose_for_clip, edited_scene, to_pixels
from fairy.lab.synthetic.sampling import sample_scene
from fairy.lab.synthetic.scenes import Scene
from fairy.lab.synthetic.truth import draw_queries, flow_between, follow, object_mask, surfaces
from fairy.video.lossless import LosslessWriter

METADATA = "metadata.jsonl"
SOURCE = "source.mkv"
TRUTH = "truth.npz"
NUM_POINTS = 64
SMALLEST = 32
FASTEST = 20


def write_dataset(
    folder: Path,
    *,
    num_clips: int,
    seed: int = 0,
    num_frames: int = 24,
    size: tuple[int, int] = (192, 144),
    speed: float = 1.0,
    edits: Sequence[str] = tuple(EDITS),
    overwrite: bool = False,
    on_progress: Callable[[int, int], None] | None = None,
) -> int:
    """Write clips of `size` (width, height) into a new folder; returns the number of lines in its metadata.

    Pixels and truth depend on the arguments alone, and clip i not on how many there are. on_progress is told the frames
    done and in all. The folder appears when it is complete; with `overwrite` it takes the place of an earlier one.
    """
    check(num_clips, seed, num_frames, size, speed, edits)
    check_new_folder(folder, overwrite, "dataset", is_part)
    rows: list[dict[str, Any]] = []
    with new_folder(folder) as fresh:
        for index in range(num_clips):

            def tell(done: int, before: int = index * num_frames) -> None:
                if on_progress:
                    on_progress(before + done, num_clips * num_frames)

            own_seed = clip_seed(seed, index)
            scene = sample_scene(own_seed, size).faster(speed)
            lines = write_clip(fresh / f"{index:06d}", scene, own_seed, num_frames, edits, tell)
            rows += [{**line, "speed": speed} for line in lines]
        (fresh / METADATA).write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return len(rows)


def check(
    num_clips: int, seed: int, num_frames: int, size: tuple[int, int], speed: float, edits: Sequence[str]
) -> None:
    """Refuse what cannot be made."""
    for name, value, least in (("clips", num_clips, 1), ("seed", seed, 0), ("frames", num_frames, 2)):
        if value < least:
            raise UsageError(f"--{name} {value}: must be {least} or more")
    if min(size) < SMALLEST:
        raise UsageError(f"--size {size[0]}x{size[1]}: both sides must be {SMALLEST} or more")
    if not 0 < speed <= FASTEST:
        raise UsageError(f"--speed {speed:g}: must be above 0 and at most {FASTEST}")
    if unknown := [name for name in edits if name not in EDITS]:
        raise UsageError(f"--edits {','.join(unknown)}: unknown; known are {', '.join(EDITS)}")
    if len(set(edits)) < len(edits) or not edits:
        raise UsageError(f"--edits {','.join(edits)}: must be different edits, at least one")


def is_part(path: Path) -> bool:
    """Whether a file or folder is of a dataset."""
    return path.name == METADATA or (re.fullmatch(r"\d{6,}", path.name) is not None and (path / TRUTH).exists())


def clip_seed(seed: int, index: int) -> int:
    """The seed of a dataset's clip, for `sample_scene`, `render_clip` and `edit_clip`."""
    return int(np.random.SeedSequence([seed, index]).generate_state(1)[0])


def choice_seed(edit: str) -> int:
    """Each edit of a clip makes a choice of its own."""
    return 1 + list(EDITS).index(edit)


def write_clip(
    folder: Path,
    scene: Scene,
    seed: int,
    num_frames: int,
    edits: Sequence[str],
    on_progress: Callable[[int], None],
) -> list[dict[str, Any]]:
    """Write the files of one clip; returns its lines of the metadata."""
    choices = {edit: choose_for_clip(scene, edit, seed, choice_seed(edit)) for edit in edits}
    folder.mkdir()
    with ExitStack() as stack:
        files = {"": SOURCE, **{edit: f"{edit}.mkv" for edit in edits}}
        writers = {
            edit: stack.enter_context(LosslessWriter(folder / name, (scene.width, scene.height)))
            for edit, name in files.items()
        }
        for t in range(num_frames):
            layers = scene.render(float(t))
            writers[""].write(to_pixels(layers.picture))
            for edit, choice in choices.items():
                writers[edit].write(to_pixels(EDITS[edit].apply(layers, choice)))
            on_progress(t + 1)
    np.savez_compressed(folder / TRUTH, **truth(scene, seed, num_frames))
    for edit, choice in choices.items():
        if (other := edited_scene(scene, edit, choice)) is not scene:
            np.savez_compressed(folder / truth_of(scene, edit, choice), **truth(other, seed, num_frames))
    rng = np.random.default_rng([seed, 2])
    return [
        {**describe(folder.name, scene, seed, num_frames), **describe_edit(folder.name, scene, edit, choice, rng)}
        for edit, choice in choices.items()
    ]


def truth_of(scene: Scene, edit: str, choice: Choice) -> str:
    """The name of the file with the truth of an edited clip."""
    return TRUTH if edited_scene(scene, edit, choice) is scene else f"{edit}-{TRUTH}"


def truth(scene: Scene, seed: int, num_frames: int) -> dict[str, Any]:
    """The arrays of truth.npz. Flow is rounded to float16, by at most 1/2048 of its length; nothing else is."""
    forward = [flow_between(scene, t, t + 1) for t in range(num_frames - 1)]
    backward = [flow_between(scene, t + 1, t) for t in range(num_frames - 1)]
    rng = np.random.default_rng([seed, 3])
    tracks = follow(scene, draw_queries(scene, num_frames, NUM_POINTS, rng), num_frames)
    moves = [[(of.a, of.b) for of in surfaces(scene, t)] for t in range(num_frames)]
    return {
        "flow_forward": np.stack([flow.vectors.astype(np.float16) for flow in forward]),
        "flow_backward": np.stack([flow.vectors.astype(np.float16) for flow in backward]),
        "occluded_forward": np.stack([flow.occluded for flow in forward]),
        "occluded_backward": np.stack([flow.occluded for flow in backward]),
        "masks": np.stack([object_mask(scene, t) for t in range(num_frames)]),
        "points": tracks.points,
        "tracks": tracks.tracks,
        "track_occluded": tracks.occluded,
        "track_surface": tracks.surface,
        "of_screen": np.array(
            [[[[a.real, -a.imag, b.real], [a.imag, a.real, b.imag]] for a, b in surfaces] for surfaces in moves]
        ),
    }


def describe(clip: str, scene: Scene, seed: int, num_frames: int) -> dict[str, Any]:
    """What all lines of a clip have in common."""
    return {
        "file_name": f"{clip}/{SOURCE}",
        "truth": f"{clip}/{TRUTH}",
        "clip": int(clip),
        "seed": seed,
        "num_frames": num_frames,
        "width": scene.width,
        "height": scene.height,
        "objects": [{"name": thing.name, "colour": thing.colour_name} for thing in scene.things],
    }


def describe_edit(clip: str, scene: Scene, edit: str, choice: Choice, rng: np.random.Generator) -> dict[str, Any]:
    """What is an edit's own: its instruction is one of the wordings that no model of ours was trained with."""
    entry = EDITS[edit]
    wordings = {split: all_wordings(scene, entry, choice, split) for split in SPLITS}
    return {
        "edited_file_name": f"{clip}/{edit}.mkv",
        "edited_truth": f"{clip}/{truth_of(scene, edit, choice)}",
        "instruction": str(rng.choice(wordings["heldout"])),
        "wordings": wordings,
        "edit": edit,
        "kind": entry.kind,
        "is_open": entry.is_open,
        "choice_seed": choice_seed(edit),
        "choice": asdict(choice),
    }
