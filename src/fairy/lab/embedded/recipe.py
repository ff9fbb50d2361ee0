"""The recipe of an embedded model: every number that decides what comes out, in one frozen dataclass."""

from __future__ import annotations

from dataclasses import dataclass

Size = tuple[int, int]
"""(columns, rows) of a picture in pixels."""


@dataclass(frozen=True)
class Recipe:
    """Sizes of the parts, the data, and the training. The defaults are those of the next weights to be shipped.

    They begin with the weights shipped now, whose own recipe their card names."""

    seed: int = 2
    """Decides the data, the initial weights, the noise and the order of the samples."""

    latent_channels: int = 32
    """Principal components kept of an 8 x 8 patch of pixels."""
    detail_spread: float = 0.5
    """Standard deviation of the strongest component that is no colour; the three colours have 1."""
    detail_power: float = 0.25
    """How far the weaker components are raised towards it: 0 fully whitened, 1 as they are."""
    decoder_width: int = 48
    decoder_blocks: tuple[int, ...] = (3, 3, 1, 0)
    """Residual blocks of the decoder at 1/8, 1/4, 1/2 and full resolution."""
    decoder_steps: tuple[int, ...] = (3000, 5000, 4000)
    """Steps of the decoder's training, a warm-up and a fall of the learning rate each."""
    decoder_batch: int = 8
    decoder_crop: int = 96
    """Side of the crops that the decoder is trained on, in pixels."""
    decoder_learning_rate: float = 1e-3

    text_width: int = 128
    text_layers: int = 2
    text_heads: int = 4
    text_length: int = 16
    """Tokens of an instruction, with the two that mark its ends."""
    vocabulary: int = 1024
    """At most this many tokens."""

    width: int = 128
    """Channels of the UNet's only level."""
    heads: int = 2
    norm_groups: int = 8
    free_resnets: int = 2
    """So many resnets after the first self-attention keep their 3 x 3 kernels; the others are trained with 1 x 1."""

    small_sizes: tuple[Size, ...] = ((128, 96), (128, 96), (128, 80), (96, 128), (128, 96))
    large_sizes: tuple[Size, ...] = ((192, 144), (192, 112), (144, 192))
    """The pictures' sizes, a chunk of data each in turn, small ones first."""
    num_chunks: int = 320
    chunk_pairs: int = 256
    edits: tuple[str, ...] = ()
    """What is taught: drawn evenly, what is named twice twice as often; empty: all, by their weights in EDITS."""
    picture_chunks: int = 14
    """So many chunks keep their pixels, too: the decoder is trained on them."""

    num_steps: int = 6_000
    batch: int = 16
    """Samples a step and process."""
    learning_rate: float = 6e-4
    matrix_rate: float = 0.0
    """Learning rate of the matrices in the transformer's blocks, which Muon turns; 0: AdamW learns everything."""
    weight_decay: float = 0.01
    warmup_steps: int = 200
    decay_share: float = 0.5
    """The last part of the steps, in which the learning rate falls to zero."""
    small_steps: int = 5_500
    """The first steps see small pictures only."""
    focus: float = 6.0
    """How much more a token counts in the loss where it is changed or shows an object; a sample's mean weight is 1."""
    drop_text: float = 0.05
    drop_image: float = 0.05
    drop_both: float = 0.05
    noise_bias: float = 1.6
    """t = 999 - 1000 u^bias for a uniform u: above 1, high noise is drawn more often."""
    ema_decay: float = 0.999

    long_side: int = 192
    """What the model is used at, and its defaults; written into `fairy.json`."""
    sampling_steps: int = 5
    text_guidance: float = 1.5
    image_guidance: float = 1.0

    @property
    def sizes(self) -> tuple[Size, ...]:
        """Of all pictures."""
        return (*self.small_sizes, *self.large_sizes)

    def rate_share_at(self, step: int) -> float:
        """Of the learning rates: linear warm-up, constant, linear decay to zero at `num_steps`."""
        warmup = min(1.0, (step + 1) / self.warmup_steps)
        decay = min(1.0, (self.num_steps - step) / (self.decay_share * self.num_steps))
        return warmup * decay
