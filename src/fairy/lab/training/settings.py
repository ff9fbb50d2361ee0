"""Every option of `fairy train`, its default and its limits: one frozen dataclass for Python and the command line.

The defaults are the paper's (Fairy, arXiv 2312.13834, sec. 5.2; InstructPix2Pix, arXiv 2211.09800, sec. 3.2) where it
names a number, at a scale that one machine can run. No torch here.
"""

from __future__ import annotations

import math
import re
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from fairy.config import EMBEDDED, MAX_SEED, flag
from fairy.errors import UsageError

Size = tuple[int, int]
"""(width, height) in pixels."""

SYNTHETIC = "synthetic"

LIMITS: dict[str, tuple[float, float]] = {
    "seed": (0, MAX_SEED),
    "scale": (1, 4),
    "rotation": (0, 180),
    "translation": (0, 1),
    "zoom": (0, 0.9),
    "shear": (0, 60),
    "shuffle": (1, 10_000_000),
    "steps": (1, 100_000_000),
    "batch": (1, 65_536),
    "accumulation": (1, 65_536),
    "learning_rate": (0, 1),
    "warmup_steps": (0, 100_000_000),
    "weight_decay": (0, 1),
    "max_grad_norm": (0, math.inf),
    "ema_decay": (0, 0.999999),
    "lora_rank": (0, 4096),
    "lora_alpha": (0, math.inf),
    "drop_text": (0, 1),
    "drop_image": (0, 1),
    "drop_both": (0, 1),
    "noise_bias": (0.1, 10),
    "changed_weight": (0, 1000),
    "log_every": (1, 100_000_000),
    "sample_every": (0, 100_000_000),
    "save_every": (1, 100_000_000),
    "num_samples": (1, 64),
    "workers": (0, 256),
}
CHOICES = {
    "device": ("auto", "cpu"),
    "mixed_precision": ("no", "fp16", "bf16"),
    "save_dtype": ("float32", "float16", "bfloat16"),
}
WATCHING = {"device", "log_every", "sample_every", "save_every", "workers", "save_dtype"}
"""What may change when a run goes on: nothing in it decides a loss."""


