"""What carrying an edit to full size is worth, against exact edits of synthetic scenes rendered at that size.

Each clip is rendered at `SCALE` times the model's size, source and exact edit. What is carried is the edit at the
model's size: exact; exact and worsened as an autoencoder does; and the editor's own. It is measured at full size beside
bicubic enlargement. T frames of H x W pixels, float32 (T, 3, H, W) in 0..1.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from fairy.disk.whole import write_text
from fairy.errors import MissingPackageError
from fairy.lab.results.machine import describe_machine, in_words, today
from fairy.lab.results.statistics import interval
from fairy.lab.results.tables import as_csv, as_markdown
from fairy.lab.synthetic import EDITS, Flow, flow_between, photographs, sample_scene, warp
from fairy.lab.synthetic.pairs import choose_for_clip, to_pixels, word
from fairy.method.editor import Editor
from fairy.pictures.scale import as_colours, as_levels
from fairy.pictures.upsample import carry, enlarge, shrink
from fairy.report import Report

try:
    import cv2
    from skimage.metrics import structural_similarity
except ImportError as error:
    raise MissingPackageError("measuring needs OpenCV and scikit-image: pip install 'fairy-video[eval]'") from error

if TYPE_CHECKING:
    from fairy.models import Model

SIZE, SCALE, NUM_FRAMES = (192, 144), 4, 3
COLOURS = ("night", "sunset", "sepia", "duotone", "paint", "autumn", "snow")
STYLES = ("neon", "cartoon", "watercolour", "pencil", "oil", "mosaic", "thermal")
BLUR, NOISE = 0.7, 3 / 255
"""Of a worsened edit: the standard deviations of a Gaussian, in pixels, and of the noise."""
SEED = 7_000_000
"""Far from the seeds of training pairs."""
WORSENED = f"exact edits, blurred ({BLUR} pixels) and grainy ({255 * NOISE:g} levels)"
PAIRS = [f"{method}_{what}" for what in ("psnr", "ssim", "warp") for method in ("bicubic", "carry")]
HEADS = ("edit", "input", "clip", *PAIRS, "exact_warp")
Upscale = Callable[[torch.Tensor, torch.Tensor, torch.Tensor], torch.Tensor]
METHODS: dict[str, Upscale] = {
    "bicubic": lambda full, low, edit: enlarge(edit, (full.shape[-2], full.shape[-1])),  # noqa: ARG005
    "carry": carry,
}


@dataclass(frozen=True)
class Case:
    """One clip and edit at full size."""

    edit: str
    clip: int
    instruction: str
    source: torch.Tensor
    exact: torch.Tensor
    flows: tuple[Flow, ...]
    """From each frame to the next one; none of the edits changes a shape."""


@dataclass(frozen=True)
class Row:
    """What one input of one case came to, by method."""

    edit: str
    input: str
    clip: int
    psnr: dict[str, float]
    """Decibels, from the mean squared error of all frames."""
    ssim: dict[str, float]
    """Structural similarity of luma, mean over the frames."""
    warp: dict[str, float]
    """Mean difference of a frame and the next one brought back by the exact flow, in levels of 255; and `exact`."""


def measure(model: Model, num_clips: int, report: Report, edits: Sequence[str] = COLOURS + STYLES) -> list[Row]:
    """All rows: of each clip and edit one for each of its inputs."""
    rows: list[Row] = []
    cases = list(product(range(num_clips), edits))
    with Editor(model) as editor:
        for done, (clip, edit) in enumerate(cases, 1):
            case = make_case(clip, edit)
            low = shrink(case.source, SIZE[::-1])
            for name, small in inputs(editor, case, low):
                rows.append(compare(case, name, low, small))
            report.progress("clips", done, len(cases))
    return rows


def make_case(clip: int, edit: str, size: tuple[int, int] = SIZE) -> Case:
    """Clip number `clip` and its exact edit; about half of the clips have a held-out photograph as their backdrop."""
    seed, entry = SEED + clip, EDITS[edit]
    scene = sample_scene(seed, (SCALE * size[0], SCALE * size[1]), photographs("heldout"))
    choice = choose_for_clip(scene, edit, seed)
    layers = [scene.render(float(t)) for t in range(NUM_FRAMES)]
    return Case(
        edit,
        clip,
        word(scene, entry, choice, "heldout", np.random.default_rng(seed)),
        stack(to_pixels(each.picture) for each in layers),
        stack(to_pixels(entry.apply(each, choice)) for each in layers),
        tuple(flow_between(scene, t, t + 1) for t in range(NUM_FRAMES - 1)),
    )


def inputs(editor: Editor, case: Case, low: torch.Tensor) -> Iterator[tuple[str, torch.Tensor]]:
    """What is carried: (T, 3, h, w) by name."""
    exact = shrink(case.exact, (low.shape[-2], low.shape[-1]))
    yield "exact", exact
    yield "worsened", worsened(exact, case.clip)
    frames = np.stack([as_levels(frame[None]) for frame in low])
    bank = editor.edit_anchors(frames[:1], case.instruction)
    yield "own", stack([bank.frames[0], *editor.edit_frames(iter(frames[1:]), bank)])


def worsened(edit: torch.Tensor, seed: int) -> torch.Tensor:
    """Blurred and grainy, as an autoencoder leaves a picture."""
    generator = torch.Generator().manual_seed(seed)
    blurred = [cv2.GaussianBlur(frame.permute(1, 2, 0).numpy(), (0, 0), BLUR) for frame in edit]
    soft = torch.from_numpy(np.stack(blurred)).permute(0, 3, 1, 2)
    return (soft + NOISE * torch.randn(soft.shape, generator=generator)).clamp(0, 1)


def compare(case: Case, name: str, low: torch.Tensor, edit: torch.Tensor) -> Row:
    """Measure all methods."""
    results = {method: upscale(case.source, low, edit).clamp(0, 1) for method, upscale in METHODS.items()}
    errors = {method: float((result - case.exact).square().mean()) for method, result in results.items()}
    return Row(
        case.edit,
        name,
        case.clip,
        {method: -10 * math.log10(error) for method, error in errors.items()},
        {method: similarity(result, case.exact) for method, result in results.items()},
        {method: warp_error(result, case.flows) for method, result in (results | {"exact": case.exact}).items()},
    )


def similarity(result: torch.Tensor, exact: torch.Tensor) -> float:
    """Structural similarity of luma (Wang et al. 2004), mean over the frames."""
    pairs = zip(as_luma(result), as_luma(exact), strict=True)
    ways = {"data_range": 1.0, "gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False}
    return float(np.mean([structural_similarity(one, other, **ways) for one, other in pairs]))


def as_luma(frames: torch.Tensor) -> np.ndarray:
    """(T, 3, H, W) -> (T, H, W), BT.709."""
    return torch.einsum("c,tchw->thw", torch.tensor([0.2126, 0.7152, 0.0722]), frames).numpy()


def warp_error(result: torch.Tensor, flows: Sequence[Flow]) -> float:
    """Mean absolute difference of each frame and the next one brought back, occluded pixels left out; of 255 levels."""
    frames = (255 * result).permute(0, 2, 3, 1).numpy()
    errors = [
        np.abs(here - warp(following, flow)).mean(-1)[~flow.occluded].mean()
        for here, following, flow in zip(frames, frames[1:], flows, strict=False)
    ]
    return float(np.mean(errors))


def stack(frames: Iterable[np.ndarray]) -> torch.Tensor:
    """uint8 (H, W, 3) each -> (T, 3, H, W)."""
    return torch.cat([as_colours(frame) for frame in frames])


def write_page(folder: Path, rows: Sequence[Row], model: Model, command: str) -> Path:
    """DATE-fullsize.md and .csv in a folder; returns the page's path."""
    stem = folder / f"{today()}-fullsize"
    folder.mkdir(parents=True, exist_ok=True)
    write_text(stem.with_suffix(".csv"), as_csv(HEADS, [flat(row) for row in rows]))
    num_clips = len({row.clip for row in rows})
    full = f"{SCALE * SIZE[0]}x{SCALE * SIZE[1]}"
    text = [
        "# Edits carried to full size, against exact truth",
        f"`{command}`",
        f"{in_words(describe_machine())}, model {model.name}.",
        f"{num_clips} synthetic clips of {NUM_FRAMES} frames, rendered at {full}, edited at"
        f" {SIZE[0]}x{SIZE[1]}. PSNR in dB and SSIM of luma to the exact edit at full size: bicubic, then carry. Warp"
        " error in levels of 255, by the exact flow: bicubic, carry, and the exact edit itself.",
    ]
    for name, words in (("exact", "exact edits"), ("worsened", WORSENED), ("own", "the model's own edits")):
        mine = [row for row in rows if row.input == name]
        text += [f"## Carried: {words}", summary_table(mine)]
    write_text(stem.with_suffix(".md"), "\n\n".join(text) + "\n")
    return stem.with_suffix(".md")


