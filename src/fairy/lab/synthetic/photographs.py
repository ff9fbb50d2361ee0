"""Photographs that come inside the wheels of scikit-image, scikit-learn and matplotlib; none is copied here."""

from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from fairy.errors import MissingPackageError

SHORT_SIDE = 400
FILES = {
    "train": (
        ("skimage", "data/astronaut.png"),
        ("skimage", "data/chelsea.png"),
        ("skimage", "data/rocket.jpg"),
        ("skimage", "data/motorcycle_left.png"),
        ("sklearn", "datasets/images/flower.jpg"),
        ("matplotlib", "mpl-data/sample_data/grace_hopper.jpg"),
    ),
    "heldout": (("skimage", "data/coffee.png"), ("sklearn", "datasets/images/china.jpg")),
}


@lru_cache(maxsize=2)
def photographs(split: str = "train") -> tuple[NDArray[np.uint8], ...]:
    """The photographs of a split, uint8 (H, W, 3) RGB, scaled to a short side of 400 pixels."""
    return tuple(_read(package, name) for package, name in FILES[split])


def _read(package: str, name: str) -> NDArray[np.uint8]:
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise MissingPackageError(f"the photographs inside {package} are missing: pip install 'fairy-video[train]'")
    with Image.open(Path(spec.origin).parent / name) as image:
        scale = SHORT_SIDE / min(image.size)
        size = (round(image.width * scale), round(image.height * scale))
        return np.asarray(image.convert("RGB").resize(size, Image.Resampling.LANCZOS))
