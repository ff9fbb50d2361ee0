"""Accuracy of layers and steps: means over clips with their confidence, as CSV, as JSON and as a picture."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from fairy.disk.whole import write_text
from fairy.lab.results.plots import BLUE, FAINT, INK, ORANGE, new_figure, save_figure, tidy
from fairy.lab.results.statistics import interval
from fairy.lab.results.tables import as_csv
from fairy.lab.tracking.measure import AVERAGED, DISTANCES, SIDE, ClipCounts, mean_over_averaged

SHOWN = (16, 32)
"""The distances of the paper's fig. 2."""


@dataclass(frozen=True)
class LayerStep:
    """One layer at one step: shares in 0..1, each the mean over clips of a clip's share."""

    layer: str
    step: int
    within: dict[int, float]
    """By distance in pixels of a 256 x 256 picture."""
    low: dict[int, float]
    """Where the mean lies with 95 % confidence: from here to `high`. NaN for a single clip."""
    high: dict[int, float]
    average: float
    """The mean over 1, 2, 4, 8 and 16 pixels: TAP-Vid's <delta."""


@dataclass(frozen=True)
class LayerBounds:
    """What a layer's resolution decides, whatever its attention does; shares in 0..1 by distance."""

    rows: int
    columns: int
    pitch: float
    """Pixels of a token's side, of the frame as it was computed."""
    best: dict[int, float]
    """If always the token were found in which the point truly is."""
    chance: dict[int, float]
    still: dict[int, float]
    """If always the token were found where the point was asked for."""


@dataclass(frozen=True)
class Accuracy:
    """The accuracy of one model over clips."""

    about: dict[str, Any]
    """What was measured: model, instruction, settings, clips."""
    num_clips: int
    num_points: int
    num_pairs: int
    layers: dict[str, LayerBounds]
    cells: list[LayerStep]

    @property
    def steps(self) -> list[int]:
        """Those that were measured, rising."""
        return sorted({cell.step for cell in self.cells})

    def shares(self, distance: int) -> np.ndarray:
        """float64 (layers, steps): within `distance`."""
        values = [cell.within[distance] for cell in self.cells]
        return np.array(values).reshape(len(self.layers), len(self.steps))

    @property
    def finest(self) -> LayerBounds:
        """Of a layer with the most tokens."""
        return max(self.layers.values(), key=lambda bounds: bounds.rows * bounds.columns)

    @property
    def peak(self) -> LayerStep:
        """The layer and step with the most within 16 pixels, and of equal ones the most within 32."""
        return max(self.cells, key=lambda cell: tuple(cell.within[distance] for distance in SHOWN))


def summarize(clips: Sequence[ClipCounts], about: dict[str, Any]) -> Accuracy:
    """Means over clips, each clip counting as much as any other, as TAP-Vid does; at least one clip."""
    pairs = np.array([clip.num_pairs for clip in clips])[:, None]

    def mean(counts: list[np.ndarray]) -> dict[int, float]:
        return by_distance((np.stack(counts) / pairs).mean(axis=0))

    layers = {}
    for layer, first in clips[0].layers.items():
        bounds = [clip.layers[layer] for clip in clips]
        layers[layer] = LayerBounds(
            first.grid.rows,
            first.grid.columns,
            first.grid.pitch,
            best=mean([each.best for each in bounds]),
            chance=mean([each.chance for each in bounds]),
            still=mean([each.still for each in bounds]),
        )
    keys = sorted(clips[0].hits, key=lambda key: (list(layers).index(key[0]), key[1]))
    cells = [cell_of(layer, step, np.stack([clip.hits[layer, step] for clip in clips]) / pairs) for layer, step in keys]
    num_points = sum(clip.num_points for clip in clips)
    return Accuracy(about, len(clips), num_points, int(pairs.sum()), layers, cells)


def cell_of(layer: str, step: int, shares: np.ndarray) -> LayerStep:
    """From the shares of each clip, (C, D)."""
    mean = shares.mean(axis=0)
    low, high = interval(shares) if len(shares) > 1 else (np.full(mean.shape, np.nan),) * 2
    average = float(mean_over_averaged(mean))
    return LayerStep(layer, step, by_distance(mean), by_distance(low), by_distance(high), average)


def by_distance(values: np.ndarray) -> dict[int, float]:
    """(D,) -> by distance."""
    return dict(zip(DISTANCES, map(float, values), strict=True))


def to_json(accuracy: Accuracy) -> str:
    """One object with everything; unknown limits are null."""
    content = asdict(accuracy)
    for cell in content["cells"]:
        for name in ("low", "high"):
            cell[name] = {key: None if np.isnan(value) else value for key, value in cell[name].items()}
    return json.dumps(content, indent=1)


def to_csv(accuracy: Accuracy) -> str:
    """A row for each layer and step."""
    bounds_names = [f"{name}_{distance}" for name in ("best", "chance", "still") for distance in SHOWN]
    limits = [f"{name}_{distance}" for distance in SHOWN for name in ("low", "high")]
    within = [f"within_{distance}" for distance in DISTANCES]
    average = f"mean_of_{'_'.join(map(str, AVERAGED))}"
    rows = []
    for cell in accuracy.cells:
        bounds = accuracy.layers[cell.layer]
        numbers = [cell.within[distance] for distance in DISTANCES]
        numbers += [cell.average, *(side[distance] for distance in SHOWN for side in (cell.low, cell.high))]
        numbers += [side[distance] for side in (bounds.best, bounds.chance, bounds.still) for distance in SHOWN]
        rows.append([cell.layer, bounds.rows, bounds.columns, cell.step, *numbers])
    return as_csv(["layer", "rows", "columns", "step", *within, average, *limits, *bounds_names], rows)


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
