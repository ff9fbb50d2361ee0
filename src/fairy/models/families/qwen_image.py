"""Qwen-Image-Edit 2509 and later (arXiv 2508.02324) and its fine-tunes: joint attention whose text has seen the frame.

F frames, T tokens of text, latents (F, C, 2 h, 2 w) of which 2 x 2 are a token, L = h * w of them. A sequence is
[text T | noisy L | source L]. The text encoder is a vision model that reads the instruction beside the frame: it reads
once a frame and branch. Two guidance branches: 0 the instruction, 1 a blank.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fairy.errors import ModelError
from fairy.models import flow
from fairy.models.defaults import Defaults
from fairy.models.flow import branches, pipeline, prepare, shifted_schedule  # noqa: F401  names of `Family`
from fairy.models.schedulers import FLOW

if TYPE_CHECKING:
    import torch
    from PIL.Image import Image

    from fairy.config import EditSettings
    from fairy.models.attention import Anchors
    from fairy.models.bundle import Model
    from fairy.models.folder import ModelFolder
    from fairy.models.joint import Inputs
    from fairy.models.schedules import Schedule

NAME = "Qwen-Image-Edit"
TEXT_STAYS = True
PIPELINES = {
    "QwenImageEditPlusPipeline": {
        "transformer": ("QwenImageTransformer2DModel",),
        "vae": ("AutoencoderKLQwenImage",),
        "text_encoder": ("Qwen2_5_VLForConditionalGeneration",),
        "tokenizer": ("Qwen2Tokenizer", "Qwen2TokenizerFast"),
        "processor": ("Qwen2VLProcessor", "Qwen2_5_VLProcessor"),
    }
}
# As diffusers' pipeline has it.
QWEN = Defaults(long_side=1024, num_steps=50, text_guidance=4.0, image_guidance=None, scheduler=FLOW)
CHAT = (
    "<|im_start|>system\nDescribe the key features of the input image (color, shape, size, texture, objects, "
    "background), then explain how the user's text instruction should alter or modify the image. Generate a new "
    "image that meets the user's requirements while maintaining consistency with the original input where "
    "appropriate.<|im_end|>\n"
    "<|im_start|>user\nPicture 1: <|vision_start|>{picture}<|vision_end|>{text}<|im_end|>\n<|im_start|>assistant\n"
)
"""As the text encoder is addressed; its first tokens say the same of every picture, and are left out."""
NUM_LEFT_OUT = 64
PICTURE = "<|image_pad|>"
BLANK = " "


@dataclass(frozen=True)
class Seen:
    """What is seen of F source frames."""

    latents: torch.Tensor
    """(F, C, 2 h, 2 w)"""
    pictures: list[Image]
    """Of about 384 x 384 pixels, for the text encoder."""


def check(folder: ModelFolder) -> None:
    """Refuse transformers that do not go with the autoencoder, or want a number to be guided by."""
    transformer, channels = folder.config("transformer"), 4 * folder.config("vae")["z_dim"]
    if transformer.get("in_channels") != channels or transformer.get("guidance_embeds"):
        raise ModelError(
            f"{folder.name} is no Qwen-Image-Edit: its transformer has {transformer.get('in_channels')} input channels "
            f"and guidance_embeds {transformer.get('guidance_embeds')}; needed are {channels} and false."
        )


def restriction(folder: ModelFolder) -> str:  # noqa: ARG001
    """None that is known of."""
    return ""


def defaults(folder: ModelFolder) -> Defaults:  # noqa: ARG001
    """See QWEN."""
    return QWEN


def install(denoiser: Any) -> dict[str, Any]:
    """All layers: each is joint attention."""
    from fairy.models.joint import JointAttention, install, turn_complex

    return install(denoiser, lambda layer, _: JointAttention(layer, turn_complex))


def multiple(model: Model) -> int:
    """The pixels that a token stands for along each axis."""
    return int(2 ** (len(model.vae.temperal_downsample) + 1))


def latent_shape(model: Model, height: int, width: int) -> tuple[int, int, int]:
    """The autoencoder's own, of one picture."""
    pixels = multiple(model) // 2
    return model.vae.config.z_dim, height // pixels, width // pixels


