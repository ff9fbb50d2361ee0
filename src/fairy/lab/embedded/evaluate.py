"""How well an exported model follows instructions, measured against exact edits of scenes it has never seen.

A case is a held-out scene and one picture for everything that might have been done to it: each edit's exact result,
and the source itself. An output is right where it is nearest to the result of the edit that was asked for. Where that
leaves something open it has several exact results, and the nearest of them counts; of every other edit one result does,
for a colour that is left open may by chance be the very one that was named.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image

import fairy.models
from fairy.config import EditConfig
from fairy.lab.embedded.autoencoder import encode
from fairy.lab.embedded.data import Batch, draw_edit, tokenize
from fairy.lab.embedded.kinds import Kind
from fairy.lab.embedded.loop import attention_share
from fairy.lab.embedded.recipe import Size
from fairy.lab.embedded.spread import OPEN_EDITS, measure_spread
from fairy.lab.synthetic import EDITS, photographs, sample_pair, sample_scene
from fairy.lab.synthetic.pairs import choose, to_pixels, word
from fairy.method.editor import Editor
from fairy.models import Model
from fairy.pictures.sheet import grid
from fairy.pictures.tensors import to_tensor

NUM_CHOICES = 8
"""Exact results drawn for an edit that leaves something open."""
NOTHING = "source"
RENDERED = "Rendered"
PAGE_ROWS = 4
"""Of scenes and of photographs each."""
GROUPS = {
    "whole picture": tuple(name for name, edit in EDITS.items() if edit.kind == "whole"),
    "recolour": ("paint", "paint_all", "named_colour", "backdrop"),
    "material": ("wood", "gold"),
    "swap": ("swap",),
    "addition": ("hat", "sunglasses"),
}
"""The kinds of edit that are reported together."""


@dataclass(frozen=True)
class Case:
    """One scene: what may be asked of it, and what each edit makes of it; pictures are uint8 (H, W, 3)."""

    source: np.ndarray
    instructions: dict[str, str]
    results: dict[str, list[np.ndarray]]

    def nearest(self, output: np.ndarray, asked: str) -> str:
        """The edit, or "source", whose picture is nearest: any result of the edit `asked` for, the first of others."""

        def nearness(edit: str) -> float:
            counted = self.results[edit] if edit == asked else self.results[edit][:1]
            return min(distance(output, result) for result in counted)

        return min(self.results, key=nearness)


def make_case(seed: int, *, on_photo: bool, size: Size = (192, 144)) -> Case:
    """A scene of the held-out world. Rendered scenes have two objects, and every edit means the same one."""
    rng = np.random.default_rng([seed, on_photo])
    photos = photographs("heldout") if on_photo else ()
    scene = sample_scene(seed, size, photos, num_objects=0 if on_photo else 2, use_photo=on_photo)
    layers = scene.render(0.0)
    source = to_pixels(layers.picture)
    instructions, results = {}, {NOTHING: [source]}
    for name, edit in EDITS.items():
        if on_photo and edit.kind == "object":
            continue
        choices = [choose(scene, edit, rng, target=0) for _ in range(1 + NUM_CHOICES * edit.is_open)]
        instructions[name] = word(scene, edit, choices[0], "heldout", rng)
        results[name] = [to_pixels(edit.apply(layers, choice)) for choice in choices]
    return Case(source, instructions, results)


def distance(first: np.ndarray, second: np.ndarray) -> float:
    """Root mean square difference of two uint8 pictures at half resolution, which spares sub-pixel shifts of lines."""
    halves = [
        picture.reshape(picture.shape[0] // 2, 2, picture.shape[1] // 2, 2, 3).mean((1, 3))
        for picture in (first, second)
    ]
    return float(np.sqrt(np.square(halves[0] - halves[1]).mean()))


def evaluate(folder: Path, kind: Kind, *, num_scenes: int, num_clips: int, seed: int, page: Path) -> str:
    """Edit held-out rendered scenes and photographs by every edit that the model was taught, in wordings never trained
    on, at the model's own size; returns the report."""
    model, taught = fairy.models.load(folder), kind.recipe().edits or tuple(EDITS)
    size = (model.defaults.long_side, model.defaults.long_side * 3 // 4)
    cases = {
        RENDERED: [make_case(seed + number, on_photo=False, size=size) for number in range(num_scenes)],
        "Photographs": [make_case(seed + number, on_photo=True, size=size) for number in range(num_scenes)],
    }
    open_edits = [edit for edit in OPEN_EDITS if edit in taught and num_clips]
    with Editor(model) as editor:
        outputs = {title: edit_cases(editor, group, taught) for title, group in cases.items()}
        spreads = [measure_spread(editor, edit, num_clips=num_clips, seed=seed, size=size) for edit in open_edits]
    _write_page(cases, outputs, page)
    return "\n".join(
        [
            *(_table(title, cases[title], outputs[title]) for title in cases),
            f"Share of attention in the denoiser's output: {measure_attention(model, kind, seed, size):.3f}",
            "Spread over time of the open choice, of 255: alone, with 3 anchors, exact edit",
            *(f"  {spread.edit:14} {spread.alone:6} {spread.anchored:6} {spread.exact:6}" for spread in spreads),
        ]
    )


def edit_cases(editor: Editor, cases: Sequence[Case], taught: Sequence[str]) -> list[dict[str, np.ndarray]]:
    """Every case by its instructions of the edits `taught`, each picture by itself: {edit: output}, one a case."""
    asked: dict[tuple[str, str], list[int]] = {}
    for number, case in enumerate(cases):
        for edit, instruction in case.instructions.items():
            if edit in taught:
                asked.setdefault((edit, instruction), []).append(number)
    outputs: list[dict[str, np.ndarray]] = [{} for _ in cases]
    for (edit, instruction), numbers in asked.items():
        sources = np.stack([cases[number].source for number in numbers])
        bank = editor.edit_anchors(sources[:0], instruction, EditConfig(num_anchors=0))
        for number, output in zip(numbers, editor.edit_frames(sources, bank), strict=True):
            outputs[number][edit] = output
    return outputs


def measure_attention(model: Model, kind: Kind, seed: int, size: Size, num_pairs: int = 32) -> float:
    """`attention_share` on held-out pairs at the model's own size, at the noise levels of the training."""
    photos, recipe = photographs("heldout"), kind.recipe()
    pairs = [
        sample_pair(seed + number, size=size, split="heldout", photos=photos, edit=draw_edit(recipe, seed + number))
        for number in range(num_pairs)
    ]
    with torch.no_grad():
        source, edited = (
            encode(model.vae, to_tensor(np.stack([getattr(pair, name) for pair in pairs])))
            for name in ("source", "edited")
        )
    tokenizer = model.tokenizers[0]
    nowhere = torch.zeros_like(source[:, :1], dtype=torch.bool)  # weighs tokens in a loss, which is not asked for here
    batch = Batch(source, edited, tokenize(tokenizer, [pair.instruction for pair in pairs]), nowhere)
    generator = torch.Generator().manual_seed(seed)
    trained = kind.trained(model)
    sample = trained.make_sample(batch, tokenize(tokenizer, [""])[0], recipe, generator)
    return attention_share(trained, sample)


def _table(title: str, cases: Sequence[Case], outputs: Sequence[dict[str, np.ndarray]]) -> str:
    """A line an edit: how often it came out right, and what it was taken for otherwise."""
    answers: dict[str, Counter[str]] = {}
    for case, edited in zip(cases, outputs, strict=True):
        for name, output in edited.items():
            answers.setdefault(name, Counter())[case.nearest(output, name)] += 1
    lines = [f"{title}:"]
    for name, counts in answers.items():
        wrong = ", ".join(f"{answer} {count}" for answer, count in counts.most_common() if answer != name)
        lines.append(f"  {name:14} {counts[name]:3} of {len(cases)}   {wrong}")
    for group, names in GROUPS.items():
        if of_group := [answers[name][name] for name in names if name in answers]:
            lines.append(f"  right, {group}: {sum(of_group) / len(of_group) / len(cases):.0%}")
    return "\n".join(lines)


def _write_page(cases: dict[str, list[Case]], outputs: dict[str, list[dict[str, np.ndarray]]], page: Path) -> None:
    """Two pictures: edits of the whole picture, and, as PAGE-objects.png, of objects, on rendered scenes."""
    page.parent.mkdir(parents=True, exist_ok=True)
    objects = page.with_name(f"{page.stem}-objects{page.suffix}")
    for kind, titles, path in (("whole", list(cases), page), ("object", [RENDERED], objects)):
        done = {name for edited in outputs[RENDERED] for name in edited}
        names = [name for name, edit in EDITS.items() if edit.kind == kind and name in done]
        rows = [
            (title, [case.source, *(edited[name] for name in names)])
            for title in titles
            for case, edited in list(zip(cases[title], outputs[title], strict=True))[:PAGE_ROWS]
        ]
        picture = grid([NOTHING, *names], rows, title="Held-out scenes and photographs, held-out wordings")
        Image.fromarray(picture).save(path)
