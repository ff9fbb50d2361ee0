"""What anchors and shared noise do to `fairy lab eval`'s numbers: synthetic clips, and the built-in one.

    python scripts/measure_metrics.py -o runs/metrics --benchmark benchmarks/DATE-metrics

Edits are made once: a run that was stopped goes on. Without --benchmark it ends with two tables for
`fairy lab eval --table`.

Each source is edited by three methods with the same model, settings and seed: each frame alone with noise of its own,
each alone with the noise that all share, and with three anchors. Beside them stand the exact edit (for synthetic clips)
and the source itself, as an edit that does nothing. Edits are lossless videos at 25 frames a second.
"""

import argparse
import csv
import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from fairy.cli.main import main as fairy_main
from fairy.config import EditConfig
from fairy.lab.ablation import own_noise
from fairy.lab.metrics import METRICS
from fairy.lab.metrics.table import show
from fairy.lab.results.machine import describe_machine
from fairy.lab.synthetic.dataset import write_dataset
from fairy.method.anchors import choose_anchors
from fairy.method.editor import Editor
from fairy.models import fingerprint, load
from fairy.video import probe, read_frames
from fairy.video.lossless import LosslessWriter

PROMPTS = {
    "night": ("a scene by day", "a scene at night", "make it night"),
    "oil": ("a photo of a scene", "an oil painting of a scene", "turn it into an oil painting"),
    "duotone": ("a scene in many colours", "a scene in two colours, a duotone print", "make it a duotone"),
}
"""Of each edit: what the source shows, what the edit should show, and the instruction."""
METHODS = ("own noise", "shared noise", "3 anchors")
DEMO = Path(__file__).parents[1] / "src" / "fairy" / "video" / "clips" / "demo.mp4"
ABOUT = {
    "synthetic": "Synthetic clips, along their exact flow",
    "demo": "The built-in clip, along estimated flow",
}
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
    if method == "own noise":
        return own_noise.edit_frames(editor, frames, range(len(frames)), bank)
    return editor.edit_frames(frames, bank)


def write(path: Path, frames: Iterator[np.ndarray], size: tuple[int, int]) -> None:
    """A video, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    with LosslessWriter(part, size) as writer:
        for frame in frames:
            writer.write(frame)
    part.replace(path)


def edit_all(editor: Editor, source: Path, folder: Path, words: argparse.Namespace) -> Iterator[tuple[str, str, Path]]:
    """(edit, method, video) for each; those that are there already are not made again."""
    frames = read(source, words.frames)
    for name, (_, _, instruction) in PROMPTS.items():
        for method in METHODS:
            path = folder / f"{name}-{method.replace(' ', '-')}.mkv"
            if not path.exists():
                write(path, edit(editor, frames, instruction, method, words.steps), frames.shape[2:0:-1])
                sys.stderr.write(f"{path}\n")
            yield name, method, path


def write_table(path: Path, rows: list[tuple[Path, str, str, Path]], flow: Path | None) -> None:
    """A table for `fairy lab eval --table`: rows are (source, edit, method, video)."""
    with path.open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(COLUMNS)
        for source, name, method, video in rows:
            before, after, instruction = PROMPTS[name]
            files = [each.relative_to(path.parent) for each in (source, video)]
            writer.writerow([*files, method, instruction, before, after, flow.name if flow else "dis"])


def render(words: argparse.Namespace) -> tuple[Path, Path]:
    """The dataset, and the built-in clip's first frames; the folder of the one and the file of the other."""
    data, demo = words.output / "data", words.output / "demo" / "source.mkv"
    width, height = (int(side) for side in words.size.split("x"))
    if not data.exists():
        write_dataset(
            data,
            num_clips=words.clips,
            seed=words.seed,
            num_frames=words.frames,
            size=(width, height),
            edits=tuple(PROMPTS),
        )
    if not demo.exists():
        frames = read(DEMO, words.frames)
        write(demo, iter(frames), frames.shape[2:0:-1])
    return data, demo


