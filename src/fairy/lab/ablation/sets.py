"""What `fairy lab ablate` edits: a table of one's own, or a set made from the synthetic world, in the paper's shapes.

The paper's evaluation set (sec. 6) is 50 videos x 10 instructions and 10 videos x 50 instructions.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice, zip_longest
from pathlib import Path

from fairy.disk.rows import read_rows
from fairy.errors import UsageError
from fairy.lab.synthetic import EDITS, Scene, sample_scene
from fairy.lab.synthetic.dataset import METADATA, SOURCE, choice_seed, clip_seed, write_dataset
from fairy.lab.synthetic.pairs import all_wordings, choose_for_clip
from fairy.report import Report

COLUMNS = ("video", "instruction", "source_prompt", "target_prompt")
SYNTHETIC = {"many-videos": (12, 3), "many-instructions": (3, 12)}
"""Videos and instructions of the sets that come with Fairy; NAME:50x10 makes one of another size."""
SEED = 13835
NUM_FRAMES = 24
SIZE = (192, 144)
SPEED = 2.0
CHEAP_EDIT = "sepia"
"""A dataset of `fairy lab synth` holds at least one exact edit."""

TARGETS = {
    "night": "{source} at night", "sunset": "{source} at sunset", "snow": "{source} in the snow",
    "autumn": "{source} in autumn", "pencil": "a pencil sketch of {source}", "oil": "an oil painting of {source}",
    "mosaic": "a mosaic of {source}", "cartoon": "a cartoon of {source}", "watercolour": "a watercolor of {source}",
    "sepia": "an old sepia photo of {source}", "neon": "{source} in neon lights", "duotone": "a duotone of {source}",
    "golden_hour": "{source} at golden hour", "fog": "{source} in fog", "winter": "{source} in winter",
    "black_and_white": "a black and white photo of {source}", "teal_orange": "a film still of {source}",
    "bleach_bypass": "a faded film still of {source}", "infrared": "an infrared photo of {source}",
    "ink": "an ink drawing of {source}", "pop_art": "{source} as pop art",
    "thermal": "a heat map of {source}", "paint": "{source}, the {object} painted",
    "paint_all": "{source}, painted in one color", "named_colour": "{source}, the {object} {colour}",
    "backdrop": "{source} before a background of one color", "wood": "{source}, the {object} of wood",
    "gold": "{source}, the {object} of gold", "hat": "{source}, the {object} with a hat",
    "swap": "{source}, a {shape} in place of the {object}", "sunglasses": "{source}, the {object} with sunglasses",
}  # fmt: skip
"""What a video shows after each edit, for CLIP."""


@dataclass(frozen=True)
class SetEntry:
    """One video and one instruction."""

    video: Path
    name: str
    """Of the video, in results."""
    instruction: str
    source_prompt: str | None = None
    target_prompt: str | None = None
    truth: Path | None = None
    """The dataset that the video is of, with its exact flow."""


def open_set(words: str, folder: Path, report: Report) -> list[SetEntry]:
    """The entries of a CSV or JSONL file, or of a synthetic set, whose videos are made in `folder` if need be."""
    if found := re.fullmatch(rf"({'|'.join(SYNTHETIC)})(?::(\d+)x(\d+))?", words):
        num_videos, num_instructions = SYNTHETIC[found[1]]
        if found[2]:
            num_videos, num_instructions = int(found[2]), int(found[3])
        return make_set(folder, num_videos, num_instructions, report)
    path = Path(words)
    if not path.is_file():
        known = " or ".join(SYNTHETIC)
        raise UsageError(f"{words}: there is no such file. Give a .csv or .jsonl file, {known}, or {known[:11]}:50x10")
    return read_set(path)


def read_set(path: Path) -> list[SetEntry]:
    """Entries from a CSV file or from JSON lines; paths are seen from the file's own folder."""
    return [_entry(path, where, row) for where, row in read_rows(path, COLUMNS, needed=COLUMNS[:2])]


def _entry(path: Path, where: str, row: dict[str, str]) -> SetEntry:
    video = path.parent / row["video"]
    if not video.exists():
        raise UsageError(f"{where}: there is no {video}")
    return SetEntry(video, video.stem, row["instruction"], row["source_prompt"] or None, row["target_prompt"] or None)


def make_set(folder: Path, num_videos: int, num_instructions: int, report: Report) -> list[SetEntry]:
    """Synthetic clips with their truth in `folder`, made once, and instructions that suit what is in each."""
    if num_videos < 1 or num_instructions < 1:
        raise UsageError(f"{num_videos}x{num_instructions}: there must be a video and an instruction at least")
    if not (folder / METADATA).is_file():
        write_dataset(
            folder,
            num_clips=num_videos,
            seed=SEED,
            num_frames=NUM_FRAMES,
            size=SIZE,
            speed=SPEED,
            edits=(CHEAP_EDIT,),
            on_progress=lambda done, total: report.progress("clips", done, total),
        )
    entries = []
    for index in range(num_videos):
        video = folder / f"{index:06d}" / SOURCE
        if not video.is_file():
            raise UsageError(f"{folder} holds another set. Choose another output folder, or remove it.")
        found = list(islice(_instructions(index), num_instructions))
        if len(found) < num_instructions:
            raise UsageError(f"there are {len(found)} instructions for one clip, not {num_instructions}")
        entries += [SetEntry(video, f"clip {index}", *texts, truth=folder) for texts in found]
    return entries


def _instructions(index: int) -> Iterator[tuple[str, str, str]]:
    """Instruction, source prompt and target prompt, again and again through all edits until the wordings are used up.

    Held-out wordings come first. The edit to begin with differs from clip to clip.
    """
    seed = clip_seed(SEED, index)
    scene = sample_scene(seed, SIZE)
    source = describe_scene(scene)
    # Edits of the whole picture come first, then those of objects: steps of 14 make the kinds take turns.
    edits = list(EDITS)
    mixed = [edits[(5 * index + 14 * place) % len(edits)] for place in range(len(edits))]
    wordings = []
    for edit in mixed:
        choice = choose_for_clip(scene, edit, seed, choice_seed(edit))
        names = {"object": scene.things[choice.target].name, "colour": choice.colour_name, "shape": choice.shape_name}
        target = TARGETS[edit].format(source=source, **names)
        texts = [text for split in ("heldout", "train") for text in all_wordings(scene, EDITS[edit], choice, split)]
        wordings.append([(text, source, target) for text in texts])
    for turn in zip_longest(*wordings):
        yield from filter(None, turn)


def describe_scene(scene: Scene) -> str:
    """The objects in words: a red ball and an orange cone."""
    articles = ["an" if thing.colour_name[0] in "aeiou" else "a" for thing in scene.things]
    things = [
        f"{article} {thing.colour_name} {thing.name}" for article, thing in zip(articles, scene.things, strict=True)
    ]
    return " and ".join([", ".join(things[:-1]), things[-1]] if len(things) > 1 else things)
