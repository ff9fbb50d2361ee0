"""Settings that belong to a model and travel with it, in a file `fairy.json` in its folder. No torch is imported here.

A folder without that file gets what its family's model card recommends.
"""

import json
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from fairy.errors import ModelError

FILE_NAME = "fairy.json"


@dataclass(frozen=True)
class Defaults:
    """What an edit uses where the user says nothing."""

    long_side: int = 512  # pixels of the edited picture's longer side
    num_steps: int = 10  # denoising steps
    text_guidance: float = 7.5  # how strongly the instruction is followed
    image_guidance: float = 1.5  # how strongly the source is kept
    scheduler: str = "EulerAncestralDiscreteScheduler"  # a class of diffusers


# https://huggingface.co/diffusers/sdxl-instructpix2pix-768: 768 pixels, guidance 3.0 and 1.5, 30 steps.
SDXL = Defaults(long_side=768, num_steps=30, text_guidance=3.0)
# https://huggingface.co/spaces/multimodalart/cosxl: 1024 pixels, 20 steps, guidance 7 and 1.5. The noise schedule is
# continuous, and of diffusers' schedulers only the EDM ones know it.
COSXL = Defaults(long_side=1024, num_steps=20, text_guidance=7.0, scheduler="EDMEulerScheduler")


def read_defaults(folder: Path, family: Defaults) -> Defaults:
    """The model's own defaults: those in `folder`/fairy.json, and `family`'s for what the file leaves out."""
    path = folder / FILE_NAME
    if not path.is_file():
        return family
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ModelError(f"{path} is not JSON: {error}.") from error
    return replace(family, **_checked(values, path))


def _checked(values: object, path: Path) -> dict[str, Any]:
    kinds = {field.name: type(field.default) for field in fields(Defaults)}
    if not isinstance(values, dict):
        raise ModelError(f"{path} must hold one object with some of {', '.join(kinds)}.")
    for name, value in values.items():
        if name not in kinds:
            raise ModelError(f"{path} has an unknown entry {name!r}. Known are {', '.join(kinds)}.")
        accepted = (int, float) if kinds[name] is float else (kinds[name],)
        if isinstance(value, bool) or not isinstance(value, accepted):
            raise ModelError(f"{path}: {name} must be of type {kinds[name].__name__}, not {value!r}.")
    return values
