"""What a job is made of, as it stands in the job folder and, in short, in the finished file: all that decides a bit.

Two manifests of one job are equal but for what changes no stored frame: how the video is delivered (its size, detail,
quality and mask), where the source lies, and the takes that `redo` has added.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from fairy.config import EditSettings, JobConfig, MaskConfig, ModelConfig
from fairy.disk.hashes import hash_file, hash_text
from fairy.disk.records import as_dict, from_json, to_json
from fairy.errors import OutputError
from fairy.jobs.delivery import Delivery
from fairy.jobs.masks import Blend
from fairy.jobs.selection import Selection, ShotPlan
from fairy.method.editor import Editor
from fairy.models import Defaults
from fairy.models.identity import Identity

PATHS = ("source", "mask", "model", "lora", "decoder")
MOST_IN_CHUNK = 32
RECIPE_LIMIT = 30_000
"""Characters of a recipe: QuickTime's text atoms hold 64 KiB."""


@dataclass(frozen=True, kw_only=True)
class Take:
    """A range of frames and what it is rendered with. The first take is the whole job; a later one lies on top."""

    start: int
    stop: int
    instruction: str
    settings: EditSettings
    number: int = 0
    """Tells the stored frames of one take from another's."""

    def same_picture(self, other: Take) -> bool:
        """Whether both render the same."""
        return (self.instruction, self.settings) == (other.instruction, other.settings)


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """What a job is made of."""

    model: ModelConfig
    """As it was loaded; its device is a kind, cpu, cuda or mps, and has no number."""
    identity: Identity
    source: str
    """Where it was read from."""
    source_hash: str
    size: tuple[int, int]
    """Columns and rows of the frames as they are edited, and stored."""
    shots: tuple[ShotPlan, ...]
    given: dict[int, str]
    """Hashes of the given anchors' pictures, by frame."""
    takes: tuple[Take, ...]
    chunk: int
    """Frames of a stored chunk."""
    delivered: tuple[int, int]
    """Columns and rows of the finished video."""
    detail: str
    codec: str | None
    quality: int | None
    mask: str = ""
    """Where it was read from."""
    mask_hash: str = ""
    feather: int = 0
    auto_mask: bool = False

    @property
    def edit(self) -> Take:
        """The job's own take."""
        return self.takes[0]

    @property
    def masking(self) -> MaskConfig:
        """The mask as it was asked for."""
        return MaskConfig(mask=Path(self.mask) if self.mask else None, feather=self.feather, auto_mask=self.auto_mask)

    def take_of(self, index: int) -> Take:
        """The take that a frame is shown from: the latest that has it."""
        return next(take for take in reversed(self.takes) if take.start <= index < take.stop)

    def to_json(self) -> str:
        """As it is stored: with a checksum of itself, so that a changed digit is not taken for another wish."""
        return json.dumps({"checksum": hash_text(to_json(self)), **as_dict(self)}, indent=1)

    def differences(self, begun: Manifest) -> list[str]:
        """What of this one differs from the one that a job was begun with, each in words."""
        own, old = self.facts(), begun.facts()
        return [
            f"{name} is {_short(own[name])}, the job was begun with {_short(old.get(name))}"
            for name in own
            if own[name] != old.get(name)
        ]

    def facts(self) -> dict[str, Any]:
        """Everything that decides a stored frame, by the name a user knows it under."""
        take = self.edit
        return {
            "instruction": take.instruction,
            **{name.replace("_", "-"): value for name, value in asdict(take.settings).items()},
            "range of frames": f"{take.start}..{take.stop - 1}",
            "size": "{}x{}".format(*self.size),
            "source": self.source_hash,
            "model": self.identity.model,
            **{name.replace("_", "-"): value for name, value in asdict(self.model).items() if name not in PATHS},
            "lora and decoder": self.identity.added,
            "anchors": [list(shot.anchors) for shot in self.shots],
            "cuts": [shot.start for shot in self.shots[1:]],
            "given anchors": self.given,
            **{f"version of {name}": value for name, value in self.identity.versions.items()},
        }

    def going_on(self, begun: Manifest) -> Manifest:
        """This one as the next part of a job that was begun: with its takes and its chunks."""
        return replace(self, takes=begun.takes, chunk=begun.chunk)

    def recipe(self) -> str:
        """In short, for the finished file's own metadata: ASCII. The list of very many shots is left out."""
        own = as_dict(self)
        model, identity = own.pop("model"), own.pop("identity")
        versions = identity["versions"]
        named = {"fairy": versions["fairy"], **recipe_of(self.edit), **model, "model_hash": identity["model"]}
        named |= {"added_hashes": identity["added"], "versions": versions, **own}
        no_mask = () if self.mask else ("mask", "mask_hash", "feather")
        no_lora = () if self.model.lora else ("lora", "lora_scale")
        no_decoder = () if self.model.decoder else ("decoder",)
        for left_out in ("chunk", "quality", "takes", *no_mask, *no_lora, *no_decoder):
            del named[left_out]
        # A file is passed on: where things lay on this disk is nobody's business.
        named |= {name: Path(path).name for name in PATHS if (path := named.get(name)) and Path(path).is_absolute()}
        named["shots"] = [[shot.start, shot.stop, list(shot.anchors)] for shot in self.shots]
        named["redone"] = [recipe_of(take) for take in self.takes[1:]]
        text = json.dumps(named, separators=(",", ":"))
        if len(text) > RECIPE_LIMIT:
            text = json.dumps(named | {"shots": len(self.shots), "given": len(self.given)}, separators=(",", ":"))
        return text


