"""What anchors and shared noise do to `fairy eval`'s numbers: synthetic clips with exact flow, and the built-in clip.

    python scripts/measure_metrics.py -o runs/metrics                          # edits, resumable, and two tables
    fairy eval --table runs/metrics/synthetic.csv -o runs/metrics/synthetic
    fairy eval --table runs/metrics/demo.csv -o runs/metrics/demo

Each source is edited by three methods with the same model, settings and seed: each frame alone with noise of its own,
each alone with the noise that all share, and with three anchors. Beside them stand the exact edit (for synthetic clips)
and the source itself, as an edit that does nothing. Edits are lossless videos at 25 frames a second.
"""

import argparse
import csv
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from fairy.anchors import choose_anchors
from fairy.config import EditConfig
from fairy.models import load
from fairy.pipeline import Editor
from fairy.synthetic.dataset import write_dataset
from fairy.video import probe, read_frames
from fairy.video.lossless import LosslessWriter

PROMPTS = {
    "night": ("a scene by day", "a scene at night", "make it night"),
    "oil": ("a photo of a scene", "an oil painting of a scene", "turn it into an oil painting"),
    "duotone": ("a scene in many colours", "a scene in two colours, a duotone print", "make it a duotone"),
}
"""Of each edit: what the source shows, what the edit should show, and the instruction."""
METHODS = ("own noise", "shared noise", "3 anchors")
DEMO = Path(__file__).parents[1] / "src" / "fairy" / "assets" / "demo.mp4"
COLUMNS = ("source", "edited", "method", "instruction", "source_prompt", "target_prompt", "flow")


def read(path: Path, num_frames: int) -> np.ndarray:
    """The first frames, (F, H, W, 3)."""
    info = probe(path)
    return np.stack([frame.image for frame in read_frames(info, stop=min(num_frames, len(info)))])


def edit(
    editor: Editor, frames: np.ndarray, instruction: str, method: str, num_steps: int | None
) -> Iterator[np.ndarray]:
    """The edited frames."""
    anchors = list(choose_anchors(len(frames))) if method == "3 anchors" else []
    bank = editor.edit_anchors(frames[anchors], instruction, EditConfig(num_anchors=len(anchors), num_steps=num_steps))
    return editor.edit_frames(frames, bank, numbers=range(len(frames)) if method == "own noise" else None)


def write(path: Path, frames: Iterator[np.ndarray], size: tuple[int, int]) -> None:
    """A video, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    with LosslessWriter(part, size) as writer:
        for frame in frames:
            writer.write(frame)
    part.replace(path)


def edit_all(
    editor: Editor, source: Path, folder: Path, num_frames: int, num_steps: int | None
) -> Iterator[tuple[str, str, Path]]:
    """(edit, method, video) for each; those that are there already are not made again."""
    frames = read(source, num_frames)
    for name, (_, _, instruction) in PROMPTS.items():
        for method in METHODS:
            path = folder / f"{name}-{method.replace(' ', '-')}.mkv"
            if not path.exists():
                write(path, edit(editor, frames, instruction, method, num_steps), frames.shape[2:0:-1])
                sys.stderr.write(f"{path}\n")
            yield name, method, path


def write_table(path: Path, rows: list[tuple[Path, str, str, Path]], flow: Path | None) -> None:
    """A table for `fairy eval --table`: rows are (source, edit, method, video)."""
    with path.open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(COLUMNS)
        for source, name, method, video in rows:
            before, after, instruction = PROMPTS[name]
            files = [each.relative_to(path.parent) for each in (source, video)]
            writer.writerow([*files, method, instruction, before, after, flow.name if flow else "dis"])


def main() -> None:
    """Render, edit, write the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-o", "--output", type=Path, required=True, help="folder to write into")
    parser.add_argument("--model", default="embedded", help="folder, hub id or embedded")
    parser.add_argument("--steps", type=int, help="denoising steps; the model's own by default")
    parser.add_argument("--clips", type=int, default=3)
    parser.add_argument("--frames", type=int, default=12)
    parser.add_argument("--size", default="192x144", help="of the synthetic clips; the built-in one has 192x144")
    parser.add_argument("--seed", type=int, default=41)
    words = parser.parse_args()
    size = tuple(int(side) for side in words.size.split("x"))
    data, out = words.output / "data", words.output
    if not data.exists():
        write_dataset(
            data, num_clips=words.clips, seed=words.seed, num_frames=words.frames, size=size, edits=tuple(PROMPTS)
        )
    demo = out / "demo" / "source.mkv"
    if not demo.exists():
        write(demo, iter(read(DEMO, words.frames)), (192, 144))
    rows: dict[str, list[tuple[Path, str, str, Path]]] = {"synthetic": [], "demo": []}
    with Editor(load(words.model)) as editor:
        for number in range(words.clips):
            clip = data / f"{number:06d}"
            source = clip / "source.mkv"
            for name, method, video in edit_all(editor, source, out / "edits" / clip.name, words.frames, words.steps):
                rows["synthetic"].append((source, name, method, video))
            for name in PROMPTS:
                rows["synthetic"] += [(source, name, "exact", clip / f"{name}.mkv"), (source, name, "source", source)]
        for name, method, video in edit_all(editor, demo, out / "edits" / "demo", words.frames, words.steps):
            rows["demo"].append((demo, name, method, video))
        rows["demo"] += [(demo, name, "source", demo) for name in PROMPTS]
    for name, found in rows.items():
        write_table(out / f"{name}.csv", found, data if name == "synthetic" else None)


if __name__ == "__main__":
    main()
