"""The training loop of the embedded models, on accelerate: any number of processes, resumable to the same losses.

Everything random in a step comes from the seed, the step and the process, so a checkpoint needs no generator's state.
B samples, C latent channels, h x w latents, T tokens.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import torch
from accelerate import Accelerator
from diffusers import UNet2DConditionModel
from diffusers.training_utils import EMAModel
from torch import nn
from transformers import CLIPTextModel

from fairy.lab.embedded.data import Batch, Latents, find_changes
from fairy.lab.embedded.recipe import Recipe
from fairy.lab.embedded.unet import build_scheduler
from fairy.lab.training.trainee import without_self_attention

LOG_EVERY = 50
NOISE_RANGES = {"loss": (0, 1000), "low": (0, 500), "middle": (500, 850), "high": (850, 1000)}


class Trained(Protocol):
    """What the loop asks of the module that it trains."""

    def make_sample(self, batch: Batch, empty: torch.Tensor, recipe: Recipe, generator: torch.Generator) -> Sample:
        """Add noise. `empty`: token ids (T,) of the empty instruction."""

    def __call__(
        self, noisy: torch.Tensor, source: torch.Tensor, timesteps: torch.Tensor, tokens: torch.Tensor
    ) -> torch.Tensor:
        """Latents (B, C, h, w) twice, timesteps (B,), token ids (B, T) -> the prediction (B, C, h, w)."""

    def without_attention(self) -> AbstractContextManager[None]:
        """Within it, attention adds nothing."""


class Editor(nn.Module):
    """The two parts of the UNet's kind that are trained together."""

    def __init__(self, unet: UNet2DConditionModel, text_encoder: CLIPTextModel) -> None:
        super().__init__()
        self.unet = unet
        self.text_encoder = text_encoder

    def forward(
        self, noisy: torch.Tensor, source: torch.Tensor, timesteps: torch.Tensor, tokens: torch.Tensor
    ) -> torch.Tensor:
        """Latents (B, C, h, w) twice, timesteps (B,), token ids (B, T) -> predicted v (B, C, h, w)."""
        text = self.text_encoder(tokens).last_hidden_state
        joined = torch.cat([noisy, source], dim=1).contiguous(memory_format=torch.channels_last)
        return self.unet(joined, timesteps, text).sample

    def make_sample(self, batch: Batch, empty: torch.Tensor, recipe: Recipe, generator: torch.Generator) -> Sample:
        """See `Trained`."""
        return make_sample(batch, empty, recipe, generator)

    def without_attention(self) -> AbstractContextManager[None]:
        """Without self-attention."""
        return without_self_attention(self.unet)


@dataclass(frozen=True)
class Sample:
    """What the denoiser sees and what it should say."""

    noisy: torch.Tensor
    source: torch.Tensor
    timesteps: torch.Tensor
    tokens: torch.Tensor
    target: torch.Tensor
    weight: torch.Tensor
    """Of each token in the loss: (B, 1, h, w), with mean 1 for each sample."""


def make_sample(batch: Batch, empty: torch.Tensor, recipe: Recipe, generator: torch.Generator) -> Sample:
    """Add noise, and drop conditions as InstructPix2Pix does. `empty`: token ids (T,) of the empty instruction."""
    count = len(batch.source)
    uniform = torch.rand(count, generator=generator)
    timesteps = (999 - 1000 * uniform**recipe.noise_bias).clamp(min=0).round().long()
    alpha = build_scheduler().alphas_cumprod[timesteps].float().view(-1, 1, 1, 1)
    noise = torch.randn(batch.edited.shape, generator=generator)
    noisy = alpha.sqrt() * batch.edited + (1 - alpha).sqrt() * noise
    target = alpha.sqrt() * noise - (1 - alpha).sqrt() * batch.edited
    chance = torch.rand(count, generator=generator)
    no_text = (chance < recipe.drop_text + recipe.drop_both)[:, None]
    no_image = (chance >= recipe.drop_text) & (chance < recipe.drop_text + recipe.drop_both + recipe.drop_image)
    tokens = torch.where(no_text, empty, batch.tokens)
    source = batch.source * ~no_image[:, None, None, None]
    return Sample(noisy, source, timesteps, tokens, target, weigh(batch, recipe))


def weigh(batch: Batch, recipe: Recipe) -> torch.Tensor:
    """`Sample.weight`."""
    weight = 1 + (recipe.focus - 1) * (find_changes(batch) | batch.objects)
    return weight / weight.mean((1, 2, 3), keepdim=True)


