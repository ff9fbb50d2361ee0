"""Figures of matplotlib, without its windows: the only file of the laboratory that imports it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from fairy.disk.whole import save_png
from fairy.errors import MissingPackageError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLOURS = (BLUE, ORANGE, GREEN, VIOLET, ROSE, SLATE, YELLOW, GREY) = (
    *("#2f6db5", "#c2410c", "#5aa469", "#8e6bbf", "#b0646b", "#64748b", "#fbbf24", "#b9bcc4"),
)
INK, FAINT = "#222222", "#777777"


def check_matplotlib() -> None:
    """MissingPackageError where it is not installed: to be called before long work."""
    try:
        import matplotlib.figure  # noqa: F401
    except ImportError as error:
        raise MissingPackageError("the plots need Matplotlib: pip install 'fairy-video[eval]'") from error


def new_figure(width: float, height: float, title: str = "") -> Figure:
    """An empty figure, in inches. MissingPackageError without Matplotlib."""
    check_matplotlib()
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), dpi=110, layout="constrained")
    if title:
        figure.suptitle(title, fontsize=11)
    return figure


def new_panels(count: int, columns: int, size: tuple[float, float], title: str = "") -> tuple[Figure, list[Any]]:
    """A figure of `count` panels of so many inches, up to `columns` in a line; axes that are left over are not seen."""
    columns = max(1, min(count, columns))
    lines = max(1, -(-count // columns))
    figure = new_figure(size[0] * columns, size[1] * lines + 0.5, title)
    axes = list(figure.subplots(lines, columns, squeeze=False).flat)
    for axis in axes[count:]:
        axis.set_visible(False)
    return figure, axes[:count]


def tidy(axis: Any, title: str, *, grid: str = "", size: int = 8) -> None:
    """A title on the left, small figures, and a faint grid along the axis that is named."""
    axis.set_title(title, loc="left", fontsize=size + 1)
    axis.tick_params(labelsize=size)
    axis.spines[["top", "right"]].set_visible(False)
    if grid:
        axis.grid(axis=grid, alpha=0.25)
        axis.set_axisbelow(True)


def save_figure(figure: Figure, path: Path) -> None:
    """As a PNG, whole or not at all."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    save_png(path, np.asarray(canvas.buffer_rgba())[..., :3])
