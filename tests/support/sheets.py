"""Finding pictures in a sheet of pictures."""

from pathlib import Path

import numpy as np
from PIL import Image


def places(sheet: Path, picture: np.ndarray) -> list[tuple[int, int]]:
    """(row, column) of every exact occurrence of a picture in a sheet."""
    whole = np.asarray(Image.open(sheet))
    height, width = picture.shape[:2]
    corners = np.argwhere((whole[: -height + 1, : -width + 1] == picture[0, 0]).all(axis=2))
    return [(y, x) for y, x in corners.tolist() if (whole[y : y + height, x : x + width] == picture).all()]
