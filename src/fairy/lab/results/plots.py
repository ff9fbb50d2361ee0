"""Figures of matplotlib, without its windows."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from fairy.disk.whole import save_png
from fairy.errors import MissingPackageError

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def new_figure(width: float, height: float) -> Figure:
    """An empty figure, in inches."""
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingPackageError("the picture needs matplotlib: pip install 'fairy-video[eval]'") from error
    return Figure(figsize=(width, height), dpi=110, layout="constrained")


def save_figure(figure: Figure, path: Path) -> None:
    """As a PNG, whole or not at all."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    save_png(path, np.asarray(canvas.buffer_rgba())[..., :3])
