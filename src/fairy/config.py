"""Every setting, its default and its limits, in one place for Python, the command line and the web page. No torch here.

A value of None means: the model's own default, which travels with the model (`fairy.json` in its folder).
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

from fairy.errors import UsageError

EMBEDDED = "embedded"
MAX_SEED = 2**63 - 1
MAX_STEPS = 1000
MAX_WORKERS = 10_000
FAST_STEPS, FAST_SHARE = 0.5, 0.5
"""What --fast does: see EditConfig.fast, and docs/guide/speed.md for what it costs."""
COMPILING = ("auto", "off", "default", "reduce-overhead", "max-autotune", "openvino", "openvino-bf16")
LONG_VIDEO = 120
"""Frames of a source from which on --compile auto has kernels made: what they spare repays making them."""
BANK_PLACES = ("auto", "device", "host", "lockstep")
DETAILS = ("carry", "off")
SIZES = re.compile(r"source|model|[0-9]+|[0-9]+x[0-9]+")


def flag(name: str) -> str:
    """A field's name as a user types it: num_anchors -> --num-anchors."""
    return "--" + name.replace("_", "-")


def _require(accepted: bool, name: str, given: object, wants: str) -> None:
    if not accepted:
        raise UsageError(f"{flag(name)} {given}: {wants}")


def is_size(text: str) -> bool:
    """Whether a text is a wish for a size: source, model, N or WxH, of 32 to 8192 pixels a side."""
    sides = [int(side) for side in re.findall("[0-9]+", text)]
    return bool(SIZES.fullmatch(text)) and all(32 <= side <= 8192 for side in sides)


def _require_range(settings: object, name: str, low: float, high: float) -> None:
    value = getattr(settings, name)
    if value is not None:
        wants = f"must lie in {low:g}..{high:g}" if math.isfinite(high) else f"must be a finite number, {low:g} or more"
        _require(math.isfinite(value) and low <= value <= high, name, value, wants)


def check_instruction(instruction: str) -> None:
    """Refuse an instruction that says nothing."""
    if not instruction.strip():
        raise UsageError('the instruction is empty; say what to change, for example "make it night"')


@dataclass(frozen=True, kw_only=True)
class EditConfig:
    """What decides the picture, besides the model, the instruction and the frames themselves."""

    num_anchors: int | None = None
    """How many frames are edited together first; all others take their look from these. 0 edits each frame alone."""
    num_steps: int | None = None
    """Denoising steps: more takes longer and can be finer."""
    text_guidance: float | None = None
    """How strongly the instruction is followed."""
    image_guidance: float | None = None
    """How strongly the source picture is kept."""
    anchor_strength: float = 1.0
    """How much the other frames take from the anchors, 0 to 10: 1 is the paper's method, 0 takes nothing; above 1 what
    the instruction leaves open is steadier."""
    seed: int = 0
    """Start of the random numbers: the same seed gives the same pixels, another one a variation."""
    fast: bool = False
    """Trade likeness to the plain method for speed: unless they are set, half of the model's steps, and guidance in
    half of those."""
    guided_share: float | None = None
    """Share of the steps, from the first one on, in which guidance counts; the others take one pass in place of two or
    three."""

    def __post_init__(self) -> None:
        _require_range(self, "num_anchors", 0, 64)
        _require_range(self, "num_steps", 1, MAX_STEPS)
        _require_range(self, "text_guidance", 0, math.inf)
        _require_range(self, "image_guidance", 0, math.inf)
        _require_range(self, "anchor_strength", 0, 10)
        _require_range(self, "seed", 0, MAX_SEED)
        _require_range(self, "guided_share", 0, 1)

    def resolved(self, defaults: Defaults) -> EditSettings:
        """The same with nothing left open: what is None is taken from the model's defaults.

        UsageError where a guidance is set that the model does not have.
        """
        num_steps = math.ceil(defaults.num_steps * FAST_STEPS) if self.fast else defaults.num_steps
        return EditSettings(
            num_steps=num_steps if self.num_steps is None else self.num_steps,
            text_guidance=self._guidance("text_guidance", defaults.text_guidance),
            image_guidance=self._guidance("image_guidance", defaults.image_guidance),
            anchor_strength=self.anchor_strength,
            seed=self.seed,
            guided_share=(FAST_SHARE if self.fast else 1.0) if self.guided_share is None else self.guided_share,
        )

    def _guidance(self, name: str, default: float | None) -> float:
        """A guidance scale; 1, which guides nothing, where the model has none."""
        wish: float | None = getattr(self, name)
        if default is None and wish not in (None, 1.0):
            raise UsageError(f"{flag(name)} {wish:g}: this model has no such guidance; leave it out")
        return next((scale for scale in (wish, default) if scale is not None), 1.0)