class Trainer:
    """Model, optimizer and moving average, with their checkpoint in `folder`."""

    def __init__(self, recipe: Recipe, editor: nn.Module, latents: Latents, empty: torch.Tensor, folder: Path) -> None:
        self.accelerator = Accelerator(cpu=not torch.cuda.is_available(), mixed_precision="bf16")
        self.recipe, self.latents, self.empty, self.folder = recipe, latents, empty, folder
        optimizers = make_optimizers(editor, recipe)
        self.editor, *self.optimizers = self.accelerator.prepare(editor, *optimizers)
        self.rates = [optimizer.param_groups[0]["lr"] for optimizer in optimizers]
        self.average = EMAModel(editor.parameters(), decay=recipe.ema_decay)
        self.step = 0

    def run(self, until: int, *, save_every: int = 500) -> Iterator[float]:
        """Train up to step `until`; yields every step's loss. Saves every `save_every` steps and at the end."""
        start, totals = time.monotonic(), _Totals()
        while self.step < until:
            losses, timesteps = self._one_step()
            self.step += 1
            totals.add(losses, timesteps)
            if self.step % LOG_EVERY == 0:
                self._log(totals, time.monotonic() - start)
                totals = _Totals()
            if self.step % save_every == 0 or self.step == until:
                self.save()
            yield losses.mean().item()

    def save(self) -> None:
        if self.accelerator.is_main_process:
            state = {
                "step": self.step,
                "editor": self._bare.state_dict(),
                "optimizers": [optimizer.state_dict() for optimizer in self.optimizers],
                "average": self.average.state_dict(),
            }
            self.folder.mkdir(parents=True, exist_ok=True)
            torch.save(state, self.checkpoint.with_suffix(".part"))
            self.checkpoint.with_suffix(".part").rename(self.checkpoint)

    def resume(self) -> None:
        """Go on from the checkpoint."""
        state = torch.load(self.checkpoint, weights_only=True, mmap=True)
        self.step = state["step"]
        self._bare.load_state_dict(state["editor"])
        for optimizer, saved in zip(self.optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(saved)
        self.average.load_state_dict(state["average"])

    @property
    def checkpoint(self) -> Path:
        return self.folder / "checkpoint.pt"

    @property
    def _bare(self) -> Any:
        return self.accelerator.unwrap_model(self.editor)

    def _one_step(self) -> tuple[torch.Tensor, torch.Tensor]:
        recipe, process = self.recipe, self.accelerator.process_index
        generator = torch.Generator().manual_seed((recipe.seed * 1_000_003 + self.step) * 64 + process)
        sample = self._bare.make_sample(self.latents.draw(self.step, process), self.empty, recipe, generator)
        device = self.accelerator.device
        for optimizer, rate in zip(self.optimizers, self.rates, strict=True):
            for group in optimizer.param_groups:
                group["lr"] = rate * recipe.rate_share_at(self.step)
        arguments = (sample.noisy, sample.source, sample.timesteps, sample.tokens)
        predicted = self.editor(*(argument.to(device) for argument in arguments)).float()
        errors = (predicted - sample.target.to(device)).square()
        losses = (errors * sample.weight.to(device)).mean((1, 2, 3))
        self.accelerator.backward(losses.mean())
        self.accelerator.clip_grad_norm_(self.editor.parameters(), 1.0)
        for optimizer in self.optimizers:
            optimizer.step()
            optimizer.zero_grad()
        self.average.step(self._bare.parameters())
        return losses.detach().cpu(), sample.timesteps

    def _log(self, totals: _Totals, seconds: float) -> None:
        if not self.accelerator.is_main_process:
            return
        batch = self.latents.draw(0, 10**6)
        generator = torch.Generator().manual_seed(0)
        share = attention_share(self._bare, self._bare.make_sample(batch, self.empty, self.recipe, generator))
        line = {
            "step": self.step,
            "samples": self.step * self.recipe.batch * self.accelerator.num_processes,
            "seconds": round(seconds, 1),
            **totals.means(),
            "attention_share": round(share, 3),
        }
        with (self.folder / "losses.jsonl").open("a") as log:
            log.write(json.dumps(line) + "\n")


class _Totals:
    """Mean loss, overall and in three ranges of noise."""

    def __init__(self) -> None:
        self.losses: list[torch.Tensor] = []
        self.timesteps: list[torch.Tensor] = []

    def add(self, losses: torch.Tensor, timesteps: torch.Tensor) -> None:
        self.losses.append(losses)
        self.timesteps.append(timesteps)

    def means(self) -> dict[str, float]:
        losses, timesteps = torch.cat(self.losses), torch.cat(self.timesteps)
        chosen = {name: (timesteps >= low) & (timesteps < high) for name, (low, high) in NOISE_RANGES.items()}
        return {name: round(losses[mask].mean().item(), 4) for name, mask in chosen.items()}


def make_optimizers(editor: nn.Module, recipe: Recipe) -> list[torch.optim.Optimizer]:
    """AdamW, and Muon for the matrices of a transformer's blocks where the recipe gives them a rate of their own."""
    named = list(editor.named_parameters())
    matrices = [
        weight for name, weight in named if recipe.matrix_rate and "transformer_blocks" in name and weight.ndim == 2
    ]
    others = [weight for _, weight in named if not any(weight is matrix for matrix in matrices)]
    optimizers: list[torch.optim.Optimizer] = [
        torch.optim.AdamW(others, lr=recipe.learning_rate, betas=(0.9, 0.99), weight_decay=recipe.weight_decay)
    ]
    if matrices:
        muon = torch.optim.Muon(
            matrices, lr=recipe.matrix_rate, weight_decay=recipe.weight_decay, adjust_lr_fn="match_rms_adamw"
        )
        optimizers.append(muon)
    return optimizers


@torch.no_grad()
def attention_share(editor: Any, sample: Sample) -> float:
    """How much of a `Trained`'s output attention decides: |with - without| / |with|."""
    arguments = (sample.noisy, sample.source, sample.timesteps, sample.tokens)
    device = next(editor.parameters()).device
    inputs = [argument.to(device) for argument in arguments]
    full = editor(*inputs)
    with editor.without_attention():
        without = editor(*inputs)
    return ((full - without).norm() / full.norm()).item()
