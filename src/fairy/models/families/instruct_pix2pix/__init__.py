"""InstructPix2Pix (arXiv 2211.09800): a UNet whose input is the noisy latents and the source's, side by side.

Of SD 1.5, SDXL and CosXL. Three guidance branches: 0 text and image, 1 image only, 2 none, the order of diffusers'
pipelines. The parts: text.py, latents.py, denoiser.py, attention.py, kernels.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from fairy.errors import ModelError
from fairy.models.defaults import Defaults

if TYPE_CHECKING:
    import torch

    from fairy.config import EditSettings
    from fairy.models.attention import Anchors
    from fairy.models.bundle import Model
    from fairy.models.families.instruct_pix2pix.denoiser import StepInputs
    from fairy.models.families.instruct_pix2pix.text import Conditioning
    from fairy.models.folder import ModelFolder
    from fairy.models.schedules import Schedule

NAME = "InstructPix2Pix"
TEXT_STAYS = True
_BOTH = {
    "unet": ("UNet2DConditionModel",),
    "vae": ("AutoencoderKL", "AutoencoderTiny"),
    "text_encoder": ("CLIPTextModel",),
    "tokenizer": ("CLIPTokenizer", "CLIPTokenizerFast"),
}
PIPELINES = {
    "StableDiffusionInstructPix2PixPipeline": _BOTH,
    "StableDiffusionXLInstructPix2PixPipeline": {
        **_BOTH,
        "text_encoder_2": ("CLIPTextModelWithProjection",),
        "tokenizer_2": ("CLIPTokenizer", "CLIPTokenizerFast"),
    },
}
SD = Defaults()
# https://huggingface.co/diffusers/sdxl-instructpix2pix-768: 768 pixels, guidance 3.0 and 1.5, 30 steps.
SDXL = Defaults(long_side=768, num_steps=30, text_guidance=3.0)
# https://huggingface.co/spaces/multimodalart/cosxl: 1024 pixels, 20 steps, guidance 7 and 1.5. The noise schedule is
# continuous, and of diffusers' schedulers only the EDM ones know it.
COSXL = Defaults(long_side=1024, num_steps=20, text_guidance=7.0, scheduler="EDMEulerScheduler")
BRANCHES = 3


def check(folder: ModelFolder) -> None:
    """Refuse denoisers whose input has no room for the source."""
    latent = folder.config("vae").get("latent_channels", 4)
    given = folder.config("unet").get("in_channels", 4)
    if given != 2 * latent:
        kinds = {latent: "a text-to-image model", 2 * latent + 1: "an inpainting model"}
        raise ModelError(
            f"{folder.name} is {kinds.get(given, 'another kind of model')}: its denoiser has {given} input channels. "
            f"Editing by instruction needs {2 * latent} = 2 x {latent} latent channels, for noise and source."
        )


def restriction(folder: ModelFolder) -> str:  # noqa: ARG001
    """None that is known of."""
    return ""


def defaults(folder: ModelFolder) -> Defaults:
    """What the model cards recommend."""
    if "text_encoder_2" not in folder.components:
        return SD
    return COSXL if folder.index.get("is_cosxl_edit") else SDXL


def prepare(model: Model) -> None:
    """Shrink kernels where the folder says that it has such; on a GPU, channels last."""
    from fairy.models.families.instruct_pix2pix.denoiser import settle
    from fairy.models.families.instruct_pix2pix.kernels import shrink_kernels

    if model.folder.traits.get("centre_kernels"):
        shrink_kernels(model.denoiser)
    settle(model)


def pipeline(model: Model) -> Any:
    """The stock one."""
    from fairy.models.families.instruct_pix2pix.denoiser import stock_pipeline

    return stock_pipeline(model)


def install(denoiser: Any) -> dict[str, Any]:
    """See fairy.models.families.instruct_pix2pix.attention."""
    from fairy.models.families.instruct_pix2pix.attention import install

    return install(denoiser)


def multiple(model: Model) -> int:
    """The pixels that a latent stands for along each axis: the denoiser pads and crops odd sizes inside itself."""
    return int(2 ** (len(model.vae.config.block_out_channels) - 1))


def latent_shape(model: Model, height: int, width: int) -> tuple[int, int, int]:
    """See `Family`."""
    return model.vae.config.latent_channels, height // multiple(model), width // multiple(model)


def schedule(model: Model, num_steps: int, height: int, width: int) -> Schedule:  # noqa: ARG001  any size is alike
    """See `Family`."""
    from fairy.models.schedules import Diffusion, fresh

    return Diffusion(fresh(model.scheduler, num_steps, lambda scheduler: scheduler.set_timesteps(num_steps)))


def branches(model: Model, settings: EditSettings, step: int) -> tuple[int, ...]:  # noqa: ARG001  all models alike
    """Those whose weight in `guide` is not zero; after the guided steps the full one alone.

    Guidance matters most while the noise is high (arXiv 2404.07724).
    """
    text, image = settings.text_guidance, settings.image_guidance
    if not settings.is_guided(step):
        return (0,)
    return tuple(branch for branch, weight in enumerate((text, image - text, 1 - image)) if weight != 0)


def guide(model: Model, predicted: Mapping[int, torch.Tensor], settings: EditSettings) -> torch.Tensor:  # noqa: ARG001
    """Classifier-free guidance on two conditions (InstructPix2Pix, arXiv 2211.09800, eq. 3)."""
    if list(predicted) == [0]:
        return predicted[0]
    # A branch that was not computed has no weight: whatever stands for it drops out.
    nothing = next(iter(predicted.values())).new_zeros(())
    full, image_only, neither = (predicted.get(branch, nothing) for branch in range(BRANCHES))
    return neither + settings.text_guidance * (full - image_only) + settings.image_guidance * (image_only - neither)


def read(model: Model, instruction: str, height: int, width: int) -> Conditioning:
    """Embedded for all branches, with its keys and values for the cross-attention layers."""
    from fairy.models.families.instruct_pix2pix.text import encode_instruction

    return encode_instruction(model, instruction, height=height, width=width)


def dropped_text(model: Model, instruction: str) -> str:
    """See `Family`."""
    from fairy.models.families.instruct_pix2pix.text import dropped_text

    return dropped_text(model, instruction)


def look(model: Model, frames: torch.Tensor, instruction: Conditioning) -> torch.Tensor:  # noqa: ARG001
    """The source's latents (F, C, h, w): the same for any instruction."""
    from fairy.models.families.instruct_pix2pix.latents import encode_frames

    return encode_frames(model, frames)


def inputs(
    model: Model,
    instruction: Conditioning,
    seen: torch.Tensor,
    branches: Sequence[int],
    settings: EditSettings,  # noqa: ARG001  guidance comes after the denoiser
) -> StepInputs:
    """See `Family`."""
    from fairy.models.families.instruct_pix2pix.denoiser import step_inputs

    return step_inputs(model, instruction, seen, branches)


def predict(
    model: Model, latents: torch.Tensor, inputs: StepInputs, timestep: torch.Tensor, anchors: Anchors | None
) -> Sequence[torch.Tensor]:
    """All branches in one batch."""
    from fairy.models.families.instruct_pix2pix.denoiser import predict_noise

    return predict_noise(model, latents, inputs, timestep, anchors)


def encode(model: Model, frames: torch.Tensor) -> torch.Tensor:
    """See `Family`."""
    from fairy.models.families.instruct_pix2pix.latents import encode_edited

    return encode_edited(model, frames)


def decode(model: Model, latents: torch.Tensor) -> torch.Tensor:
    """See `Family`."""
    from fairy.models.families.instruct_pix2pix.latents import decode_latents

    return decode_latents(model, latents)
