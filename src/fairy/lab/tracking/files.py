"""The folder of results: accuracy as CSV and JSON, and its picture. Each file appears whole or not at all."""

from __future__ import annotations

from pathlib import Path

from fairy.disk.whole import save_png, write_text
from fairy.lab.tracking.plot import draw_accuracy
from fairy.lab.tracking.tables import Accuracy, to_csv, to_json

CSV, JSON, PLOT = "accuracy.csv", "accuracy.json", "accuracy.png"


def write_accuracy(folder: Path, title: str, accuracy: Accuracy) -> None:
    """Write the three files into a folder, which is made if it is not there."""
    write_text(folder / CSV, to_csv(accuracy))
    save_png(folder / PLOT, draw_accuracy([(title, accuracy)]))
    write_text(folder / JSON, to_json(accuracy) + "\n")