def recipe_of(take: Take) -> dict[str, Any]:
    """A take in a recipe."""
    return {"frames": [take.start, take.stop], "instruction": take.instruction, "settings": asdict(take.settings)}


@dataclass(frozen=True)
class ModelFacts:
    """What a manifest says of the model, and what the model says of itself."""

    config: ModelConfig
    identity: Identity
    defaults: Defaults


def describe_model(editor: Editor, num_frames: int = 0) -> ModelFacts:
    """Of the model of an editor, as it edits a source of so many frames."""
    model = editor.for_video(num_frames).model
    config = replace(model.config, device=model.device.type, micro_batch=editor.micro_batch)
    return ModelFacts(config, model.identity, model.defaults)


def describe(
    selection: Selection,
    facts: ModelFacts,
    instruction: str,
    settings: EditSettings,
    *,
    delivery: Delivery,
    job: JobConfig,
    workers: int = 1,
) -> Manifest:
    """The manifest of a job that is about to begin."""
    mask = delivery.blend.mask
    take = Take(start=selection.start, stop=selection.stop, instruction=instruction, settings=settings)
    return Manifest(
        model=facts.config,
        identity=facts.identity,
        source=str(selection.info.path.absolute()),
        source_hash=hash_source(selection.info.path, selection.info.images),
        size=selection.size,
        shots=selection.shots,
        given={index: hash_file(path) for index, path in sorted(job.given.items())},
        takes=(take,),
        chunk=job.chunk or chunk_size(len(selection), workers, facts.config.micro_batch or 1),
        delivered=delivery.size,
        detail=delivery.detail,
        codec=delivery.codec,
        quality=delivery.quality,
        mask=str(mask.info.path.absolute()) if mask else "",
        mask_hash=hash_mask(delivery.blend),
        feather=mask.feather if mask else 0,
        auto_mask=delivery.blend.auto,
    )


def chunk_size(num_frames: int, workers: int, micro_batch: int) -> int:
    """Frames to store at a time: so many that a worker has four of them or more, in whole micro-batches."""
    if workers == 1:
        return MOST_IN_CHUNK
    fair = -(-num_frames // (4 * workers * micro_batch)) * micro_batch
    return min(fair, max(MOST_IN_CHUNK, micro_batch))


def parse(text: str, where: Path) -> Manifest:
    """The manifest that was stored. OutputError where it is damaged."""
    try:
        stored = json.loads(text)
        del stored["checksum"]
        manifest = from_json(json.dumps(stored), Manifest)
        if manifest.to_json() != text:
            raise ValueError("it is not what was written")
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise OutputError(
            f"{where} is damaged: what this job was begun with is not known. Begin it anew with --restart."
        ) from error
    return manifest


def hash_source(path: Path, images: tuple[Path, ...] = ()) -> str:
    """Of a file's bytes, or of all pictures of a folder and their order."""
    if not images:
        return hash_file(path)
    return hash_text("".join(map(hash_file, images)))


def hash_mask(blend: Blend) -> str:
    """Of the mask's file or pictures; empty where there is none."""
    return hash_source(blend.mask.info.path, blend.mask.info.images) if blend.mask else ""


def _short(value: Any) -> str:
    """A value in a message: long ones cut."""
    text = "nothing" if value in ("", None, [], {}) else str(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
