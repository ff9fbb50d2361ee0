"""`verify` without a job folder: a finished file's own recipe, rendered anew from its source and compared.

Lossless files must come out bit for bit. Of others it can only be said how far the file is from what its recipe gives,
and whether its codec explains that.
"""

from __future__ import annotations

import json
import math
import random
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from fairy.config import ModelConfig, RunConfig
from fairy.disk.records import from_json
from fairy.errors import MediaError, OutputError
from fairy.jobs.manifest import Manifest, hash_source
from fairy.jobs.recipe import info as read_recipe
from fairy.jobs.redo import reopen_delivery, reopen_editor, rounding
from fairy.jobs.render import render_frames
from fairy.jobs.request import read_info
from fairy.jobs.selection import Selection
from fairy.models import Model
from fairy.report import Report
from fairy.video import read_at
from fairy.video.formats import codec_of

LEAST_PSNR = 30.0
"""Decibels that a frame which was encoded with loss may be from what its recipe gives."""
LUMA = np.array((0.2126, 0.7152, 0.0722))
"""Of BT.709."""
FLATTENED = ("model_hash", "added_hashes", "versions", "frames", "instruction", "settings", "redone", "fairy")


@dataclass(frozen=True)
class Recheck:
    """What came out when frames of a finished file were rendered from its recipe."""

    frames: tuple[int, ...]
    """Indices in the source."""
    differences: tuple[int, ...]
    """Of each frame the largest one, in levels of 255."""
    psnr: float
    """Decibels, of the frame that is farthest, as 4:2:0 keeps it; infinite where all are identical."""
    lossless: bool
    rounding: tuple[str, ...]
    """Why small differences are to be expected."""


def recheck(
    output: Path,
    source: Path | None,
    num_frames: int,
    *,
    model: Model | None,
    device: str | None,
    run: RunConfig | None,
    report: Report,
) -> Recheck:
    """Render randomly chosen frames from the recipe of `output` and compare them with what it decodes to.

    The source is looked for under the name that the recipe has, beside the output and here, unless it is given. Raises
    MediaError where the recipe lacks something, or the source is another.
    """
    manifest = parse_recipe(read_recipe(output), output)
    info = read_info(find_source(manifest, output, source), report)
    if hash_source(info.path, info.images) != manifest.source_hash:
        raise MediaError(f"{info.path} is not the source that {output} was made from")
    selection = Selection(info, manifest.size, manifest.shots)
    delivered = read_info(output, report)
    if len(delivered) != len(selection):
        raise MediaError(f"{output} has {len(delivered)} frames, its recipe {len(selection)}: it was changed since")
    chosen = sorted(random.SystemRandom().sample(range(len(selection)), min(num_frames, len(selection))))
    indices = [selection.start + place for place in chosen]
    lossless = codec_of(f"{output}/" if delivered.images else output, manifest.codec).lossless
    with reopen_editor(manifest, model, device, run, report) as editor:
        edits = [edited for _, edited in sorted(render_frames(editor, selection, manifest, {}, indices, report))]
        reasons = rounding(manifest, editor)
        delivery = reopen_delivery(manifest, info).on(editor.model.device)
    differences, errors = [], []
    for (_, wanted), there in zip(delivery.finished(edits, indices), read_at(delivered, chosen), strict=True):
        off = np.abs(wanted.astype(np.int16) - there.image)
        differences.append(int(off.max()))
        errors.append(seen_error(wanted, there.image))
    worst = max(errors)
    psnr = 10 * math.log10(255**2 / worst) if worst else math.inf
    return Recheck(tuple(indices), tuple(differences), psnr, lossless, reasons)


def seen_error(wanted: np.ndarray, there: np.ndarray) -> float:
    """Mean squared error of uint8 (H, W, 3) as 4:2:0 keeps pictures: of brightness, or of colours over 2 x 2 pixels,
    whichever is larger."""
    off = wanted.astype(np.float64) - there
    height, width = (side // 2 * 2 for side in off.shape[:2])
    colours = off[:height, :width].reshape(height // 2, 2, width // 2, 2, 3).mean((1, 3))
    return float(max(np.square(off @ LUMA).mean(), np.square(colours).mean()))


def find_source(manifest: Manifest, output: Path, given: Path | None) -> Path:
    """Where the source is, if it is anywhere."""
    named = Path(manifest.source)
    places = [given] if given else [named, output.parent / named.name, Path(named.name)]
    for place in places:
        if place.exists():
            return place
    where = given or named.name
    raise MediaError(f"{where}, the source of {output}, is not there. Say where it is with --source.")


def parse_recipe(recipe: dict[str, Any], output: Path) -> Manifest:
    """The manifest that a recipe is the short form of. MediaError where it leaves out what cannot be found again."""
    if recipe.get("given"):
        raise MediaError(
            f"{output} has given anchors, whose pictures its recipe does not hold. Keep the job: --keep-job"
        )
    if not isinstance(recipe.get("shots"), list) or "delivered" not in recipe:
        raise MediaError(f"{output}: its recipe is too short to render from. Keep the job: --keep-job")
    names = {each.name for each in fields(ModelConfig)}
    takes = [recipe, *recipe["redone"]]
    whole = {
        **{name: value for name, value in recipe.items() if name not in names and name not in FLATTENED},
        "model": {name: recipe[name] for name in names if name in recipe},
        "identity": {"model": recipe["model_hash"], "added": recipe["added_hashes"], "versions": recipe["versions"]},
        "shots": [{"start": start, "stop": stop, "anchors": anchors} for start, stop, anchors in recipe["shots"]],
        "takes": [
            {
                "start": take["frames"][0],
                "stop": take["frames"][1],
                "instruction": take["instruction"],
                "settings": take["settings"],
                "number": number,
            }
            for number, take in enumerate(takes)
        ],
        "chunk": 1,
        "quality": None,
    }
    try:
        return from_json(json.dumps(whole), Manifest)
    except (ValueError, KeyError, TypeError) as error:
        raise OutputError(f"{output}: its recipe is of another version of Fairy, or damaged ({error})") from error