@dataclass(frozen=True, kw_only=True)
class TrainConfig:
    """What is trained, on what, and how."""

    model: str = EMBEDDED
    """The model to begin with: a folder in diffusers' format, a hub id such as timbrooks/instruct-pix2pix, or
    embedded."""
    data: str = SYNTHETIC
    """Where the triples come from: synthetic, a folder with metadata.jsonl and pictures, or a data set of the hub
    (owner/name), which is streamed."""
    stream: bool = False
    """Read a folder as a stream, too: nothing is copied into the cache of `datasets`, but little is mixed."""
    split: str = "train"
    """Which split of the data set."""
    source_column: str = "original_image"
    """The column of the picture before the edit."""
    instruction_column: str = "edit_prompt"
    """The column of the instruction."""
    edited_column: str = "edited_image"
    """The column of the picture after the edit."""
    shuffle: int = 1000
    """Rows of a stream that are mixed with one another; a folder is mixed as a whole."""

    size: str = "256x256"
    """Width and height of the crops trained on. Several, 192x144,144x192, are drawn a step at a time."""
    scale: float = 1.125
    """Pictures are scaled so that they cover this many times the crop, which then falls anywhere in them."""
    equivariant: bool = True
    """Whether one random affine map is put on both pictures of a pair: rotation, translation, zoom and shear. Without
    it all other random numbers stay the same."""
    rotation: float = 5.0
    """Degrees at most, either way."""
    translation: float = 0.05
    """Share of the width and of the height at most, either way."""
    zoom: float = 0.05
    """Scale factors lie this near to 1."""
    shear: float = 5.0
    """Degrees at most, either way, along each axis."""

    lora_rank: int = 0
    """Train a LoRA of this rank, not the weights themselves; 0 trains all weights of the denoiser."""
    lora_alpha: float = 0.0
    """The LoRA counts alpha / rank times; 0 takes the rank."""
    lora_targets: str = "to_q,to_k,to_v,to_out.0,q_proj,k_proj,v_proj,out_proj"
    """Ends of the names of the layers that get a LoRA: first the denoiser's, then the text encoder's."""
    train_text_encoder: bool = False
    """Train the text encoder, too (SDXL's stay as they are)."""

    steps: int = 1500
    """Steps of the optimizer. The paper makes 50,000 of 128 samples each."""
    batch: int = 16
    """Samples of one forward pass in each process."""
    accumulation: int = 1
    """Forward passes to a step."""
    learning_rate: float = 1e-4
    """Its highest value: it rises over the warm-up and falls to zero along a cosine."""
    warmup_steps: int = 100
    """Steps in which the learning rate rises."""
    weight_decay: float = 0.01
    """Of AdamW."""
    max_grad_norm: float = 1.0
    """Longer gradients are cut to this length."""
    eight_bit: bool = False
    """AdamW with 8-bit states, through bitsandbytes."""
    mixed_precision: str = "bf16"
    """Number format of the forward passes: no, fp16 or bf16. Weights stay in float32, but those beneath a LoRA."""
    gradient_checkpointing: bool = False
    """Compute activations twice instead of keeping them: less memory, a third slower."""
    ema_decay: float = 0.999
    """The result is this moving average of the weights over the steps; 0 takes the last weights."""
    seed: int = 0
    """Decides the order of the data, every transformation and all noise."""

    drop_text: float = 0.05
    """Share of samples that see no instruction."""
    drop_image: float = 0.05
    """Share of samples that see no source picture."""
    drop_both: float = 0.05
    """Share of samples that see neither."""
    noise_bias: float = 1.0
    """Above 1, strong noise is drawn more often; the embedded model was made with 1.6."""
    changed_weight: float = 1.0
    """How much more a place counts in the loss where the edit changes the picture. 1 is the papers' plain loss."""

    num_samples: int = 6
    """Held-out pairs on the sample sheets. At most a tenth of a folder is held out."""
    sample_every: int = 500
    """Steps between sample sheets; 0 makes none."""
    log_every: int = 50
    """Steps between entries in the log."""
    save_every: int = 500
    """Steps between checkpoints, each with the model so far."""
    save_dtype: str = "float16"
    """Number format of the denoiser on disk: float32, float16 or bfloat16."""
    workers: int = 0
    """Processes beside each training process that prepare samples; 0 prepares them in it."""
    device: str = "auto"
    """Where to compute: auto or cpu. Which GPUs is for accelerate launch or CUDA_VISIBLE_DEVICES to say."""

    def __post_init__(self) -> None:
        for name, (low, high) in LIMITS.items():
            _check_range(name, getattr(self, name), low, high)
        for name, choices in CHOICES.items():
            if getattr(self, name) not in choices:
                raise UsageError(f"{flag(name)} {getattr(self, name)}: must be one of {', '.join(choices)}")
        if self.drop_text + self.drop_image + self.drop_both > 1:
            raise UsageError("--drop-text, --drop-image and --drop-both: together they must be 1 at most")
        if self.learning_rate == 0:
            raise UsageError("--learning-rate 0: must be above 0")
        for name in ("model", "data", "split", "source_column", "instruction_column", "edited_column", "lora_targets"):
            if not getattr(self, name).strip():
                raise UsageError(f"{flag(name)} is empty; give a name")
        parse_sizes(self.size)

    @property
    def sizes(self) -> tuple[Size, ...]:
        """The crops' sizes."""
        return parse_sizes(self.size)

    @property
    def is_local(self) -> bool:
        """Whether the data is a folder on this machine."""
        return self.data != SYNTHETIC and Path(self.data).expanduser().exists()

    @property
    def is_streamed(self) -> bool:
        """Whether the data is read as it comes."""
        return self.data != SYNTHETIC and (self.stream or not self.is_local)

    @property
    def alpha(self) -> float:
        """The LoRA's alpha with nothing left open."""
        return self.lora_alpha or float(self.lora_rank)

    def full_size(self, size: Size) -> Size:
        """What a picture must cover before a crop of `size` is taken from it."""
        width, height = (max(side, round(side * self.scale)) for side in size)
        return width, height

    def learning_rate_at(self, step: int) -> float:
        """Linear warm-up, then half a cosine that reaches zero at `steps`."""
        if step < self.warmup_steps:
            return self.learning_rate * (step + 1) / self.warmup_steps
        done = (step - self.warmup_steps) / max(1, self.steps - self.warmup_steps)
        return self.learning_rate * 0.5 * (1 + math.cos(math.pi * min(1.0, done)))

    def deciding(self) -> dict[str, Any]:
        """What decides the losses: what a run that goes on must have in common with its beginning."""
        free = WATCHING - {"workers"} if self.is_streamed else WATCHING  # workers share a stream's files
        return {name: value for name, value in asdict(self).items() if name not in free}


def parse_sizes(text: str) -> tuple[Size, ...]:
    """192x144,144x192 -> ((192, 144), (144, 192))."""
    words = [word.strip() for word in text.split(",")]
    found = [re.fullmatch(r"(\d{1,5})x(\d{1,5})", word) for word in words]
    sizes = tuple((int(match[1]), int(match[2])) for match in found if match)
    if len(sizes) < len(words) or any(min(size) < 8 for size in sizes):
        raise UsageError(f"--size {text}: must be width and height of 8 pixels or more, such as 256x256 or 192x144")
    return sizes


def _check_range(name: str, value: float, low: float, high: float) -> None:
    if not (math.isfinite(value) and low <= value <= high):
        wants = f"must lie in {low:g}..{high:g}" if math.isfinite(high) else f"must be {low:g} or more"
        raise UsageError(f"{flag(name)} {value}: {wants}")
