"""What the joint-attention model's recipe has of its own."""

from __future__ import annotations

from dataclasses import dataclass

from fairy.lab.embedded.recipe import Recipe, Size

LOOKS = (
    "night", "sunset", "golden_hour", "fog", "snow", "autumn", "black_and_white", "sepia", "teal_orange", "infrared",
    "duotone", "thermal", "neon", "pencil", "cartoon",
)  # fmt: skip
"""Edits of the whole picture that colours alone nearly make: a token is 16 x 16 pixels."""


@dataclass(frozen=True)
class JointRecipe(Recipe):
    """The defaults are those of the shipped weights."""

    seed: int = 17

    latent_channels: int = 16
    """Of an 8 x 8 patch; a token has those of 2 x 2 patches."""
    decoder_widths: tuple[int, ...] = (16, 32, 64, 64)
    """At full, 1/2, 1/4 and 1/8 resolution."""
    decoder_steps: tuple[int, ...] = (500, 500, 700)

    text_layers: int = 3
    """All are read."""
    text_heads: int = 2
    vocabulary: int = 640

    heads: int = 2
    head_width: int = 64
    double_blocks: int = 2
    """With a stream for the text and one for the pictures."""
    single_blocks: int = 4

    small_sizes: tuple[Size, ...] = ((128, 96), (128, 96), (96, 128), (128, 96))
    large_sizes: tuple[Size, ...] = ((192, 144), (192, 112))
    num_chunks: int = 60
    edits: tuple[str, ...] = (*LOOKS, "paint_all", "paint_all", "paint_all", "backdrop")
    picture_chunks: int = 12

    num_steps: int = 1_500
    learning_rate: float = 1e-3
    matrix_rate: float = 2e-3
    warmup_steps: int = 60
    decay_share: float = 0.25
    small_steps: int = 1_500
    """All of them: the machine's time was short."""
    ema_decay: float = 0.99
    noise_shift: float = 6.0
    """A noise level is shift u / (1 + (shift - 1) u) for a uniform u: near those of a few steps over so few tokens."""

    long_side: int = 128
    sampling_steps: int = 4
