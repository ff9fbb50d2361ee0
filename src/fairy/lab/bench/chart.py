"""Frames per second by method as bars. The only file here that imports Matplotlib."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from fairy.disk.whole import save_png
from fairy.errors import MissingPackageError
from fairy.lab.bench.sidebyside import Row

OURS, PEERS, INK = "#2f6db5", "#b9bcc4", "#222222"


def draw_chart(path: Path, rows: Sequence[Row], machine: str) -> None:
    """A panel for each model, a bar for each method. MissingPackageError without Matplotlib."""
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingPackageError("the chart needs Matplotlib: pip install 'fairy-video[eval]'") from error
    panels = [[row for row in rows if row.model == model] for model in dict.fromkeys(row.model for row in rows)]
    heights = [0.9 + 0.36 * len(panel) for panel in panels]
    figure = Figure(figsize=(9, 0.5 + sum(heights)), dpi=110, layout="constrained")
    axes = figure.subplots(len(panels), 1, squeeze=False, height_ratios=heights)[:, 0]
    for ax, panel in zip(axes, panels, strict=True):
        rates = [row.frames_per_second or 0.0 for row in panel]
        bars = ax.barh([row.method for row in panel], rates, color=[OURS if row.ours else PEERS for row in panel])
        ax.bar_label(bars, [f" {rate:.2f}" if rate else " failed" for rate in rates], color=INK, fontsize=9)
        first = panel[0]
        words = f"{first.num_frames} frames of {first.size[0]}x{first.size[1]}, {first.num_steps} steps"
        ax.set_title(f"{first.model}: {words}", loc="left", fontsize=11)
        ax.invert_yaxis()
        ax.margins(x=0.12)
        ax.spines[["top", "right"]].set_visible(False)
        ax.tick_params(labelsize=9)
    axes[-1].set_xlabel(f"frames a second on {machine}", fontsize=9)
    canvas, file = FigureCanvasAgg(figure), io.BytesIO()
    canvas.print_png(file)
    save_png(path, np.asarray(Image.open(file).convert("RGB")))
