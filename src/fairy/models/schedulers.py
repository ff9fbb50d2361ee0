"""Noise schedulers of diffusers by name."""

from typing import Any

import diffusers

from fairy.errors import UsageError

# Short forms, as the samplers are called elsewhere. All of these take the same configuration.
FLOW = "FlowMatchEulerDiscreteScheduler"
"""Of the models that match flows: they take no other."""
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
    if class_name == FLOW:
        return getattr(diffusers, FLOW)
    if class_name not in NAMES.values():
        raise UsageError(
            f"--scheduler {name}: unknown. Accepted are {', '.join(NAMES)} and their names in diffusers, such as "
            "EulerAncestralDiscreteScheduler."
        )
    return getattr(diffusers, class_name)
