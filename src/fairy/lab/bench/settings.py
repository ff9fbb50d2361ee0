"""What `fairy lab bench` is asked for, its defaults by machine and its limits. No torch here."""

from __future__ import annotations

from dataclasses import dataclass

from fairy.config import EMBEDDED, MAX_STEPS
from fairy.errors import UsageError

SD15 = "sd15"
"""Random weights of the shapes of an InstructPix2Pix model of SD-1.5, made locally."""

METHODS, OVERHEAD, STOCK, ANCHORS, MEMORY, ATTENTION = CASES = (
    "methods",
    "overhead",
    "stock",
    "anchors",
    "memory",
    "attention",
)
OF_EVERY_MODEL = (METHODS, ATTENTION)
"""What is measured of a model other than the embedded one, unless asked."""
MULTIPLE = 8
"""Pixels that a latent stands for: peers neither pad nor crop."""

EMBEDDED_SIZE, LARGE_SIZE, SMALL_SIZE = (192, 144), (512, 384), (128, 96)
NUM_FRAMES = {"cuda": 120, "cpu": 24}
FEW_FRAMES = 4
"""Of models that are too large for a CPU: one forward of SD-1.5 at 512x384 takes over ten seconds there."""


@dataclass(frozen=True, kw_only=True)
class BenchSettings:
    """What is measured. None: as the machine likes."""

    models: tuple[str, ...] | None = None
    """Models: embedded; sd15, random weights of that shape, made here; or folders and hub ids."""
    num_frames: int | None = None
    """Frames to edit."""
    size: tuple[int, int] | None = None
    """Their width and height."""
    num_steps: int = 10
    """Denoising steps."""
    num_anchors: tuple[int, ...] = (0, 3)
    """Numbers of anchors."""
    device: str = "auto"
    """Where to compute: auto, cpu, mps, cuda or cuda:N."""
    dtype: str = "auto"
    """How exactly to compute: auto, float32, bfloat16 or float16."""
    repeats: int = 3
    """Runs of each method, of which the median counts."""
    cases: tuple[str, ...] | None = None
    """What to measure: methods, overhead, stock, anchors, memory, attention."""
    methods: tuple[str, ...] | None = None
    """Compare only methods that have this in their names, such as "K = 3,frame by frame"."""
    profile: bool = False
    """Also tell where the time of a micro-batch goes, by kind of work."""

    def __post_init__(self) -> None:
        for name, low, high in (("num_frames", 1, 100_000), ("num_steps", 1, MAX_STEPS), ("repeats", 1, 100)):
            value = getattr(self, name)
            if value is not None and not low <= value <= high:
                raise UsageError(f"--{name.replace('_', '-')} {value}: must lie in {low}..{high}")
        if self.size is not None:
            width, height = self.size
            if min(self.size) < 4 * MULTIPLE or width % MULTIPLE or height % MULTIPLE:
                raise UsageError(
                    f"--size {width}x{height}: both sides must be multiples of {MULTIPLE} and {4 * MULTIPLE} or more"
                )
        for number in self.num_anchors:
            if not 0 <= number <= 64:
                raise UsageError(f"--num-anchors {number}: must lie in 0..64")
            if self.num_frames is not None and number > self.num_frames:
                raise UsageError(f"--num-anchors {number}: there are {self.num_frames} frames; name so many or fewer")
        for case in self.cases or ():
            if case not in CASES:
                raise UsageError(f"--cases {case}: unknown. Accepted are {', '.join(CASES)}")
        for name in ("models", "num_anchors", "cases", "methods"):
            if (values := getattr(self, name)) is not None and (not values or len(set(values)) < len(values)):
                raise UsageError(f"--{name.replace('_', '-')}: name at least one, and none twice")

    def plans(self, machine: str) -> list[Plan]:
        """What is done with each model on a `machine` of the kind cpu, mps or cuda."""
        kind = "cuda" if machine == "cuda" else "cpu"
        models = self.models or ((SD15, EMBEDDED) if kind == "cuda" else (EMBEDDED,))
        return [self._plan(model, kind) for model in models]

    def _plan(self, model: str, kind: str) -> Plan:
        size = EMBEDDED_SIZE if model == EMBEDDED else LARGE_SIZE if kind == "cuda" else SMALL_SIZE
        usual = FEW_FRAMES if kind == "cpu" and model != EMBEDDED else NUM_FRAMES[kind]
        num_frames, size = self.num_frames or max(usual, *self.num_anchors), self.size or size
        return Plan(model, num_frames, size, self.cases or (CASES if model == EMBEDDED else OF_EVERY_MODEL))


@dataclass(frozen=True)
class Plan:
    """What is done with one model."""

    model: str
    num_frames: int
    size: tuple[int, int]
    """Width and height."""
    cases: tuple[str, ...]
