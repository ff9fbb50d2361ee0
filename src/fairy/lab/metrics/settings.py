"""What is asked of a measurement. No torch here."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from fairy.errors import UsageError

DEFAULT_CLIP = "openai/clip-vit-large-patch14"
"""ViT-L/14: the CLIP that InstructPix2Pix (arXiv 2211.09800) measures with. Fairy's paper does not name its own."""
OFF = "off"
ESTIMATORS = ("dis", "raft")


@dataclass(frozen=True, kw_only=True)
class MetricSettings:
    """What is known of the edit, and what to measure with. Every field may be left as it is."""

    instruction: str | None = None
    """What the edit was asked to do. PickScore judges by it where there is no target prompt."""
    source_prompt: str | None = None
    """What the source shows, such as "a street in summer"; with --target-prompt for frame_acc and clip_direction."""
    target_prompt: str | None = None
    """What the edit should show, such as "a street in deep snow"."""
    flow: str = "dis"
    """The source's optical flow: dis (OpenCV), raft (torchvision), or a folder that `fairy lab synth` has written."""
    clip: str | None = None
    """A CLIP model: a folder, or a hub id to download; off measures without."""
    pickscore: str | None = None
    """A PickScore model, such as yuvalkirstain/PickScore_v1. Without one it is left out."""
    lpips: bool = False
    """Measure LPIPS between source and edit, by the package of that name."""
    device: str = "auto"
    """Where the networks compute: auto, cpu, mps, cuda or cuda:N."""

    def __post_init__(self) -> None:
        for name in ("source_prompt", "target_prompt"):
            text = getattr(self, name)
            if text is not None and not text.strip():
                raise UsageError(f"--{name.replace('_', '-')}: the prompt is empty; say what the video shows")
        if self.flow not in ESTIMATORS and not Path(self.flow).exists():
            raise UsageError(
                f"--flow {self.flow}: must be {', '.join(ESTIMATORS)} or a folder of `fairy lab synth`, and is none"
            )
