"""Where the time and the memory go on the machine at hand: `python -m fairy.benchmark -o benchmarks` (`make bench`).

Four cases, each the median of several runs after a warm-up, on one model:

overhead     a whole job, file to file, over the bare forwards of the same denoiser and autoencoder on as many threads
stock        frames edited one by one, against diffusers' own pipeline called for one frame after the other
anchors      what K anchors add for every other frame, against the operations that they add
memory       the peak of a process that edits a clip of 64x48 in one step, for clips of 60 to 12,000 frames
"""

from __future__ import annotations

import json
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

import fairy.models
from fairy.anchors import AnchorBank, choose_anchors
from fairy.config import VideoConfig
from fairy.frames import to_tensor
from fairy.job import edit_video
from fairy.models import Model, decode_latents, encode_frames, latent_shape, make_scheduler, predict_noise
from fairy.pipeline import Editor
from fairy.quiet import quiet_libraries
from fairy.video import VideoWriter, probe

INSTRUCTION = "make it night"


@dataclass(frozen=True)
class Size:
    """How large the cases are."""

    num_frames: int = 48
    """Of the whole job; the other cases take half of them."""
    width: int = 192
    height: int = 144
    repeats: int = 3
    clips: tuple[int, ...] = (60, 120, 960, 12_000)
    """Frames of the clips whose peak memory is compared."""


@dataclass(frozen=True)
class Measure:
    """One line of the result."""

    case: str
    value: float
    """A ratio."""
    target: str
    detail: str


def main(argv: list[str] | None = None) -> None:
    """Run all cases with the embedded model and write the dated result."""
    arguments = sys.argv[1:] if argv is None else argv
    folder = Path(arguments[arguments.index("-o") + 1]) if "-o" in arguments else Path("benchmarks")
    size = Size()
    measures = run_cases(fairy.models.load(), size)
    stem = folder / f"{datetime.now(UTC):%Y-%m-%d}-editor-{platform.machine()}"
    write_result(stem, size, measures)
    sys.stdout.write(stem.with_suffix(".md").read_text())