class Defaults(Protocol):
    """What a model says of itself."""

    @property
    def num_steps(self) -> int: ...
    @property
    def text_guidance(self) -> float | None: ...
    @property
    def image_guidance(self) -> float | None: ...


@dataclass(frozen=True, kw_only=True)
class EditSettings:
    """An `EditConfig` with nothing left open, as an edit was made with it."""

    num_steps: int
    text_guidance: float
    image_guidance: float
    anchor_strength: float
    seed: int
    guided_share: float = 1.0

    def is_guided(self, step: int) -> bool:
        """Whether guidance counts in this step. Schedulers of second order have more evaluations than steps."""
        return self.guided_share == 1.0 or step < math.ceil(self.guided_share * self.num_steps)


@dataclass(frozen=True, kw_only=True)
class ModelConfig:
    """Which model edits, and where it runs."""

    model: str = EMBEDDED
    """A folder in diffusers' format, a hub id such as timbrooks/instruct-pix2pix, or embedded."""
    scheduler: str | None = None
    """A scheduler of diffusers by its name, such as DDIMScheduler."""
    lora: str | None = None
    """A LoRA in safetensors to put on the model: a path or a hub id."""
    lora_scale: float = 1.0
    """How strongly the LoRA counts."""
    device: str = "auto"
    """Where to compute: auto, cpu, mps, cuda or cuda:N."""
    dtype: str = "auto"
    """How exactly to compute: auto, float32, bfloat16 or float16."""
    decoder: str | None = None
    """A small autoencoder to make the pictures with, quicker and coarser: a folder or a hub id, such as
    madebyollin/taesd."""
    compile: str = "auto"
    """Have kernels made for this model and size, at the first frames: off; by torch.compile default, reduce-overhead or
    max-autotune; on the CPU by OpenVINO openvino or openvino-bf16. auto is openvino where that is installed, the model
    is a small one on the CPU and the source has 120 frames or more; else off."""
    vae_tiling: bool = False
    """Encode and decode large frames in tiles that are faded into each other: spares memory, and differs a little."""
    micro_batch: int | None = None
    """Frames that go through the model together. Like the precision it decides the last bit of a frame."""

    def __post_init__(self) -> None:
        _require(self.compile in COMPILING, "compile", self.compile, f"must be one of {', '.join(COMPILING)}")
        _require_range(self, "micro_batch", 1, 4096)
        _require(math.isfinite(self.lora_scale), "lora_scale", self.lora_scale, "must be a finite number")


