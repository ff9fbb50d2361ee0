"""What families that match flows and attend jointly have in common, in the form of `Family`. No torch at import.

Two guidance branches: 0 the instruction, 1 none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from fairy.errors import UsageError
from fairy.models.schedulers import FLOW

if TYPE_CHECKING:
    import torch

    from fairy.config import EditSettings
    from fairy.models.bundle import Model
    from fairy.models.schedules import Flow


def prepare(model: Model) -> None:
    """Refuse options that do not go; on the CPU, align the weights."""
    from fairy.models.joint import align

    if type(model.scheduler).__name__ != FLOW:
        raise UsageError(
            f"--scheduler {model.config.scheduler}: {model.name} matches flows and takes {FLOW} alone; leave it out"
        )
    if model.decoder is not None:
        raise UsageError(f"--decoder {model.config.decoder}: there is none for {model.name}; leave it out")
    if model.device.type == "cpu":
        for part in model.parts:
            align(part)


def pipeline(model: Model) -> Any:
    """The stock one, of the model's own kind."""
    import diffusers

    parts = {model.folder.denoiser: model.denoiser, "vae": model.vae, "scheduler": model.scheduler}
    parts |= dict(zip(model.folder.text_encoders, model.text_encoders, strict=True))
    parts |= dict(zip(model.folder.tokenizers, model.tokenizers, strict=True))
    return getattr(diffusers, model.folder.index["_class_name"])(**parts)


def branches(model: Model, settings: EditSettings, step: int) -> tuple[int, ...]:  # noqa: ARG001  all models alike
    """Those that have weight in `guide`. A model without guidance is edited with a scale of 1."""
    if not settings.is_guided(step) or settings.text_guidance == 1.0:
        return (0,)
    return (0, 1) if settings.text_guidance else (1,)


def guide(model: Model, predicted: Mapping[int, torch.Tensor], settings: EditSettings) -> torch.Tensor:  # noqa: ARG001
    """Classifier-free guidance (arXiv 2207.12598)."""
    if len(predicted) == 1:
        return next(iter(predicted.values()))
    return predicted[1] + settings.text_guidance * (predicted[0] - predicted[1])


def shifted_schedule(model: Model, num_steps: int, num_tokens: int) -> Flow:
    """One whose noise levels are shifted by the number of noisy tokens, as its scheduler's configuration says."""
    import numpy as np
    from diffusers.pipelines.flux.pipeline_flux_kontext import calculate_shift

    names = {"base_image_seq_len": 256, "max_image_seq_len": 4096, "base_shift": 0.5, "max_shift": 1.15}
    mu = calculate_shift(num_tokens, *(model.scheduler.config.get(name, value) for name, value in names.items()))
    sigmas = np.linspace(1.0, 1 / num_steps, num_steps)
    return make_schedule(model, num_steps, lambda scheduler: scheduler.set_timesteps(sigmas=sigmas, mu=mu))


def make_schedule(model: Model, num_steps: int, set_timesteps: Callable[[Any], None]) -> Flow:
    """A fresh one for one trajectory."""
    from fairy.models.schedules import Flow, fresh

    return Flow(fresh(model.scheduler, num_steps, set_timesteps))