def run_cases(model: Model, size: Size) -> list[Measure]:
    """Every case on one loaded model."""
    frames = moving_gradient(size.num_frames, size.height, size.width)
    with Editor(model) as editor:
        return [
            measure_overhead(editor, frames, size),
            measure_against_stock(editor, frames[: size.num_frames // 2], size),
            measure_anchors(editor, frames[: size.num_frames // 2], size),
            measure_memory(model, size),
        ]


def moving_gradient(num_frames: int, height: int, width: int) -> np.ndarray:
    """Something to edit: uint8 (F, H, W, 3). Speed does not depend on what is seen."""
    rows, columns = np.mgrid[:height, :width]
    waves = [128 + 100 * np.sin((columns + 2 * t) / 17) * np.cos((rows - t) / 13) for t in range(num_frames)]
    return np.stack([np.stack([wave, wave[::-1], 255 - wave], axis=-1) for wave in waves]).astype(np.uint8)


def measure_overhead(editor: Editor, frames: np.ndarray, size: Size) -> Measure:
    """A job of `edit_video` over the same forwards with nothing around them."""
    with tempfile.TemporaryDirectory() as folder:
        source, output = Path(folder, "source.mp4"), Path(folder, "edited.mp4")
        write_clip(source, frames)
        video = VideoConfig(long_side=max(frames.shape[1:3]))

        def job() -> None:
            edit_video(source, INSTRUCTION, output, model=editor.model, video=video, overwrite=True)

        job_seconds, bare_seconds = medians(size.repeats, job, lambda: bare_forwards(editor, frames))
    detail = f"{len(frames)} frames: job {job_seconds:.2f} s, bare forwards {bare_seconds:.2f} s"
    return Measure("overhead", job_seconds / bare_seconds, "at most 1.10", detail)


def bare_forwards(editor: Editor, frames: np.ndarray) -> None:
    """All forwards of an edit of these frames with K = 3, and nothing else."""
    anchors = choose_anchors(len(frames))
    bank = editor.edit_anchors(frames[list(anchors)], INSTRUCTION)
    others = [frame for index, frame in enumerate(frames) if index not in anchors]
    with editor.workers(editor.num_workers) as pool:
        for done in [pool.submit(bare_frame, editor.model, frame, bank) for frame in others]:
            done.result()


@torch.inference_mode()
def bare_frame(model: Model, frame: np.ndarray, bank: AnchorBank) -> None:
    """Encoder, every step of the denoiser, decoder."""
    source = encode_frames(model, to_tensor(frame[None]))
    batch = torch.cat([source] * len(bank.conditioning.embeds))
    for step, timestep in enumerate(make_scheduler(model, bank.settings.num_steps).timesteps):
        predict_noise(model, batch, batch, timestep, bank.conditioning, {"anchors": bank.at(step)})
    decode_latents(model, source)


def measure_against_stock(editor: Editor, frames: np.ndarray, size: Size) -> Measure:
    """Frames per second without anchors over those of diffusers' pipeline, same weights, steps and precision."""
    with quiet_libraries():
        from diffusers import StableDiffusionInstructPix2PixPipeline

        pipeline = StableDiffusionInstructPix2PixPipeline.from_pretrained(editor.model.path, safety_checker=None)
        pipeline.to(editor.model.device, editor.model.dtype)
    pipeline.set_progress_bar_config(disable=True)
    defaults, pictures = editor.model.defaults, to_tensor(frames) * 0.5 + 0.5

    def stock() -> None:
        for picture in pictures:
            pipeline(
                prompt=INSTRUCTION,
                image=picture[None],
                num_inference_steps=defaults.num_steps,
                guidance_scale=defaults.text_guidance,
                image_guidance_scale=defaults.image_guidance,
                generator=torch.Generator().manual_seed(0),
                output_type="np",
            )

    def ours() -> None:
        bank = editor.edit_anchors(frames[:0], INSTRUCTION)
        for _ in editor.edit_frames(frames, bank):
            pass

    our_seconds, stock_seconds = medians(size.repeats, ours, stock)
    rates = [len(frames) / seconds for seconds in (our_seconds, stock_seconds)]
    detail = f"{rates[0]:.2f} frames/s, diffusers frame by frame {rates[1]:.2f} frames/s"
    return Measure("stock", rates[0] / rates[1], "at least 1.3", detail)


def measure_anchors(editor: Editor, frames: np.ndarray, size: Size) -> Measure:
    """Time of a frame with 3 anchors over without, divided by the same ratio of operations."""
    banks = [editor.edit_anchors(frames[list(choose_anchors(len(frames), k))], INSTRUCTION) for k in (3, 0)]
    seconds = medians(size.repeats, *(lambda bank=bank: list(editor.edit_frames(frames, bank)) for bank in banks))
    operations = [count_operations(editor.model, frames[0], bank) for bank in banks]
    time_ratio, operation_ratio = seconds[0] / seconds[1], operations[0] / operations[1]
    detail = (
        f"K = 3 takes {time_ratio:.3f} times as long as K = 0 and {operation_ratio:.3f} times the operations"
        f" ({operations[1] / 1e9:.2f} GFLOP a frame and step without, 2 FLOP a multiply-add)"
    )
    return Measure("anchors", time_ratio / operation_ratio, "near 1", detail)


def count_operations(model: Model, frame: np.ndarray, bank: AnchorBank) -> int:
    """Operations of one step of one frame, all branches."""
    branches = len(bank.conditioning.embeds)
    latents = torch.zeros(branches, *latent_shape(model, *frame.shape[:2]), device=model.device)
    timestep = make_scheduler(model, bank.settings.num_steps).timesteps[0]
    # The counter knows matrix products, but not the CPU's fused attention: count that written out.
    with FlopCounterMode(display=False) as counter, sdpa_kernel(SDPBackend.MATH), torch.no_grad():
        predict_noise(model, latents, latents, timestep, bank.conditioning, {"anchors": bank.at(0)})
    return counter.get_total_flops()


def measure_memory(model: Model, size: Size) -> Measure:
    """The largest peak of a process's memory over the smallest, among clips of very different lengths."""
    peaks = []
    for num_frames in size.clips:
        with tempfile.TemporaryDirectory() as folder:
            source = Path(folder, "source.mp4")
            write_clip(source, moving_gradient(num_frames, 48, 64))
            peaks.append(peak_of_edit(source, Path(folder, "edited.mp4"), model.path))
    detail = ", ".join(f"{n} frames {peak / 2**20:.0f} MiB" for peak, n in zip(peaks, size.clips, strict=True))
    return Measure("memory", max(peaks) / min(peaks), "at most 1.05", detail)


def peak_of_edit(source: Path, output: Path, model: Path) -> int:
    """Bytes that a process of its own took at most."""
    command = [
        sys.executable,
        "-m",
        "fairy",
        "edit",
        str(source),
        INSTRUCTION,
        "-o",
        str(output),
        "--model",
        str(model),
    ]
    options = ["--num-steps", "1", "--long-side", "64", "--device", "cpu", "--quiet", "--json"]
    done = subprocess.run([*command, *options], check=True, capture_output=True, text=True)
    return json.loads(done.stdout.splitlines()[-1])["peak_memory_bytes"]


def write_clip(path: Path, frames: np.ndarray) -> None:
    """Frames as a video of 25 frames a second, by way of a folder of pictures."""
    from fairy.sheet import save_png

    with tempfile.TemporaryDirectory() as folder:
        for index, frame in enumerate(frames):
            save_png(Path(folder, f"{index:06d}.png"), frame)
        info = probe(Path(folder))
        size = (frames.shape[2], frames.shape[1])
        writer = VideoWriter(path, info=info, size=size, quality=None, start=0, stop=len(frames), overwrite=True)
        with writer:
            for frame, pts in zip(frames, info.pts, strict=True):
                writer.write(frame, pts)


def medians(repeats: int, *runs: Callable[[], object]) -> list[float]:
    """Median seconds of each, the runs taking turns so that a change of the machine's mood meets all of them."""
    times: list[list[float]] = [[] for _ in runs]
    for run in runs:
        run()
    for _ in range(repeats):
        for taken, run in zip(times, runs, strict=True):
            begun = time.perf_counter()
            run()
            taken.append(time.perf_counter() - begun)
    return [statistics.median(taken) for taken in times]


def write_result(stem: Path, size: Size, measures: list[Measure]) -> None:
    """`stem`.json and `stem`.md: the measures, the machine and the versions."""
    machine = describe_machine()
    stem.parent.mkdir(parents=True, exist_ok=True)
    record = {"machine": machine, "size": asdict(size), "measures": [asdict(measure) for measure in measures]}
    stem.with_suffix(".json").write_text(json.dumps(record, indent=2) + "\n")
    rows = [f"| {m.case} | {m.value:.3f} | {m.target} | {m.detail} |" for m in measures]
    facts = ", ".join(f"{name} {value}" for name, value in machine.items())
    lines = [
        f"# The editor, measured on {machine['date']}",
        f"Command: `make bench`. {facts}. Median of {size.repeats} after one warm-up; embedded model,"
        f" {size.num_frames} frames of {size.width}x{size.height}, the model's own number of steps, seed 0.",
        "| case | ratio | target | what was measured |\n| --- | --- | --- | --- |\n" + "\n".join(rows),
        (__doc__ or "").split("\n\n", 2)[2].strip().join(["```\n", "\n```"]),
    ]
    stem.with_suffix(".md").write_text("\n\n".join(lines) + "\n")


def describe_machine() -> dict[str, str]:
    """Date, commit, processor and versions."""
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False).stdout
    packages = {name: version(name) for name in ("torch", "diffusers", "numpy", "av")}
    return {
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "commit": commit.strip() or "unknown",
        "processor": processor_name(),
        "cores": str(torch.get_num_threads()),
        "python": platform.python_version(),
        **packages,
    }


def processor_name() -> str:
    """The processor as the system calls it."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


if __name__ == "__main__":
    main()
