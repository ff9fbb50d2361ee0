"""The model as it is trained: which parts learn, how it is called, what it should say.

B samples, C latent channels, h x w latents, T tokens, D channels of text.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from diffusers import AutoencoderKL, AutoencoderTiny, DDPMScheduler, UNet2DConditionModel
from diffusers.models.autoencoders.autoencoder_tiny import AutoencoderTinyOutput
from torch import nn
from torch.nn import functional

from fairy.errors import ModelError, UsageError
from fairy.lab.training.examples import Batch, Latent
from fairy.lab.training.settings import TrainConfig
from fairy.models import Model, load
from fairy.models.families.instruct_pix2pix.latents import encode_edited, encode_frames
from fairy.models.quiet import quiet_libraries

DTYPES = {"no": torch.float32, "fp16": torch.float16, "bf16": torch.bfloat16}
PREDICTIONS = ("epsilon", "v_prediction")
PICTURES_AT_A_TIME = 16
"""That the autoencoder encodes: its activations at full resolution take more memory than the denoiser's."""


@dataclass(frozen=True)
class Inputs:
    """What the denoiser sees, and what it should say."""

    noisy: torch.Tensor
    """float32 (B, C, h, w), as are `source` and `target`."""
    source: torch.Tensor
    timesteps: torch.Tensor
    """int64 (B,)."""
    text: torch.Tensor
    """Token ids (B, T) where the text encoder learns, else its output (B, T, D)."""
    target: torch.Tensor
    weight: torch.Tensor
    """float32 (B, 1, h, w), mean 1 for each sample."""
    added: dict[str, torch.Tensor] = field(default_factory=dict)
    """SDXL: text_embeds (B, P) and time_ids (B, 6)."""

    @property
    def seen(self) -> tuple[Any, ...]:
        """The arguments of `Trainee`."""
        return self.noisy, self.source, self.timesteps, self.text, self.added


class Trainee(nn.Module):
    """The parts that learn, as one module: the denoiser, and the text encoder where it learns, too."""

    def __init__(self, unet: nn.Module, text_encoder: nn.Module | None) -> None:
        super().__init__()
        self.unet = unet
        self.text_encoder = text_encoder

    def forward(
        self,
        noisy: torch.Tensor,
        source: torch.Tensor,
        timesteps: torch.Tensor,
        text: torch.Tensor,
        added: dict[str, torch.Tensor],
    ) -> torch.Tensor:
        """`Inputs.seen` -> the prediction, (B, C, h, w)."""
        if self.text_encoder is not None:
            text = self.text_encoder(text).last_hidden_state
        joined = torch.cat([noisy, source], dim=1).contiguous(memory_format=torch.channels_last)
        return self.unet(joined, timesteps, text, added_cond_kwargs=added, return_dict=False)[0]


def load_model(config: TrainConfig, device: torch.device) -> Model:
    """The model to begin with. The weights that learn are float32; those beneath a LoRA are in the format of the
    forward passes, as is the autoencoder on a GPU. UsageError or ModelError where it cannot be trained as asked."""
    half = DTYPES[config.mixed_precision]
    name = str(device) if device.type == "cuda" else device.type  # accelerate numbers processors, too
    model = load(config.model, device=name, dtype=half if config.lora_rank else torch.float32)
    if device.type != "cpu" and isinstance(model.vae, AutoencoderKL) and not model.vae.config.get("force_upcast"):
        model.vae.to(half)
    if model.folder.index.get("is_cosxl_edit"):
        raise ModelError(f"{model.name} is a CosXL model, whose noise is continuous; fairy train knows steps only.")
    if config.train_text_encoder and len(model.text_encoders) > 1:
        raise UsageError(f"--train-text-encoder: {model.name} has two text encoders, which stay as they are.")
    for width, height in config.sizes:
        if width % model.multiple or height % model.multiple:
            raise UsageError(f"--size {width}x{height}: {model.name} takes multiples of {model.multiple} only.")
    return model


def make_trainee(model: Model, config: TrainConfig) -> Trainee:
    """Let the parts learn that the config names, and return them."""
    encoder = model.text_encoders[0] if config.train_text_encoder else None
    if config.lora_rank:
        with quiet_libraries():  # which miss torchvision, needlessly
            from fairy.lab.training.adapters import add_adapters
        add_adapters([part for part in (model.denoiser, encoder) if part is not None], config)
    else:
        for part in (model.denoiser, encoder):
            if part is not None:
                part.requires_grad_(True)
    if config.gradient_checkpointing:
        model.denoiser.enable_gradient_checkpointing()
    model.denoiser.to(memory_format=torch.channels_last)
    # Models of this family have no dropout at work. Without train(), a step draws no random numbers for sure.
    return Trainee(model.denoiser, encoder)


