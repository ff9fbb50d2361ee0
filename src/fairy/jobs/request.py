"""What is asked of a video, checked once, and the plan that comes of it when the source and the model are known."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fairy.config import EditConfig, JobConfig, MaskConfig, ModelConfig, RunConfig, VideoConfig, check_instruction
from fairy.errors import UsageError
from fairy.jobs.delivery import Delivery, plan_delivery
from fairy.jobs.given import Given, fit_given, read_given
from fairy.jobs.manifest import Manifest, describe, describe_model
from fairy.jobs.masks import Blend, open_blend
from fairy.jobs.render import OneDevice, Renderer, open_editor
from fairy.jobs.selection import Selection, select
from fairy.jobs.shots import describe_cuts, read_cuts
from fairy.jobs.workers.dispatch import open_many
from fairy.models import Model
from fairy.parallel import is_alone
from fairy.pictures.cuts import CutDetector
from fairy.report import Report
from fairy.video import OnFrame, VideoInfo, check_output, probe
from fairy.video.images import SUFFIXES as IMAGE_SUFFIXES


@dataclass(frozen=True, kw_only=True)
class Request:
    """What is asked of one video, whatever is to be made of it: the edit, a preview, a grid."""

    source: Path
    """A video file, or a folder of numbered images."""
    instruction: str
    edit: EditConfig = field(default_factory=EditConfig)
    model: ModelConfig | Model | Renderer = field(default_factory=ModelConfig)
    """The model to load; or one that is loaded, or what `open_renderer` has given, to edit several videos by it."""
    video: VideoConfig = field(default_factory=VideoConfig)
    run: RunConfig = field(default_factory=RunConfig)
    job: JobConfig = field(default_factory=JobConfig)
    mask: MaskConfig = field(default_factory=MaskConfig)
    cuts: Sequence[int] | None = None
    """First frames of shots, in place of what `job.shots` says."""

    def __post_init__(self) -> None:
        check_instruction(self.instruction)

    @classmethod
    def of(cls, source: Path | str, instruction: str, **settings: Any) -> Request:
        """The same, where None leaves a setting as it is by default."""
        return cls(
            source=Path(source),
            instruction=instruction,
            **{name: value for name, value in settings.items() if value is not None},
        )


@dataclass(frozen=True)
class Plan:
    """All that is known before the first frame is computed."""

    request: Request
    selection: Selection
    delivery: Delivery
    given: Given
    manifest: Manifest

    def __len__(self) -> int:
        return len(self.selection)


@dataclass(frozen=True)
class Found:
    """What was found in the source, while no model is there yet."""

    request: Request
    selection: Selection
    """At the size of the source."""
    blend: Blend
    pictures: dict[int, VideoInfo]
    """Anchors that are edited already, by frame of the source."""

    def planned(self, renderer: Renderer) -> Plan:
        """The plan for a model: the size and the settings are its own where nothing was asked for."""
        request, facts = self.request, renderer.ask(describe_model, len(self.selection.info))
        selection = self.selection.fitted(request.video.long_side or facts.defaults.long_side)
        delivery = plan_delivery(request.video, selection.info, selection.size, self.blend)
        manifest = describe(
            selection,
            facts,
            request.instruction,
            request.edit.resolved(facts.defaults),
            delivery=delivery,
            job=request.job,
            workers=renderer.workers,
        )
        return Plan(request, selection, delivery.on(renderer.device), fit_given(self.pictures, selection), manifest)


def look_through(request: Request, report: Report) -> Found:
    """Read the source once: its frames, its shots, which of them are edited, through which mask."""
    job, cuts = request.job, request.cuts
    detector = CutDetector()
    info = read_info(request.source, report, detector.push if cuts is None and job.shots == "auto" else None)
    if cuts is None:
        cuts = detector.cuts if job.shots in ("auto", "off") else read_cuts(Path(job.shots), info)
    selection = select(info, request.video, request.edit, job, cuts)
    for line in describe_cuts([shot.start for shot in selection.shots[1:]], info):
        report.note(line)
    return Found(request, selection, open_blend(request.mask, info), read_given(job.given))


def read_info(source: Path, report: Report, on_frame: OnFrame | None = None) -> VideoInfo:
    """Look at every frame of the source."""
    return probe(source, on_progress=lambda done, total: report.progress("reading", done, total), on_frame=on_frame)


def check_outputs(request: Request, outputs: Sequence[str], overwrite: bool) -> None:
    """What can be refused before anything is read."""
    for number, path in enumerate(outputs):  # the comparison is for looking at: its suffix decides
        own = () if number else (request.video.codec, request.video.quality)
        check_output(path, overwrite, *own)
    check_apart(request, outputs)
    if len({Path(path).absolute() for path in outputs}) < len(outputs):
        raise UsageError(f"--compare {outputs[-1]}: that is the output itself; give another name")


def check_apart(request: Request, outputs: Iterable[Path | str]) -> None:
    """Refuse outputs that are what is read, under whatever name: nothing that was read is ever overwritten."""
    for output in outputs:
        for option, path in reads(request):
            if is_same(Path(output), path):
                raise UsageError(f"{output} is the {option} itself, which would be lost; give another name")


def is_same(output: Path, path: Path) -> bool:
    """Whether two names lead to one file or folder, or the first to a picture in a folder of them."""
    if not output.exists() or not path.exists():
        return False
    pictures = [file for file in path.iterdir() if file.suffix.lower() in IMAGE_SUFFIXES] if path.is_dir() else []
    return any(file.samefile(output) for file in (path, *pictures))


def reads(request: Request) -> Iterator[tuple[str, Path]]:
    """Each file or folder that a request reads, besides a model of the hub, with what it is."""
    yield "source", request.source
    if request.mask.mask:
        yield "mask", request.mask.mask
    yield from (("given anchor", path) for path in request.job.given.values())
    if request.job.shots not in ("auto", "off"):
        yield "list of shots", Path(request.job.shots)
    if isinstance(request.model, ModelConfig):
        named = {"model": request.model.model, "LoRA": request.model.lora, "decoder": request.model.decoder}
        yield from ((what, Path(name)) for what, name in named.items() if name)


@contextmanager
def open_renderer(request: Request, report: Report) -> Iterator[Renderer]:
    """What computes: an editor in this process, or the workers that the job asks for; or what is open already."""
    model, job = request.model, request.job
    if not isinstance(model, ModelConfig | Model):
        yield model
    elif is_alone(job.workers, job.ray_address):
        with open_editor(model, request.run, report) as editor:
            yield OneDevice(editor)
    else:
        with open_many(model, request.run, job.workers, job.ray_address, report) as renderer:
            yield renderer


@contextmanager
def open_device(request: Request, report: Report) -> Iterator[OneDevice]:
    """An editor in this process, for what is too short to be shared; or what is open already, where it is one."""
    if isinstance(request.model, OneDevice):
        yield request.model
        return
    if not isinstance(request.model, ModelConfig | Model):
        raise UsageError("many workers edit whole videos; give a preview the model itself")
    with open_editor(request.model, request.run, report) as editor:
        yield OneDevice(editor)