def schedule(model: Model, num_steps: int, height: int, width: int) -> Schedule:
    """See `Family`."""
    return shifted_schedule(model, num_steps, height // multiple(model) * (width // multiple(model)))


def guide(model: Model, predicted: Mapping[int, torch.Tensor], settings: EditSettings) -> torch.Tensor:
    """Classifier-free guidance; each token keeps the length that it has with the instruction."""
    from fairy.models.joint import pack, unpack

    guided = flow.guide(model, predicted, settings)
    if len(predicted) == 1:
        return guided
    tokens, full = pack(guided, 2), pack(predicted[0], 2)
    return unpack(tokens * (full.norm(dim=-1, keepdim=True) / tokens.norm(dim=-1, keepdim=True)), guided, 2)


def read(model: Model, instruction: str, height: int, width: int) -> tuple[str, str]:  # noqa: ARG001
    """The text of each branch: it is read with each frame."""
    return instruction, BLANK


def dropped_text(model: Model, instruction: str) -> str:  # noqa: ARG001
    """All of it is read."""
    return ""


def look(model: Model, frames: torch.Tensor, instruction: Any) -> Seen:  # noqa: ARG001
    """See `Family`."""
    from diffusers.pipelines.qwenimage.pipeline_qwenimage_edit_plus import CONDITION_IMAGE_SIZE, calculate_dimensions
    from PIL import Image

    from fairy.pictures.tensors import to_uint8

    frames_here = frames if frames.device.type != "meta" else frames.new_zeros(frames.shape, device="cpu")
    size = calculate_dimensions(CONDITION_IMAGE_SIZE, frames.shape[3] / frames.shape[2])
    pictures = [Image.fromarray(frame).resize(size, Image.Resampling.LANCZOS) for frame in to_uint8(frames_here)]
    return Seen(encode(model, frames), pictures)


def inputs(
    model: Model,
    instruction: Sequence[str],
    seen: Seen,
    branches: Sequence[int],  # noqa: F811
    settings: EditSettings,  # noqa: ARG001  guidance comes after the denoiser
) -> Inputs:
    """See `Family`."""
    import torch

    from fairy.models.joint import Inputs, pack

    height, width = (side // 2 for side in seen.latents.shape[2:])
    texts = {
        branch: torch.cat([_read_beside(model, instruction[branch], picture) for picture in seen.pictures])
        for branch in branches
    }
    shapes = [[(1, height, width)] * 2] * len(seen.pictures)
    return Inputs(texts, pack(seen.latents, 2), {"img_shapes": shapes, "encoder_hidden_states_mask": None})


def predict(
    model: Model, latents: torch.Tensor, inputs: Inputs, timestep: torch.Tensor, anchors: Anchors | None
) -> Sequence[torch.Tensor]:
    """See `Family`."""
    from fairy.models import joint

    return joint.predict(model, latents, inputs, timestep, anchors, side=2, channel="attention_kwargs")


def encode(model: Model, frames: torch.Tensor) -> torch.Tensor:
    """Each frame as a video of one."""
    latents = model.vae.encode(frames[:, :, None].to(model.device, model.vae.dtype)).latent_dist.mode()[:, :, 0].float()
    mean, spread = _normalization(model, latents)
    return (latents - mean) / spread


def decode(model: Model, latents: torch.Tensor) -> torch.Tensor:
    """`encode` undone."""
    mean, spread = _normalization(model, latents)
    unscaled = latents / (1.0 / spread) + mean  # in diffusers' order, for its last bits
    return (
        model.vae.decode(unscaled[:, :, None].to(model.vae.dtype), return_dict=False)[0][:, :, 0].float().clamp(-1, 1)
    )


def _read_beside(model: Model, text: str, picture: Image) -> torch.Tensor:
    """(1, T, D)"""
    import torch

    tokenizer, prepare_picture = model.tokenizers
    prepared = prepare_picture(images=[picture], return_tensors="pt")
    num_tokens = int(prepared["image_grid_thw"].prod()) // prepare_picture.merge_size**2
    chat = CHAT.format(picture=PICTURE * num_tokens, text=text)
    tokens = tokenizer(chat, return_tensors="pt").to(model.device)
    if model.device.type == "meta":  # the text encoder looks at numbers; here only shapes count
        num_read, width = tokens["input_ids"].shape[1] - NUM_LEFT_OUT, model.denoiser.config.joint_attention_dim
        return torch.empty(1, num_read, width, dtype=model.dtype, device=model.device)
    states = model.text_encoders[0].model(
        input_ids=tokens["input_ids"],
        attention_mask=tokens["attention_mask"],
        pixel_values=prepared["pixel_values"].to(model.device),
        image_grid_thw=prepared["image_grid_thw"].to(model.device),
        output_hidden_states=True,
    )
    return states.hidden_states[-1][:, NUM_LEFT_OUT:].to(model.dtype)


def _normalization(model: Model, like: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Mean and spread of the latents, (C, 1, 1)."""
    config = model.vae.config
    mean, spread = (like.new_tensor(values).view(-1, 1, 1) for values in (config.latents_mean, config.latents_std))
    return mean, spread
