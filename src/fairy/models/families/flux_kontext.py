"""FLUX.1 Kontext (arXiv 2506.15742): joint attention of T5's text, noisy and source tokens, guided by a number.

F frames, T tokens of text, latents (F, C, 2 h, 2 w) of which 2 x 2 are a token, L = h * w of them. A sequence is
[text T | noisy L | source L]. There is one branch: the strength of guidance is an input of the denoiser.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from fairy.errors import ModelError
from fairy.models.defaults import Defaults
from fairy.models.flow import pipeline, prepare, shifted_schedule  # noqa: F401  names of `Family`
from fairy.models.schedulers import FLOW

if TYPE_CHECKING:
    import torch

    from fairy.config import EditSettings
    from fairy.models.attention import Anchors
    from fairy.models.bundle import Model
    from fairy.models.folder import ModelFolder
    from fairy.models.joint import Inputs
    from fairy.models.schedules import Schedule

NAME = "FLUX.1 Kontext"
TEXT_STAYS = False
PIPELINES = {
    "FluxKontextPipeline": {
        "transformer": ("FluxTransformer2DModel",),
        "vae": ("AutoencoderKL",),
        "text_encoder": ("CLIPTextModel",),
        "tokenizer": ("CLIPTokenizer", "CLIPTokenizerFast"),
        "text_encoder_2": ("T5EncoderModel",),
        "tokenizer_2": ("T5Tokenizer", "T5TokenizerFast"),
    }
}
# https://huggingface.co/black-forest-labs/FLUX.1-Kontext-dev
KONTEXT = Defaults(long_side=1024, num_steps=28, text_guidance=2.5, image_guidance=None, scheduler=FLOW)
TEXT_LENGTH = 512
"""T; a small model's fairy.json has its own."""
SOURCE_TIME = 1
"""The first of a token's three coordinates (picture, row, column), for the source; all others have 0."""


def check(folder: ModelFolder) -> None:
    """Refuse transformers that do not go with the autoencoder, or take no number to be guided by."""
    transformer, channels = folder.config("transformer"), 4 * folder.config("vae")["latent_channels"]
    if transformer.get("in_channels") != channels or not transformer.get("guidance_embeds"):
        raise ModelError(
            f"{folder.name} is no Kontext: its transformer has {transformer.get('in_channels')} input channels and "
            f"guidance_embeds {transformer.get('guidance_embeds')}; needed are {channels} and true."
        )


def restriction(folder: ModelFolder) -> str:  # noqa: ARG001  there are no others
    """https://huggingface.co/black-forest-labs/FLUX.1-Kontext-dev"""
    return "the weights of FLUX.1 Kontext are for non-commercial use only"


def defaults(folder: ModelFolder) -> Defaults:  # noqa: ARG001
    """What the model card recommends."""
    return KONTEXT


def install(denoiser: Any) -> dict[str, Any]:
    """All layers: each is joint attention."""
    from fairy.models.joint import JointAttention, install

    return install(denoiser, lambda layer, _: JointAttention(layer))


def multiple(model: Model) -> int:
    """The pixels that a token stands for along each axis."""
    return int(2 ** len(model.vae.config.block_out_channels))


def latent_shape(model: Model, height: int, width: int) -> tuple[int, int, int]:
    """The autoencoder's own."""
    pixels = multiple(model) // 2
    return model.vae.config.latent_channels, height // pixels, width // pixels


def schedule(model: Model, num_steps: int, height: int, width: int) -> Schedule:
    """See `Family`."""
    return shifted_schedule(model, num_steps, height // multiple(model) * (width // multiple(model)))


def branches(model: Model, settings: EditSettings, step: int) -> tuple[int, ...]:  # noqa: ARG001
    """The one."""
    return (0,)


def guide(model: Model, predicted: Mapping[int, torch.Tensor], settings: EditSettings) -> torch.Tensor:  # noqa: ARG001
    """Guided already."""
    return predicted[0]


def read(model: Model, instruction: str, height: int, width: int) -> tuple[torch.Tensor, torch.Tensor]:  # noqa: ARG001
    """T5's hidden states (1, T, D) and CLIP's pooled vector (1, P)."""
    from fairy.models.joint import visiting

    clip, t5 = (
        tokenizer(instruction, padding="max_length", max_length=length, truncation=True, return_tensors="pt")
        for tokenizer, length in zip(
            model.tokenizers, (model.tokenizers[0].model_max_length, _length(model)), strict=True
        )
    )
    with visiting(model.text_encoders[0], model.device) as encoder:
        pooled = encoder(clip.input_ids.to(model.device)).pooler_output
    with visiting(model.text_encoders[1], model.device) as encoder:
        states = encoder(t5.input_ids.to(model.device))[0]
    return states.to(model.dtype), pooled.to(model.dtype)


def dropped_text(model: Model, instruction: str) -> str:
    """The words beyond T tokens."""
    tokenizer = model.tokenizers[1]
    beyond = tokenizer(instruction, verbose=False).input_ids[_length(model) - 1 : -1]
    return str(tokenizer.decode(beyond)).strip()


def look(model: Model, frames: torch.Tensor, instruction: Any) -> torch.Tensor:  # noqa: ARG001  the same for all
    """The source's latents."""
    return encode(model, frames)


def inputs(
    model: Model,
    instruction: tuple[torch.Tensor, torch.Tensor],
    seen: torch.Tensor,
    branches: Sequence[int],  # noqa: ARG001  there is one
    settings: EditSettings,
) -> Inputs:
    """See `Family`."""
    import torch

    from fairy.models.joint import Inputs, grid, pack

    states, pooled = instruction
    count, (height, width) = len(seen), (side // 2 for side in seen.shape[2:])
    arguments = {
        "pooled_projections": pooled.expand(count, -1),
        "guidance": torch.full([count], settings.text_guidance, device=model.device),
        "txt_ids": states.new_zeros(states.shape[1], 3),
        "img_ids": torch.cat([grid(time, height, width) for time in (0, SOURCE_TIME)]).to(states),
    }
    return Inputs({0: states}, pack(seen, 2), arguments)


def predict(
    model: Model, latents: torch.Tensor, inputs: Inputs, timestep: torch.Tensor, anchors: Anchors | None
) -> Sequence[torch.Tensor]:
    """See `Family`."""
    from fairy.models import joint

    return joint.predict(model, latents, inputs, timestep, anchors, side=2)


def encode(model: Model, frames: torch.Tensor) -> torch.Tensor:
    """See `Family`."""
    config = model.vae.config
    latents = model.vae.encode(frames.to(model.device, model.vae.dtype)).latent_dist.mode().float()
    return (latents - config.shift_factor) * config.scaling_factor


def decode(model: Model, latents: torch.Tensor) -> torch.Tensor:
    """See `Family`."""
    unscaled = latents / model.vae.config.scaling_factor + model.vae.config.shift_factor
    return model.vae.decode(unscaled.to(model.vae.dtype), return_dict=False)[0].float().clamp(-1, 1)


def _length(model: Model) -> int:
    return int(model.folder.traits.get("text_length", TEXT_LENGTH))
