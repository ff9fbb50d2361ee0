"""FLUX.2 klein (Black Forest Labs, 2026): a transformer in which text, noisy and source tokens attend together.

F frames, T tokens of text, latents (F, C, h, w) whose L = h * w places are a token each. A sequence is [text T | noisy
L | source L]. Two kinds, told by `is_distilled` in model_index.json: distilled, 4 steps without guidance, and base, 50
steps with two guidance branches, 0 the instruction and 1 none.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from fairy.errors import ModelError
from fairy.models.defaults import Defaults
from fairy.models.flow import branches, guide, make_schedule, pipeline, prepare  # noqa: F401  names of `Family`
from fairy.models.schedulers import FLOW

if TYPE_CHECKING:
    import torch

    from fairy.config import EditSettings
    from fairy.models.attention import Anchors
    from fairy.models.bundle import Model
    from fairy.models.folder import ModelFolder
    from fairy.models.joint import Inputs
    from fairy.models.schedules import Schedule

NAME = "FLUX.2 klein"
TEXT_STAYS = False
PIPELINES = {
    "Flux2KleinPipeline": {
        "transformer": ("Flux2Transformer2DModel",),
        "vae": ("AutoencoderKLFlux2",),
        "text_encoder": ("Qwen3ForCausalLM",),
        "tokenizer": ("Qwen2Tokenizer", "Qwen2TokenizerFast"),
    }
}
# https://huggingface.co/black-forest-labs/FLUX.2-klein-4B and -base-4B
DISTILLED = Defaults(long_side=1024, num_steps=4, text_guidance=None, image_guidance=None, scheduler=FLOW)
BASE = Defaults(long_side=1024, num_steps=50, text_guidance=4.0, image_guidance=None, scheduler=FLOW)
TEXT_LAYERS, TEXT_LENGTH = (9, 18, 27), 512
"""Hidden states of the text encoder that are read, and T; a small model's fairy.json has its own."""
SOURCE_TIME = 10
"""The first of a token's four coordinates (time, row, column, word), for the source; the noisy ones have 0."""


def check(folder: ModelFolder) -> None:
    """Refuse transformers that do not go with the other parts."""
    transformer, vae, text = map(folder.config, ("transformer", "vae", "text_encoder"))
    if transformer.get("guidance_embeds"):
        raise ModelError(f"{folder.name} is FLUX.2-dev, not klein: its guidance is an input, which Fairy cannot give.")
    layers, _ = _reading(folder)
    wanted = {"in_channels": 4 * vae["latent_channels"], "joint_attention_dim": len(layers) * text["hidden_size"]}
    for name, value in wanted.items():
        if transformer.get(name) != value:
            raise ModelError(
                f"{folder.name} is mixed up: its transformer's {name} is {transformer.get(name)}, and its vae and "
                f"text_encoder need {value}."
            )


def restriction(folder: ModelFolder) -> str:
    """Of the 9B models: https://huggingface.co/black-forest-labs/FLUX.2-klein-9B"""
    large = folder.config("transformer").get("num_attention_heads", 24) > 24
    return "the weights of FLUX.2 klein 9B are for non-commercial use only" if large else ""


def defaults(folder: ModelFolder) -> Defaults:
    """What the model cards recommend."""
    return DISTILLED if folder.index.get("is_distilled") else BASE


def install(denoiser: Any) -> dict[str, Any]:
    """All layers: each is joint attention."""
    from fairy.models.joint import JointAttention, ParallelAttention, install

    return install(
        denoiser,
        lambda layer, _: ParallelAttention(layer) if layer.startswith("single_") else JointAttention(layer),
    )


def multiple(model: Model) -> int:
    """The pixels that a token stands for along each axis: 2 x 2 of the autoencoder's latents."""
    return int(2 ** len(model.vae.config.block_out_channels))


def latent_shape(model: Model, height: int, width: int) -> tuple[int, int, int]:
    """See `Family`."""
    return 4 * model.vae.config.latent_channels, height // multiple(model), width // multiple(model)


