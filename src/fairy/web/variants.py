"""A variant: the anchors edited with some settings, in seconds, and a frame between them that follows them.

A later render of the same wish gives exactly these frames. The variants of a clip are kept, to be seen side by side.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from fairy.config import JobConfig
from fairy.disk.whole import save_png, writing_whole
from fairy.jobs.announce import unread
from fairy.jobs.delivery import Delivery, plan_delivery
from fairy.jobs.manifest import Take
from fairy.jobs.render import edit_shots
from fairy.jobs.selection import Selection, ShotPlan, select
from fairy.method.editor import Editor
from fairy.pictures.sheet import side_by_side
from fairy.pictures.size import fit_size
from fairy.report import Report
from fairy.video import VideoInfo
from fairy.web.device import Device
from fairy.web.limits import look_through
from fairy.web.settings import Wish
from fairy.web.shelf import Shelf, read_json, write_json
from fairy.web.timing import Stopwatch

MOST_SHOTS = 3
"""Of a video with many cuts a preview shows the anchors of so many shots."""
LARGEST_PICTURE = 1280
"""Pixels of the longer side of a picture that is looked at."""
QUALITY = 92


@dataclass(frozen=True, kw_only=True)
class Shown:
    """One frame of a variant."""

    index: int
    seconds: float
    anchor: bool
    pair: str
    """The picture of source and edit side by side, as delivered, by its name in the variant's folder."""
    edited: str
    """What the model made, without loss."""

    @property
    def caption(self) -> str:
        """What a person reads below it."""
        role = "key frame" if self.anchor else "between, follows the key frames"
        return f"{self.seconds:.2f} s ({role})"


@dataclass(frozen=True, kw_only=True)
class Variant:
    """What came of one wish."""

    number: int
    wish: Wish
    shown: tuple[Shown, ...]
    seconds: float
    """That it took."""
    notes: tuple[str, ...] = ()
    """What the model could not read of the instruction."""
    size: tuple[int, int] = (0, 0)
    """Columns and rows of the video that comes of it."""
    render_seconds: float = 0.0
    """That a render will take, by what this took."""


def try_wish(shelf: Shelf, clip: str, wish: Wish, device: Device, report: Report) -> Variant:
    """Edit the anchors of a clip, and keep and return what came of it."""
    with device.turn():
        number = 1 + max((variant.number for variant in variants(shelf, clip)), default=0)
        folder = shelf.shown(clip, str(number))
        return make_variant(shelf.source(clip), folder, number, wish, device, report)


def make_variant(source: Path, folder: Path, number: int, wish: Wish, device: Device, report: Report) -> Variant:
    """The same, of any video, into any folder; to be called by whoever has the turn."""
    info, cuts = look_through(source)
    watch = Stopwatch()
    with device.editor(wish, report) as editor:
        watch.begin()
        selection = select(info, wish.video(), wish.edit(), JobConfig(), cuts)
        selection = selection.fitted(wish.long_side or editor.model.defaults.long_side)
        delivery = plan_delivery(wish.video(), info, selection.size).on(editor.model.device)
        shown = tuple(draw(editor.for_video(len(info)), selection, delivery, wish, folder, watch, report))
        variant = Variant(
            number=number,
            wish=wish,
            shown=shown,
            seconds=watch.seconds(),
            notes=tuple(unread(editor.model, wish.instruction)),
            size=delivery.size,
            render_seconds=watch.foresee(len(selection), len(selection.shots), editor),
        )
    write_json(folder / "variant.json", asdict(variant))
    return variant


def variants(shelf: Shelf, clip: str) -> list[Variant]:
    """All that were tried on a clip, in order."""
    found = [read_json(file) for file in (shelf.served / clip).glob("*/variant.json")]
    made = [
        Variant(
            **each
            | {
                "wish": Wish(**each["wish"]),
                "shown": tuple(Shown(**one) for one in each["shown"]),
                "notes": tuple(each["notes"]),
                "size": tuple(each["size"]),
            }
        )
        for each in found
        if each
    ]
    return sorted(made, key=lambda variant: variant.number)


def draw(
    editor: Editor,
    selection: Selection,
    delivery: Delivery,
    wish: Wish,
    folder: Path,
    watch: Stopwatch,
    report: Report,
) -> Iterator[Shown]:
    """Edit, write the pictures."""
    settings = wish.edit().resolved(editor.model.defaults)
    take = Take(start=selection.start, stop=selection.stop, instruction=wish.instruction, settings=settings)
    chosen = set(some(selection.shots))
    watch.num_shots = len(chosen)
    for shot, bank in edit_shots(editor, selection, take, {}, chosen, report):
        watch.lap("anchors")
        edits = dict(zip(shot.anchors, bank.frames, strict=True))
        follower = between(shot)
        if follower is not None:
            (edits[follower],) = editor.edit_frames(selection.pictures_at([follower]), bank)
            watch.lap("frames")
        indices = sorted(edits)
        for frame, finished in delivery.finished([np.asarray(edits[index]) for index in indices], indices):
            watch.lap("finishing")
            pair, edited = f"{frame.index:06d}-pair.webp", f"{frame.index:06d}.png"
            save_webp(folder / pair, side_by_side(looked_at(frame.image), looked_at(finished)))
            save_png(folder / edited, np.asarray(edits[frame.index]))
            watch.lap("writing")
            yield Shown(
                index=frame.index,
                seconds=seconds_of(selection.info, frame.index),
                anchor=frame.index in shot.anchors,
                pair=pair,
                edited=edited,
            )


def looked_at(picture: np.ndarray) -> np.ndarray:
    """A picture at a size to be looked at: uint8 (H, W, 3)."""
    height, width = picture.shape[:2]
    if max(height, width) <= LARGEST_PICTURE:
        return picture
    return np.asarray(Image.fromarray(picture).resize(fit_size(width, height, LARGEST_PICTURE), Image.Resampling.BOX))


def save_webp(path: Path, picture: np.ndarray) -> None:
    """Write uint8 (H, W, 3), whole or not at all."""
    with writing_whole(path) as part:
        Image.fromarray(picture).save(part, format="WEBP", quality=QUALITY)


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
        f"{IN_WORDS.get(name, name.replace('_', ' '))} {own[name]:g}"
        if isinstance(own[name], float)
        else f"{IN_WORDS.get(name, name.replace('_', ' '))} {own[name]}"
        for name in own
        if name in told
    ]
    return f"{variant.number}: {variant.wish.instruction}" + (f" ({', '.join(words)})" if words else "")


IN_WORDS = {
    "seed": "variation",
    "num_anchors": "key frames",
    "text_guidance": "follows you",
    "image_guidance": "keeps the source",
}