@dataclass(frozen=True, kw_only=True)
class VideoConfig:
    """Which part of the source is edited, at what size, and how the result is stored."""

    size: str = "source"
    """Of the finished video: source, model (what the model makes), the pixels of the longer side, or WIDTHxHEIGHT;
    nothing is cropped or stretched."""
    detail: str = "carry"
    """What fills a size larger than the model's: carry, the source's own detail in the edit's colours, or off."""
    long_side: int | None = None
    """Pixels of the longer side of the frames as the model edits them."""
    start: float | None = None
    """Where the edit begins, in seconds of the source."""
    end: float | None = None
    """Where the edit ends, in seconds of the source."""
    codec: str | None = None
    """Of the finished video: .mov prores, prores4444, dnxhr, h264, hevc or hevc10; .mp4 h264, hevc, hevc10 or av1; .mkv
    also ffv1; .webm vp9 or av1; folders png, png16 or exr."""
    quality: int | None = None
    """Constant rate factor of the encoder: lower is better and larger."""

    def __post_init__(self) -> None:
        _require(is_size(self.size), "size", self.size, "must be source, model, a longer side of 32 to 8192, or WxH")
        _require(self.detail in DETAILS, "detail", self.detail, f"must be one of {', '.join(DETAILS)}")
        _require_range(self, "long_side", 32, 8192)
        _require_range(self, "start", 0, math.inf)
        _require_range(self, "end", 0, math.inf)
        _require_range(self, "quality", 0, 63)
        if self.start is not None and self.end is not None:
            _require(self.end > self.start, "end", self.end, f"must be later than --start {self.start:g}")


@dataclass(frozen=True, kw_only=True)
class RunConfig:
    """How the work is done. Nothing here changes a single bit of the result."""

    batch_size: int | None = None
    """Frames computed at a time: more is faster and takes more memory."""
    bank: str = "auto"
    """Where the anchors' keys and values are kept: auto, device, host, which spares the GPU's memory, or lockstep: one
    step of them at a time, and the anchors edited again with every 32 frames."""

    def __post_init__(self) -> None:
        _require_range(self, "batch_size", 1, 4096)
        _require(self.bank in BANK_PLACES, "bank", self.bank, f"must be one of {', '.join(BANK_PLACES)}")


@dataclass(frozen=True, kw_only=True)
class JobConfig:
    """How the work is parted into shots and chunks, and what of it is kept."""

    keep_job: bool = False
    """Keep the job folder beside the output, for `redo` and `verify`."""
    restart: bool = False
    """Throw away what an interrupted job has done, and begin anew."""
    shots: str = "auto"
    """Where the picture cuts, so that each shot gets its own anchors: auto finds it, off means nowhere, or a text file
    with a frame or a time in each line."""
    anchors: tuple[int, ...] | None = None
    """Frames of the source to be anchors. A shot in which none lies chooses its own, evenly spaced."""
    given: Mapping[int, Path] = field(default_factory=dict)
    """Anchors that are edited already, by any program: pictures by frame of the source. The others follow them."""
    strict: bool = False
    """Refuse an instruction that the model cannot read wholly, instead of saying so and going on."""
    chunk: int | None = None
    """Frames that are stored at a time. Changes no bit."""
    workers: int | Literal["auto"] = 1
    """Processes that share the work, through Ray; auto: one for each GPU, else for every four cores. Changes no bit."""
    ray_address: str | None = None
    """Of the Ray cluster where the workers are, such as 10.0.0.1:6379; None: they are on this machine."""

    def __post_init__(self) -> None:
        _require_range(self, "chunk", 1, 100_000)
        if self.workers != "auto":
            _require_range(self, "workers", 1, MAX_WORKERS)
        for index in (*(self.anchors or ()), *self.given):
            _require(index >= 0, "anchors", index, "frames are counted from 0")
        named = ",".join(map(str, self.anchors or ()))
        for index in self.anchors or ():
            _require((self.anchors or ()).count(index) == 1, "anchors", named, f"frame {index} is named twice")
        _require(self.anchors != (), "anchors", "''", "name at least one frame, or use --num-anchors 0")


@dataclass(frozen=True, kw_only=True)
class MaskConfig:
    """Where the edit counts. Elsewhere the frames stay the source's own pixels."""

    mask: Path | None = None
    """A picture, or a video of as many frames as the source: white where to edit."""
    feather: int = 4
    """Pixels over which the mask's edge fades in, inwards: what is black stays untouched."""
    auto_mask: bool = False
    """Keep the source where the edit has hardly changed it."""

    def __post_init__(self) -> None:
        _require_range(self, "feather", 0, 256)