def schedule(model: Model, num_steps: int, height: int, width: int) -> Schedule:
    """Shifted by the number of tokens."""
    import numpy as np
    from diffusers.pipelines.flux2.pipeline_flux2_klein import compute_empirical_mu

    mu = compute_empirical_mu(height // multiple(model) * (width // multiple(model)), num_steps)
    sigmas = np.linspace(1.0, 1 / num_steps, num_steps)
    return make_schedule(model, num_steps, lambda scheduler: scheduler.set_timesteps(sigmas=sigmas, mu=mu))


def read(model: Model, instruction: str, height: int, width: int) -> tuple[torch.Tensor, ...]:  # noqa: ARG001
    """(1, T, D) of the instruction and, where the model can be guided, of an empty one."""
    import torch

    from fairy.models.joint import visiting

    layers, length = _reading(model.folder)
    tokenizer, texts = model.tokenizers[0], [instruction] if model.defaults.text_guidance is None else [instruction, ""]
    if model.device.type == "meta":  # the text encoder looks at numbers; here only shapes count
        width = len(layers) * model.text_encoders[0].config.hidden_size
        return tuple(torch.empty(1, length, width, dtype=model.dtype, device=model.device) for _ in texts)
    embeds = []
    with visiting(model.text_encoders[0], model.device) as encoder:
        for text in texts:
            tokens = tokenizer(
                _chat(tokenizer, text), padding="max_length", truncation=True, max_length=length, return_tensors="pt"
            ).to(model.device)
            states = encoder.model(**tokens, output_hidden_states=True, use_cache=False).hidden_states
            embeds.append(torch.cat([states[layer] for layer in layers], dim=-1).to(model.dtype))
    return tuple(embeds)


def dropped_text(model: Model, instruction: str) -> str:
    """The words beyond T tokens."""
    tokenizer = model.tokenizers[0]
    chat = _chat(tokenizer, instruction)
    beyond = tokenizer.decode(tokenizer(chat).input_ids[_reading(model.folder)[1] :])
    tail = chat.rpartition(instruction)[2]
    return "" if tail.endswith(beyond) else beyond.removesuffix(tail).strip()


def look(model: Model, frames: torch.Tensor, instruction: Any) -> torch.Tensor:  # noqa: ARG001  the same for all
    """The source's latents (F, C, h, w)."""
    return encode(model, frames)


def inputs(
    model: Model,
    instruction: Sequence[torch.Tensor],
    seen: torch.Tensor,
    branches: Sequence[int],  # noqa: F811
    settings: EditSettings,  # noqa: ARG001  guidance comes after the denoiser
) -> Inputs:
    """See `Family`."""
    import torch
    import torch.nn.functional as F

    from fairy.models.joint import Inputs, grid, pack

    words = F.pad(torch.arange(instruction[0].shape[1])[:, None], (3, 0))
    pictures = F.pad(torch.cat([grid(time, *seen.shape[2:]) for time in (0, SOURCE_TIME)]), (0, 1))
    places = {"txt_ids": words.to(model.device), "img_ids": pictures.to(model.device)}
    return Inputs({branch: instruction[branch] for branch in branches}, pack(seen), places)


def predict(
    model: Model, latents: torch.Tensor, inputs: Inputs, timestep: torch.Tensor, anchors: Anchors | None
) -> Sequence[torch.Tensor]:
    """See `Family`."""
    from fairy.models import joint

    return joint.predict(model, latents, inputs, timestep, anchors)


def encode(model: Model, frames: torch.Tensor) -> torch.Tensor:
    """2 x 2 of the autoencoder's latents a place, normalized by its statistics."""
    from fairy.models.joint import fold

    latents = model.vae.encode(frames.to(model.device, model.vae.dtype)).latent_dist.mode()
    mean, spread = _normalization(model)
    return (fold(latents).float() - mean) / spread


def decode(model: Model, latents: torch.Tensor) -> torch.Tensor:
    """`encode` undone."""
    from fairy.models.joint import unfold

    mean, spread = _normalization(model)
    unscaled = unfold(latents * spread + mean).to(model.vae.dtype)
    return model.vae.decode(unscaled, return_dict=False)[0].float().clamp(-1, 1)


def _normalization(model: Model) -> tuple[torch.Tensor, torch.Tensor]:
    """Mean and spread of the latents, float32 (C, 1, 1)."""
    statistics = model.vae.bn
    spread = (statistics.running_var.float() + model.vae.config.batch_norm_eps).sqrt()
    return statistics.running_mean.float().view(-1, 1, 1), spread.view(-1, 1, 1)


def _reading(folder: ModelFolder) -> tuple[tuple[int, ...], int]:
    """Which hidden states of the text encoder are read, and of how many tokens."""
    traits = folder.traits
    return tuple(traits.get("text_layers", TEXT_LAYERS)), traits.get("text_length", TEXT_LENGTH)


def _chat(tokenizer: Any, text: str) -> str:
    """An instruction as the text encoder was trained to be addressed."""
    return str(
        tokenizer.apply_chat_template(
            [{"role": "user", "content": text}], tokenize=False, add_generation_prompt=True, enable_thinking=False
        )
    )