def edit_everything(words: argparse.Namespace, editor: Editor) -> None:
    """All edits, and both tables."""
    data, demo = render(words)
    rows: list[tuple[Path, str, str, Path]] = []
    for number in range(words.clips):
        clip = data / f"{number:06d}"
        source = clip / "source.mkv"
        for name, method, video in edit_all(editor, source, words.output / "edits" / clip.name, words):
            rows.append((source, name, method, video))
        for name in PROMPTS:
            rows += [(source, name, "exact", clip / f"{name}.mkv"), (source, name, "source", source)]
    write_table(words.output / "synthetic.csv", rows, data)
    rows = [(demo, *found) for found in edit_all(editor, demo, words.output / "edits" / "demo", words)]
    write_table(words.output / "demo.csv", rows + [(demo, name, "source", demo) for name in PROMPTS], None)


def report(words: argparse.Namespace, stem: Path, weights: str) -> None:
    """Both comparisons as a page, with their pictures and numbers beside it."""
    facts = ", ".join(f"{name} {value}" for name, value in describe_machine().items())
    steps = words.steps or "the model's own number of"
    lines = [
        f"# Measures of an editor, {stem.name[:10]}",
        f"Command: `python scripts/measure_metrics.py {' '.join(sys.argv[1:])}`. {facts}. Model {words.model}, weights "
        f"SHA-256 {weights[:12]}; {words.frames} frames, {steps} steps, seed 0. In brackets: 95 % intervals. What each "
        "measure means: docs/metrics.md.",
    ]
    record = {}
    for name, about in ABOUT.items():
        folder = words.output / "scores" / name
        table = words.output / f"{name}.csv"
        if code := fairy_main(
            ["lab", "eval", "--table", str(table), "-o", str(folder), "--clip", words.clip, "--overwrite"]
        ):
            sys.exit(code)
        for suffix in ("png", "csv"):
            shutil.copyfile(folder / f"methods.{suffix}", f"{stem}-{name}.{suffix}")
        record[name] = json.loads((folder / "scores.json").read_text())
        lines += [f"## {about}", as_markdown(record[name]["methods"]), f"![{about}]({stem.name}-{name}.png)"]
    stem.with_suffix(".json").write_text(json.dumps(record, indent=1) + "\n")
    stem.with_suffix(".md").write_text("\n\n".join(lines) + "\n")


def as_markdown(methods: dict[str, dict[str, dict[str, float]]]) -> str:
    """Means and intervals, metrics down, methods across."""
    lines = [f"| metric | {' | '.join(methods)} |", "| --- |" + " --- |" * len(methods)]
    for metric in METRICS:
        if metric.key in next(iter(methods.values())):
            cells = [
                f"{show(metric, s['mean'])} ({show(metric, s['low'])}..{show(metric, s['high'])})"
                for s in (found[metric.key] for found in methods.values())
            ]
            lines.append(f"| `{metric.key}` | {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> None:
    """Render, edit, write the tables; with --benchmark also measure, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-o", "--output", type=Path, required=True, help="folder to write into")
    parser.add_argument("--model", default="embedded", help="folder, hub id or embedded")
    parser.add_argument("--steps", type=int, help="denoising steps; the model's own by default")
    parser.add_argument("--clips", type=int, default=3)
    parser.add_argument("--frames", type=int, default=12)
    parser.add_argument("--size", default="192x144", help="of the synthetic clips; the built-in one has 192x144")
    parser.add_argument("--seed", type=int, default=41)
    parser.add_argument("--clip", default="off", help="a CLIP model, to measure by it, too")
    parser.add_argument(
        "--benchmark", type=Path, metavar="STEM", help="measure, and write STEM.md, .json, .csv and pictures"
    )
    words = parser.parse_args()
    model = load(words.model)
    with Editor(model) as editor:
        edit_everything(words, editor)
    if words.benchmark:
        report(words, words.benchmark, fingerprint(model.path))


if __name__ == "__main__":
    main()
