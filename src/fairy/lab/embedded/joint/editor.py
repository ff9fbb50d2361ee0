"""The joint-attention editor as it is trained: transformer and text encoder, by flow matching (arXiv 2210.02747).

B samples, T tokens of text, latents (B, C, h, w) of 8 x 8 patches; a token of the transformer is 2 x 2 of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
import torch.nn.functional as F
from diffusers import FlowMatchEulerDiscreteScheduler, Flux2Transformer2DModel
from torch import nn
from transformers import PreTrainedTokenizerBase, Qwen3ForCausalLM

from fairy.lab.embedded.data import Batch
from fairy.lab.embedded.joint.recipe import JointRecipe
from fairy.lab.embedded.joint.text import build_text_encoder
from fairy.lab.embedded.loop import Sample, weigh
from fairy.models.families.flux2 import SOURCE_TIME
from fairy.models.joint import fold, grid, pack, unfold, unpack


class JointEditor(nn.Module):
    """A `Trained`."""

    def __init__(self, transformer: Flux2Transformer2DModel, text_encoder: Qwen3ForCausalLM, padding: int) -> None:
        super().__init__()
        self.transformer = transformer
        self.text_encoder = text_encoder
        self.padding = padding

    def forward(
        self, noisy: torch.Tensor, source: torch.Tensor, timesteps: torch.Tensor, tokens: torch.Tensor
    ) -> torch.Tensor:
        """Latents (B, C, h, w) twice, timesteps 1000 sigma (B,), token ids (B, T) -> the velocity (B, C, h, w)."""
        encoded = self.text_encoder.model(tokens, (tokens != self.padding).long(), output_hidden_states=True)
        text = torch.cat(encoded.hidden_states[1:], dim=-1)
        target = fold(noisy)
        pictures = torch.cat([pack(target), pack(fold(source))], dim=1)
        places = torch.cat([grid(time, *target.shape[2:]) for time in (0, SOURCE_TIME)])
        predicted = self.transformer(
            hidden_states=pictures,
            timestep=timesteps / 1000,
            encoder_hidden_states=text,
            img_ids=F.pad(places, (0, 1)).to(noisy.device),
            txt_ids=F.pad(torch.arange(text.shape[1])[:, None], (3, 0)).to(noisy.device),
            return_dict=False,
        )[0]
        return unfold(unpack(predicted[:, : pictures.shape[1] // 2], target))

    def make_sample(
        self,
        batch: Batch,
        empty: torch.Tensor,  # noqa: ARG002  no instruction is dropped, for there is no guidance
        recipe: Any,
        generator: torch.Generator,
    ) -> Sample:
        """See `Trained`."""
        uniform = torch.rand(len(batch.source), generator=generator)
        sigma = recipe.noise_shift * uniform / (1 + (recipe.noise_shift - 1) * uniform)
        noise = torch.randn(batch.edited.shape, generator=generator)
        noisy = torch.lerp(batch.edited, noise, sigma.view(-1, 1, 1, 1))
        return Sample(noisy, batch.source, 1000 * sigma, batch.tokens, noise - batch.edited, weigh(batch, recipe))

    @contextmanager
    def without_attention(self) -> Iterator[None]:
        """Every value that attention could carry is zero."""
        handles = [
            getattr(module, name).register_forward_hook(_silence(module))
            for module in self.transformer.modules()
            for name in ("to_v", "add_v_proj", "to_qkv_mlp_proj")
            if hasattr(module, name)
        ]
        try:
            yield
        finally:
            for handle in handles:
                handle.remove()


def build_editor(tokenizer: PreTrainedTokenizerBase, recipe: JointRecipe) -> JointEditor:
    """The untrained editor of the recipe's seed."""
    torch.manual_seed(recipe.seed)
    transformer = Flux2Transformer2DModel(
        in_channels=4 * recipe.latent_channels,
        num_layers=recipe.double_blocks,
        num_single_layers=recipe.single_blocks,
        num_attention_heads=recipe.heads,
        attention_head_dim=recipe.head_width,
        joint_attention_dim=recipe.text_layers * recipe.text_width,
        timestep_guidance_channels=64,
        axes_dims_rope=(recipe.head_width // 4,) * 4,
        guidance_embeds=False,
    )
    return JointEditor(transformer, build_text_encoder(tokenizer, recipe), tokenizer.pad_token_id)


def build_scheduler() -> FlowMatchEulerDiscreteScheduler:
    """As klein's: the noise levels are shifted by the number of tokens."""
    return FlowMatchEulerDiscreteScheduler(use_dynamic_shifting=True, shift=3.0)


def _silence(attention: Any) -> Any:
    """A hook for a projection to values; of a fused one it clears the third part of queries, keys and values."""

    def clear(module: nn.Module, _inputs: Any, output: torch.Tensor) -> torch.Tensor:
        if module is not getattr(attention, "to_qkv_mlp_proj", None):
            return torch.zeros_like(output)
        output = output.clone()
        output[..., 2 * attention.inner_dim : 3 * attention.inner_dim] = 0
        return output

    return clear
