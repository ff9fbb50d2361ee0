"""Accuracy over layers and steps as a picture, as in fig. 2 of Fairy (arXiv 2312.13834).

The only file here that imports Matplotlib.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from fairy.errors import MissingPackageError
from fairy.lab.tracking.accuracy import SIDE
from fairy.lab.tracking.tables import SHOWN, Accuracy

if TYPE_CHECKING:
    from matplotlib.axes import Axes

INK, FAINT = "#222222", "#777777"


def draw_accuracy(results: Sequence[tuple[str, Accuracy]]) -> np.ndarray:
    """uint8 RGB (H, W, 3): for each result a row with a map of layers x steps for each of two distances, and lines.

    The lines are each layer's mean over steps with its 95 % confidence at the best step, against what the layer's
    resolution allows, what staying still gives, and chance. MissingPackageError without Matplotlib.
    """
    check_matplotlib()
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(15, 4.2 * len(results)), dpi=100, layout="constrained")
    rows = figure.subplots(len(results), 1 + len(SHOWN), squeeze=False, width_ratios=[1] * len(SHOWN) + [1.25])
    for axes, (title, accuracy) in zip(rows, results, strict=True):
        for ax, distance in zip(axes, SHOWN, strict=False):
            draw_map(ax, title, accuracy, distance)
        draw_lines(axes[-1], accuracy)
    canvas, file = FigureCanvasAgg(figure), io.BytesIO()
    canvas.print_png(file)
    return np.asarray(Image.open(file).convert("RGB"))


def check_matplotlib() -> None:
    """MissingPackageError where it is not installed: to be called before long work."""
    try:
        import matplotlib  # noqa: F401
    except ImportError as error:
        raise MissingPackageError("the plot needs Matplotlib: pip install 'fairy-video[eval]'") from error


def draw_map(ax: Axes | Any, title: str, accuracy: Accuracy, distance: int) -> None:
    """Layers x steps, every cell with its number in percent."""
    shares = accuracy.shares(distance)
    ax.imshow(shares, cmap="viridis", vmin=0, vmax=1, aspect="auto")
    ax.set_title(f"{title}\nwithin {distance} px of {SIDE}, %", loc="left", fontsize=10)
    ax.set_xticks(range(len(accuracy.steps)), [str(step) for step in accuracy.steps])
    ax.set_yticks(range(len(accuracy.layers)), label_layers(accuracy), fontsize=8)
    ax.set_xlabel("step, the noisiest first")
    for (row, column), share in np.ndenumerate(shares):
        ink = "white" if share < 0.6 else INK
        ax.text(column, row, f"{100 * share:.0f}", ha="center", va="center", color=ink, fontsize=8)


def draw_lines(ax: Axes | Any, accuracy: Accuracy) -> None:
    """For each layer, one colour a distance: its best step with the confidence, and what it is to be held against."""
    places = np.arange(len(accuracy.layers))
    for distance, colour in zip(SHOWN, ("#1f6fb4", "#d1631a"), strict=True):
        cells = [
            max((cell for cell in accuracy.cells if cell.layer == layer), key=lambda cell: cell.within[distance])
            for layer in accuracy.layers
        ]
        shares = np.array([cell.within[distance] for cell in cells])
        limits = np.array([(cell.low[distance], cell.high[distance]) for cell in cells]).T
        errors = np.nan_to_num(np.abs(limits - shares))
        ax.errorbar(places, 100 * shares, 100 * errors, color=colour, marker="o", capsize=3, label=f"{distance} px")
        for name, style in (("best", "-"), ("still", "--"), ("chance", ":")):
            values = [100 * getattr(bounds, name)[distance] for bounds in accuracy.layers.values()]
            ax.step([-0.5, *places + 0.5], [values[0], *values], where="pre", color=colour, linestyle=style, alpha=0.55)
    for style, words in (("-", "allowed by the tokens' size"), ("--", "if nothing moved"), (":", "chance")):
        ax.plot([], [], color=FAINT, linestyle=style, label=words)
    ax.set_title("each layer at its best step,\nwith 95 % confidence, %", loc="left", fontsize=10)
    ax.set_xticks(places, [str(place) for place in places])
    ax.set_xlabel("layer, in the order of the forward pass")
    ax.set_ylim(-2, 102)
    ax.grid(axis="y", alpha=0.25)
    ax.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), fontsize=8, frameon=False)


def label_layers(accuracy: Accuracy) -> list[str]:
    """Each layer's number, where it is, and its tokens."""
    return [
        f"{number}: {shorten(layer)}, {bounds.columns}x{bounds.rows}"
        for number, (layer, bounds) in enumerate(accuracy.layers.items())
    ]


def shorten(layer: str) -> str:
    """up_blocks.3.attentions.1.transformer_blocks.0.attn1 -> up 3.1."""
    words = layer.split(".")
    numbers = [word for word in words if word.isdecimal()]
    if words[0] == "mid_block":
        numbers = numbers[1:]
    elif numbers[-1:] == ["0"]:
        numbers = numbers[:-1]
    return f"{words[0].split('_')[0]} {'.'.join(numbers)}".strip()
