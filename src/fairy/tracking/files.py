"""The folder of results: accuracy as CSV and JSON, and its picture. Each file appears whole or not at all."""

from __future__ import annotations

from pathlib import Path

from fairy.errors import OutputError
from fairy.sheet import save_png
from fairy.tracking.plot import draw_accuracy
from fairy.tracking.tables import Accuracy, to_csv, to_json

CSV, JSON, PLOT = "accuracy.csv", "accuracy.json", "accuracy.png"


def check_folder(folder: Path, overwrite: bool) -> None:
    """Refuse, before any work, a folder into which the results cannot go."""
    if folder.exists() and not folder.is_dir():
        raise OutputError(f"{folder} is a file, not a folder. Choose another name.")
    for name in (CSV, JSON, PLOT):
        if (folder / name).exists() and not overwrite:
            raise OutputError(f"{folder / name} exists already. Choose another folder, or say --overwrite.")


def write_accuracy(folder: Path, title: str, accuracy: Accuracy) -> None:
    """Write the three files into a folder, which is made if it is not there."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{folder} cannot be made: {error.strerror or error}.") from error
    save_png(folder / PLOT, draw_accuracy([(title, accuracy)]))
    write_whole(folder / CSV, to_csv(accuracy))
    write_whole(folder / JSON, to_json(accuracy) + "\n")


def write_whole(path: Path, content: str) -> None:
    """Write a text, whole or not at all. OutputError where that fails."""
    part = path.with_name(f".{path.name}.partial")
    try:
        part.write_text(content, encoding="utf-8")
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise OutputError(f"{path} cannot be written: {error.strerror or error}.") from error
