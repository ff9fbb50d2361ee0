"""Pairs for training and clips for tests: a picture or clip, an instruction, and the exact result.

A pair is one frame of a clip whose textures are aligned to that frame (`Scene.reference`), so that a small editor can
learn them; over a clip they stay on the surfaces. H, W: the frame's size.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from fairy.errors import UsageError
from fairy.lab.synthetic.choice import Choice, draw_choice
from fairy.lab.synthetic.edits import EDITS, SPLITS, Edit
from fairy.lab.synthetic.raster import Array
from fairy.lab.synthetic.sampling import sample_scene
from fairy.lab.synthetic.scenes import COLOURS, Scene, alike
from fairy.lab.synthetic.shapes import SHAPES

PHOTO_SHARE = {"whole": 0.6, "object": 0.3}  # how often the backdrop is a photograph, where there are photographs
BARE_SHARE = {True: 0.6, False: 0.15}  # how often a whole-picture edit sees no object: on a photograph, on a backdrop
NUM_OBJECTS = (0.15, 0.45, 0.4)  # how often there are one, two, three: a name means something only among several
TWINS_SHARE = 0.4
"""How often the object of an edit has a twin, which its name means as well. What is left open is the same for both, so
a model learns to carry it from one to the other, wherever they are."""
CLIP_LENGTH = 24
FASTEST = 3
"""Pairs without a photograph are frames of clips that move up to so many times as fast: things have rolled on their
heads there."""


@dataclass(frozen=True)
class Pair:
    """source, edited: uint8 (H, W, 3) RGB. edit: a key of EDITS. kind: "whole" or "object".

    objects: bool (H, W), where the source shows an object, meant or not."""

    source: NDArray[np.uint8]
    edited: NDArray[np.uint8]
    instruction: str
    edit: str
    kind: str
    objects: NDArray[np.bool_]


def sample_pair(
    seed: int,
    size: tuple[int, int] = (192, 144),
    split: str = "train",
    photos: Sequence[NDArray[np.uint8]] = (),
    edit: str | None = None,
) -> Pair:
    """A random pair of `size` (width, height), with the wordings of `split`.

    The edit is drawn by the weights of EDITS unless given.
    """
    if split not in SPLITS:
        raise UsageError(f"split is {split!r}; known: {', '.join(SPLITS)}")
    scene_seed, edit_seed = np.random.SeedSequence([seed, SPLITS.index(split)]).spawn(2)
    rng = np.random.default_rng(edit_seed)
    if edit is None:
        weights = np.array([entry.weight for entry in EDITS.values()])
        edit = str(rng.choice(list(EDITS), p=weights / weights.sum()))
    entry = EDITS[edit]
    use_photo = bool(photos) and rng.random() < PHOTO_SHARE[entry.kind]
    is_bare = entry.kind == "whole" and rng.random() < BARE_SHARE[use_photo]
    time = float(rng.uniform(0, CLIP_LENGTH * (1 if use_photo else FASTEST)))
    scene = sample_scene(
        scene_seed,
        size,
        photos,
        num_objects=0 if is_bare else 1 + int(rng.choice(3, p=NUM_OBJECTS)),
        use_photo=use_photo,
        with_twins=entry.kind == "object" and rng.random() < TWINS_SHARE,
        reference=time,
    )
    choice = choose(scene, entry, rng)
    layers = scene.render(time)
    return Pair(
        source=to_pixels(layers.picture),
        edited=to_pixels(entry.apply(layers, choice)),
        instruction=word(scene, entry, choice, split, rng),
        edit=edit,
        kind=entry.kind,
        objects=np.any([layers.visible(index) > 0.5 for index in range(len(layers.objects))], axis=0)
        if layers.objects
        else np.zeros(layers.picture.shape[:2], bool),
    )


def choose(scene: Scene, edit: Edit, rng: np.random.Generator, target: int | None = None) -> Choice:
    """Draw what `edit` leaves open, and the object unless given. It never gets the colour that it already has."""
    choice = draw_choice(rng, len(scene.things))
    if target is not None:
        choice = replace(choice, target=target)
    if not scene.things:
        return choice
    own = scene.things[choice.target].colour_name
    names = [name for name in COLOURS if name != own]
    choice = replace(choice, colour_name=str(rng.choice(names)))
    if edit is EDITS["swap"]:
        there = {thing.name for thing in scene.things}
        return replace(choice, shape_name=str(rng.choice([name for name in SHAPES if name not in there])))
    if edit is EDITS["paint"] and own != "white":
        return replace(choice, hue=(COLOURS[own][0] + 0.12 + 0.76 * choice.hue) % 1)
    return choice


def word(scene: Scene, edit: Edit, choice: Choice, split: str, rng: np.random.Generator) -> str:
    """One of the edit's wordings, for the object and the colour that the choice means."""
    return str(rng.choice(all_wordings(scene, edit, choice, split)))


def all_wordings(scene: Scene, edit: Edit, choice: Choice, split: str) -> list[str]:
    """Each of the edit's wordings, for the object and the colour that the choice means."""
    name = scene.things[choice.target].name if scene.things else ""
    return [
        wording.format(object=name, colour=choice.colour_name, shape=choice.shape_name)
        for wording in edit.wordings(split)
    ]


def choose_for_clip(scene: Scene, edit: str, seed: int, choice_seed: int = 1) -> Choice:
    """What `edit_clip` does, of all that the instruction leaves open, to the clip of `seed`."""
    return choose(scene, EDITS[edit], np.random.default_rng([seed, choice_seed]))


def edited_scene(scene: Scene, edit: str, choice: Choice) -> Scene:
    """The scene whose truth is that of the edited clip: its own, but where an object becomes another shape."""
    if edit != "swap":
        return scene
    meant = alike(scene.things, choice.target)
    things = [
        replace(thing, name=choice.shape_name) if index in meant else thing for index, thing in enumerate(scene.things)
    ]
    return replace(scene, things=tuple(things))


def render_clip(
    seed: int,
    num_frames: int = CLIP_LENGTH,
    size: tuple[int, int] = (192, 144),
    photos: Sequence[NDArray[np.uint8]] = (),
) -> Iterator[NDArray[np.uint8]]:
    """The frames of the scene that `seed` gives, uint8 (H, W, 3)."""
    scene = sample_scene(seed, size, photos)
    return (to_pixels(scene.render(float(t)).picture) for t in range(num_frames))


def edit_clip(
    seed: int,
    edit: str,
    num_frames: int = CLIP_LENGTH,
    size: tuple[int, int] = (192, 144),
    photos: Sequence[NDArray[np.uint8]] = (),
    choice: Choice | None = None,
    choice_seed: int = 1,
) -> Iterator[NDArray[np.uint8]]:
    """The same clip after the edit, with one choice for all frames: drawn from the two seeds unless given."""
    scene = sample_scene(seed, size, photos)
    entry = EDITS[edit]
    if entry.kind == "object" and not scene.things:
        raise UsageError(f"the scene of seed {seed} has no object for the edit {edit!r}: take another seed or edit")
    chosen = choice or choose_for_clip(scene, edit, seed, choice_seed)
    return (to_pixels(entry.apply(scene.render(float(t)), chosen)) for t in range(num_frames))


def to_pixels(picture: Array) -> NDArray[np.uint8]:
    """Float 0..1 to uint8, rounded."""
    return (np.clip(picture, 0, 1) * 255 + 0.5).astype(np.uint8)
