"""Noise schedulers of diffusers by name, built from a model's own configuration."""

from typing import Any

import diffusers

from fairy.errors import UsageError
from fairy.models.bundle import Model

# Short forms, as the samplers are called elsewhere. All of these take the same configuration.
NAMES = {
    "euler_ancestral": "EulerAncestralDiscreteScheduler",
    "euler": "EulerDiscreteScheduler",
    "ddim": "DDIMScheduler",
    "ddpm": "DDPMScheduler",
    "pndm": "PNDMScheduler",
    "heun": "HeunDiscreteScheduler",
    "dpm2": "KDPM2DiscreteScheduler",
    "dpm2_ancestral": "KDPM2AncestralDiscreteScheduler",
    "dpm++": "DPMSolverMultistepScheduler",
    "dpm++_single": "DPMSolverSinglestepScheduler",
    "deis": "DEISMultistepScheduler",
    "unipc": "UniPCMultistepScheduler",
    "lcm": "LCMScheduler",
    "tcd": "TCDScheduler",
    "edm_euler": "EDMEulerScheduler",
    "edm_dpm++": "EDMDPMSolverMultistepScheduler",
}


def scheduler_class(name: str) -> Any:
    """The class of diffusers that `name` means: its own name or a short form."""
    class_name = NAMES.get(name.lower(), name)
    if class_name not in NAMES.values():
        raise UsageError(
            f"--scheduler {name}: unknown. Accepted are {', '.join(NAMES)} and their names in diffusers, such as "
            "EulerAncestralDiscreteScheduler."
        )
    return getattr(diffusers, class_name)


def make_scheduler(model: Model, num_steps: int) -> Any:
    """A fresh scheduler for one trajectory of `num_steps` steps: schedulers count their steps.

    Its tables and time steps stay on the CPU wherever the model is. They are single numbers, which may be multiplied
    with tensors of any device, and looking one up there never has to wait for the device.
    """
    scheduler = type(model.scheduler).from_config(model.scheduler.config)
    try:
        scheduler.set_timesteps(num_steps)
    except ValueError as error:  # PNDM needs four steps at least, LCM takes fifty at most
        reason = str(error).splitlines()[0].rstrip(".")
        raise UsageError(f"--num-steps {num_steps} does not go with {type(scheduler).__name__}: {reason}.") from error
    return scheduler
