"""A variant: the anchors edited with some settings, in seconds, and a frame between them that follows them.

A later render of the same wish gives exactly these frames. The variants of a clip are kept, to be seen side by side.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from fairy.config import JobConfig
from fairy.disk.whole import save_png
from fairy.jobs.manifest import Take
from fairy.jobs.render import edit_shots
from fairy.jobs.selection import Selection, ShotPlan, select
from fairy.method.editor import Editor
from fairy.pictures.sheet import side_by_side
from fairy.report import Report
from fairy.video import VideoInfo
from fairy.web.device import Device
from fairy.web.limits import look_through
from fairy.web.settings import Wish
from fairy.web.shelf import Shelf, read_json, write_json

MOST_SHOTS = 3
"""Of a video with many cuts a preview shows the anchors of so many shots."""


@dataclass(frozen=True, kw_only=True)
class Shown:
    """One frame of a variant."""

    index: int
    seconds: float
    anchor: bool
    pair: str
    """The picture of source and edit side by side, by its name in the variant's folder."""
    edited: str

    @property
    def caption(self) -> str:
        """What a person reads below it."""
        role = "anchor" if self.anchor else "follows the anchors"
        return f"frame {self.index}, {self.seconds:.2f} s ({role})"


@dataclass(frozen=True, kw_only=True)
class Variant:
    """What came of one wish."""

    number: int
    wish: Wish
    shown: tuple[Shown, ...]
    seconds: float
    """That it took."""


def try_wish(shelf: Shelf, clip: str, wish: Wish, device: Device, report: Report) -> Variant:
    """Edit the anchors of a clip, and keep and return what came of it."""
    info, cuts = look_through(shelf.source(clip))
    selection = select(info, wish.video(), wish.edit(), JobConfig(), cuts)
    with device.turn():
        begun = time.perf_counter()
        model = device.model(wish, report)
        selection = selection.fitted(wish.long_side or model.defaults.long_side)
        number = 1 + max((variant.number for variant in variants(shelf, clip)), default=0)
        folder = shelf.shown(clip, str(number))
        with Editor(model) as editor:
            shown = tuple(draw(editor, selection, wish, folder, report))
        variant = Variant(number=number, wish=wish, shown=shown, seconds=time.perf_counter() - begun)
    write_json(folder / "variant.json", asdict(variant))
    return variant


def variants(shelf: Shelf, clip: str) -> list[Variant]:
    """All that were tried on a clip, in order."""
    found = [read_json(file) for file in (shelf.served / clip).glob("*/variant.json")]
    made = [
        Variant(**each | {"wish": Wish(**each["wish"]), "shown": tuple(Shown(**one) for one in each["shown"])})
        for each in found
        if each
    ]
    return sorted(made, key=lambda variant: variant.number)


def draw(editor: Editor, selection: Selection, wish: Wish, folder: Path, report: Report) -> Iterator[Shown]:
    """Edit, write the pictures."""
    settings = wish.edit().resolved(editor.model.defaults)
    take = Take(start=selection.start, stop=selection.stop, instruction=wish.instruction, settings=settings)
    for shot, bank in edit_shots(editor, selection, take, {}, set(some(selection.shots)), report):
        edits = dict(zip(shot.anchors, bank.frames, strict=True))
        follower = between(shot)
        if follower is not None:
            (edits[follower],) = editor.edit_frames(selection.pictures_at([follower]), bank)
        for frame in selection.frames_at(sorted(edits)):
            pair, edited = f"{frame.index:06d}-pair.png", f"{frame.index:06d}.png"
            save_png(folder / pair, side_by_side(frame.image, np.asarray(edits[frame.index])))
            save_png(folder / edited, edits[frame.index])
            yield Shown(
                index=frame.index,
                seconds=seconds_of(selection.info, frame.index),
                anchor=frame.index in shot.anchors,
                pair=pair,
                edited=edited,
            )


def some(shots: Sequence[ShotPlan]) -> list[ShotPlan]:
    """A few shots, evenly spread."""
    places = np.linspace(0, len(shots) - 1, min(MOST_SHOTS, len(shots))).round().astype(int)
    return [shots[place] for place in dict.fromkeys(places.tolist())]


def between(shot: ShotPlan) -> int | None:
    """A frame far from the anchors, on which their strength is seen; None where all frames are anchors."""
    others = [index for index in range(shot.start, shot.stop) if index not in shot.anchors]
    if not others:
        return None
    return max(others, key=lambda index: min((abs(index - anchor) for anchor in shot.anchors), default=0))


def seconds_of(info: VideoInfo, index: int) -> float:
    """When a frame is shown."""
    return float(int(info.pts[index] - info.pts[0]) * info.time_base)


def differences(variant: Variant, others: Sequence[Variant]) -> str:
    """What tells a variant from the others, in a few words: its caption."""
    own = {name: value for name, value in asdict(variant.wish).items() if value is not None}
    told = {
        name
        for name in own
        if name != "instruction" and any(getattr(other.wish, name) != own[name] for other in others)
    }
    words = [
        f"{name.replace('_', ' ')} {own[name]:g}"
        if isinstance(own[name], float)
        else f"{name.replace('_', ' ')} {own[name]}"
        for name in own
        if name in told
    ]
    return f"{variant.number}: {variant.wish.instruction}" + (f" ({', '.join(words)})" if words else "")