class Teacher:
    """Makes the denoiser's inputs and targets from batches, with the parts of the model that do not learn."""

    def __init__(self, model: Model, *, learns_text: bool) -> None:
        self.learns_text = learns_text
        self.model = replace(model, vae=LinearEncoder.of(model) or model.vae)
        self.noise = noise_schedule(model)

    @property
    def latent(self) -> Latent:
        """Of the model's autoencoder."""
        return Latent(self.model.vae.config.latent_channels, self.model.multiple)

    @torch.no_grad()
    def __call__(self, batch: Batch) -> Inputs:
        """Encode, add noise, leave out what is dropped."""
        batch = batch.to(self.model.device)
        source = self._encode(batch.source, encode_frames) * batch.keeps_image
        clean = self._encode(batch.edited, encode_edited)
        predicts_noise = self.noise.config.prediction_type == "epsilon"
        text, added = self.encode_text(batch.instructions, *batch.source.shape[2:])
        return Inputs(
            noisy=self.noise.add_noise(clean, batch.noise, batch.timesteps),
            source=source,
            timesteps=batch.timesteps,
            text=text,
            target=batch.noise if predicts_noise else self.noise.get_velocity(clean, batch.noise, batch.timesteps),
            weight=batch.weight,
            added=added,
        )

    def encode_text(
        self, instructions: list[str], height: int, width: int
    ) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        """What `fairy.models.text` makes of each instruction, for a batch; token ids where the text encoder learns."""
        model = self.model
        tokens = [tokenize(tokenizer, instructions).to(model.device) for tokenizer in model.tokenizers]
        if self.learns_text:
            return tokens[0], {}
        if len(tokens) == 1:
            return model.text_encoders[0](tokens[0]).last_hidden_state, {}
        outputs = [
            encoder(ids, output_hidden_states=True) for encoder, ids in zip(model.text_encoders, tokens, strict=True)
        ]
        text, pooled = torch.cat([output.hidden_states[-2] for output in outputs], dim=-1), outputs[-1].text_embeds
        if len(model.text_encoders) == 2 and model.folder.index.get("force_zeros_for_empty_prompt", True):
            said = torch.tensor([bool(instruction) for instruction in instructions], device=model.device)
            text, pooled = text * said[:, None, None], pooled * said[:, None]
        sizes = torch.tensor([[height, width, 0, 0, height, width]], dtype=text.dtype, device=model.device)
        return text, {"text_embeds": pooled, "time_ids": sizes.expand(len(instructions), -1)}

    def _encode(self, pictures: torch.Tensor, encode: Any) -> torch.Tensor:
        """uint8 (B, 3, H, W) -> float32 (B, C, h, w)."""
        parts = pictures.split(PICTURES_AT_A_TIME)
        return torch.cat([encode(self.model, part.float().div(127.5).sub(1.0)) for part in parts])


def loss_of(predicted: torch.Tensor, inputs: Inputs) -> torch.Tensor:
    """Squared error, weighed by place, on the mean of samples: a number."""
    return ((predicted.float() - inputs.target).square() * inputs.weight).mean()


def noise_schedule(model: Model) -> DDPMScheduler:
    """The noise that the model's own scheduler removes, zero signal at the last step included, to be added."""
    with quiet_libraries():  # which say that entries for sampling mean nothing here
        schedule = DDPMScheduler.from_config(model.scheduler.config)
    if schedule.config.prediction_type not in PREDICTIONS:
        raise ModelError(
            f"{model.name} predicts {schedule.config.prediction_type}; fairy train knows {' and '.join(PREDICTIONS)}."
        )
    return schedule


def tokenize(tokenizer: Any, instructions: list[str]) -> torch.Tensor:
    """Token ids (B, T), padded and cut as diffusers does it."""
    length = tokenizer.model_max_length
    encoded = tokenizer(instructions, padding="max_length", max_length=length, truncation=True, return_tensors="pt")
    return encoded.input_ids


class LinearEncoder(nn.Module):
    """An autoencoder's encoder that is one linear map of each patch, as that matrix: a hundredth of the operations.

    The embedded model's is such a one, written as four convolutions because diffusers knows no other form.
    """

    weight: torch.Tensor
    """(C, 3, multiple, multiple)."""
    bias: torch.Tensor
    """(C,)."""

    def __init__(self, vae: AutoencoderTiny, weight: torch.Tensor, bias: torch.Tensor) -> None:
        super().__init__()
        self.config = vae.config
        self.register_buffer("weight", weight)
        self.register_buffer("bias", bias)

    @property
    def dtype(self) -> torch.dtype:
        """That pictures must have."""
        return self.weight.dtype

    def encode(self, pictures: torch.Tensor) -> AutoencoderTinyOutput:
        """(N, 3, H, W) in -1..1 -> latents (N, C, h, w)."""
        patch = self.weight.shape[-1]
        return AutoencoderTinyOutput(latents=functional.conv2d(pictures, self.weight, self.bias, stride=patch))

    @classmethod
    @torch.no_grad()
    def of(cls, model: Model) -> LinearEncoder | None:
        """The matrix of the model's encoder; None where it is no such map."""
        vae, patch = model.vae, model.multiple
        if not isinstance(vae, AutoencoderTiny) or vae.dtype != torch.float32:
            return None
        if not all(isinstance(layer, nn.Conv2d) for layer in vae.encoder.layers):
            return None
        basis = torch.eye(3 * patch**2, device=model.device).view(-1, 3, patch, patch)
        bias = vae.encode(torch.zeros_like(basis[:1])).latents[0, :, 0, 0]
        columns = vae.encode(basis).latents[:, :, 0, 0] - bias
        linear = cls(vae, columns.T.reshape(-1, 3, patch, patch).contiguous(), bias)
        trial = torch.rand((1, 3, 4 * patch, 3 * patch), generator=torch.Generator().manual_seed(0)).to(model.device)
        error = (linear.encode(trial).latents - vae.encode(trial).latents).abs().max()
        return linear if error < 1e-4 else None


@contextmanager
def without_self_attention(unet: UNet2DConditionModel) -> Iterator[None]:
    """Every attn1 adds nothing while this is open."""
    layers = [module for name, module in unet.named_modules() if name.endswith("attn1")]
    hooks = [layer.register_forward_hook(lambda _module, _inputs, output: output * 0) for layer in layers]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()
