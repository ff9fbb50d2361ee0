"""One model, ready to edit with: everything that was loaded, in one frozen bundle."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from fairy.models.defaults import Defaults


@dataclass(frozen=True)
class Model:
    """An InstructPix2Pix model of diffusers, its parts by name. Made by `load`."""

    name: str  # what `load` was asked for
    path: Path  # the folder it was read from
    unet: Any  # UNet2DConditionModel: the denoiser
    vae: Any  # AutoencoderKL or AutoencoderTiny; float32 where half precision would overflow
    text_encoders: tuple[Any, ...]  # CLIPTextModel; SDXL also has a CLIPTextModelWithProjection
    tokenizers: tuple[Any, ...]  # CLIPTokenizer, one an encoder
    scheduler: Any  # a template only: `make_scheduler` gives each trajectory its own
    defaults: Defaults
    device: torch.device
    dtype: torch.dtype  # of the denoiser and the text encoders
    is_cosxl_edit: bool = False  # the source's latents are scaled as the edited ones are
    zeroes_empty_prompt: bool = False  # SDXL: the empty prompt is embedded as zeros
    lora: str = ""  # what `load` was asked to add to the weights
    lora_scale: float = 1.0
    decoder: Any = None  # AutoencoderTiny: makes the pictures in place of the VAE
    decoder_name: str = ""  # what `load` was asked to decode with
    compile: str = "off"  # torch.compile's mode
    vae_tiling: bool = False
    micro_batch: int = 1  # frames of one forward pass: like the dtype it decides the last bit

    @property
    def overwrites(self) -> bool:
        """Whether what a pass computes lies in memory of a CUDA graph, where the next pass writes, too."""
        return self.compile in ("reduce-overhead", "max-autotune")

    @property
    def multiple(self) -> int:
        """Width and height of the frames must be multiples of this: the pixels a latent stands for along each axis.

        The denoiser asks for no more; it pads and crops odd sizes inside itself.
        """
        return 2 ** (len(self.vae.config.block_out_channels) - 1)
