"""Models: load a diffusers folder or hub id into one frozen bundle, and everything that is asked of it.

The names are imported when they are first used, so that listing models does not wait for torch.
"""

from typing import TYPE_CHECKING

from fairy.lazy import lazy_names

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
    from fairy.models.loading import load_wanted as load_wanted
    from fairy.models.schedulers import make_scheduler as make_scheduler
    from fairy.models.text import Conditioning as Conditioning
    from fairy.models.text import dropped_text as dropped_text
    from fairy.models.text import encode_instruction as encode_instruction

__getattr__ = lazy_names(
    __name__,
    {
        "bundle": "Model",
        "catalog": "ModelEntry list_models",
        "defaults": "Defaults",
        "denoiser": "predict_noise",
        "folder": "fingerprint",
        "latents": "decode_latents encode_edited encode_frames latent_shape",
        "loading": "load load_wanted",
        "schedulers": "make_scheduler",
        "text": "Conditioning dropped_text encode_instruction",
    },
)
