"""The folder of results: accuracy as CSV and JSON, and as a picture like fig. 2 of Fairy (arXiv 2312.13834)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from fairy.disk.whole import write_text
from fairy.lab.results.plots import BLUE, FAINT, INK, ORANGE, new_figure, save_figure, tidy
from fairy.lab.tracking.measure import SIDE
from fairy.lab.tracking.tables import SHOWN, Accuracy, to_csv, to_json

CSV, JSON, PLOT = "accuracy.csv", "accuracy.json", "accuracy.png"


def write_accuracy(folder: Path, title: str, accuracy: Accuracy) -> None:
    """Write the three files into a folder, which is made if it is not there; each whole or not at all."""
    write_text(folder / CSV, to_csv(accuracy))
    draw_accuracy(folder / PLOT, [(title, accuracy)])
    write_text(folder / JSON, to_json(accuracy) + "\n")


def draw_accuracy(path: Path, results: Sequence[tuple[str, Accuracy]]) -> None:
    """Write a picture: for each result a row with a map of layers x steps for each of two distances, and lines.

    The lines are each layer's mean over steps with its 95 % confidence at the best step, against what the layer's
    resolution allows, what staying still gives, and chance.
    """
    figure = new_figure(15, 4.2 * len(results))
    rows = figure.subplots(len(results), 1 + len(SHOWN), squeeze=False, width_ratios=[1] * len(SHOWN) + [1.25])
    for axes, (title, accuracy) in zip(rows, results, strict=True):
        for ax, distance in zip(axes, SHOWN, strict=False):
            draw_map(ax, title, accuracy, distance)
        draw_lines(axes[-1], accuracy)
    save_figure(figure, path)


def draw_map(ax: Any, title: str, accuracy: Accuracy, distance: int) -> None:
    """Layers x steps, every cell with its number in percent."""
    shares = accuracy.shares(distance)
    ax.imshow(shares, cmap="viridis", vmin=0, vmax=1, aspect="auto")
    tidy(ax, f"{title}\nwithin {distance} px of {SIDE}, %")
    ax.set_xticks(range(len(accuracy.steps)), [str(step) for step in accuracy.steps])
    ax.set_yticks(range(len(accuracy.layers)), label_layers(accuracy))
    ax.set_xlabel("step, the noisiest first")
    for (row, column), share in np.ndenumerate(shares):
        ink = "white" if share < 0.6 else INK
        ax.text(column, row, f"{100 * share:.0f}", ha="center", va="center", color=ink, fontsize=8)


def draw_lines(ax: Any, accuracy: Accuracy) -> None:
    """For each layer, one colour a distance: its best step with the confidence, and what it is to be held against."""
    places = np.arange(len(accuracy.layers))
    for distance, colour in zip(SHOWN, (BLUE, ORANGE), strict=True):
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
    tidy(ax, "each layer at its best step,\nwith 95 % confidence, %", grid="y")
    ax.set_xticks(places, [str(place) for place in places])
    ax.set_xlabel("layer, in the order of the forward pass")
    ax.set_ylim(-2, 102)
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