def summary_table(rows: Sequence[Row]) -> str:
    """A line an edit, and the means over the colour edits and over all, with what carry adds and its interval."""
    edits = list(dict.fromkeys(row.edit for row in rows))
    groups = {edit: [row for row in rows if row.edit == edit] for edit in edits}
    groups |= {"**colour and light**": [row for row in rows if row.edit in COLOURS], "**all**": list(rows)}
    heads = ["edit", "PSNR", "SSIM", "carry adds, dB", "carry adds, SSIM", "warp error"]
    return as_markdown(heads, [summary(name, group) for name, group in groups.items() if group])


def summary(name: str, rows: Sequence[Row]) -> list[str]:
    """One line of the table."""
    values = np.array([[*row.psnr.values(), *row.ssim.values(), *row.warp.values()] for row in rows])
    gains = np.stack([values[:, 1] - values[:, 0], values[:, 3] - values[:, 2]], axis=1)
    low, high = interval(gains, np.unique([row.clip for row in rows], return_inverse=True)[1])
    mean, gain = values.mean(0), gains.mean(0)
    return [
        name,
        f"{mean[0]:.1f} → {mean[1]:.1f}",
        f"{mean[2]:.3f} → {mean[3]:.3f}",
        f"{gain[0]:+.1f} ({low[0]:+.1f} to {high[0]:+.1f})",
        f"{gain[1]:+.3f} ({low[1]:+.3f} to {high[1]:+.3f})",
        f"{mean[4]:.2f}, {mean[5]:.2f}; exact {mean[6]:.2f}",
    ]


def flat(row: Row) -> list[object]:
    """For the CSV."""
    return [row.edit, row.input, row.clip, *row.psnr.values(), *row.ssim.values(), *row.warp.values()]
