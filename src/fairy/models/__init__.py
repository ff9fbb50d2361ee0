"""Models: load a diffusers folder or hub id into one frozen bundle, and everything that is asked of it.

The names are imported when they are first used, so that listing models does not wait for torch.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fairy.models.bundle import Model as Model
    from fairy.models.catalog import ModelEntry as ModelEntry
    from fairy.models.catalog import list_models as list_models
    from fairy.models.defaults import Defaults as Defaults
    from fairy.models.denoiser import predict_noise as predict_noise
    from fairy.models.folder import fingerprint as fingerprint
    from fairy.models.latents import decode_latents as decode_latents
    from fairy.models.latents import encode_edited as encode_edited
    from fairy.models.latents import encode_frames as encode_frames
    from fairy.models.latents import latent_shape as latent_shape
    from fairy.models.loading import load as load
    from fairy.models.schedulers import make_scheduler as make_scheduler
    from fairy.models.text import Conditioning as Conditioning
    from fairy.models.text import dropped_text as dropped_text
    from fairy.models.text import encode_instruction as encode_instruction

MODULES = {
    "Conditioning": "text",
    "Defaults": "defaults",
    "Model": "bundle",
    "ModelEntry": "catalog",
    "decode_latents": "latents",
    "dropped_text": "text",
    "encode_edited": "latents",
    "encode_frames": "latents",
    "encode_instruction": "text",
    "fingerprint": "folder",
    "latent_shape": "latents",
    "list_models": "catalog",
    "load": "loading",
    "make_scheduler": "schedulers",
    "predict_noise": "denoiser",
}


def __getattr__(name: str) -> Any:
    if name not in MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{MODULES[name]}"), name)
