"""Many workers, measured: 1, 2 and 4 on this machine, beside a model, which is then carried on to 512.

    python scripts/measure_workers.py -o benchmarks        # some ten minutes on two cores

Each worker computes one frame at a time on one core. Times are those of a whole job, from the plan to the written
video, with the workers started and warm. More workers than cores take turns, and are counted as so many cores.

The model, for n workers on p = min(n, cores) cores, F frames and S shots:
    seconds(n) = work(n) / p + serial(F),    work(n) = F * frame + shots_begun(n) * anchors
where frame, anchors and serial (planning, assembling) are measured with one worker in this process, and a shot's
anchors are edited by every worker that takes a part in it: shots_begun(n) = n for one shot.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import fairy
from fairy.config import EditConfig, JobConfig, RunConfig, VideoConfig
from fairy.disk.whole import write_text
from fairy.jobs.workers.dispatch import ManyWorkers, open_many
from fairy.lab.bench.clips import moving_gradient, write_clip
from fairy.lab.bench.timing import seconds_of
from fairy.lab.results.machine import describe_machine, in_words, today
from fairy.lab.results.tables import as_markdown
from fairy.parallel.cluster import num_cores
from fairy.report import SILENT
from fairy.video import VideoWriter, background, probe
from fairy.video.lossless import LosslessWriter, read_lossless

INSTRUCTION = "make it night"
ONE_AT_A_TIME = RunConfig(batch_size=1)
SIZE = (192, 144)
WORKERS = (1, 2, 4)
BEYOND = (8, 16, 32, 64, 128, 256, 512)
FILM_SIZE = (512, 384)


@dataclass(frozen=True)
class Constants:
    """Seconds, measured with one worker in this process."""

    frame: float
    anchors: float
    serial: float
    """Of a job: hash, job folder, encoder."""
    serial_a_frame: float
    """Assembling: read the stored frame, encode it."""
    bank_mib: float
    film_probe: float
    """Looking through the source, a frame of FILM_SIZE."""
    film_assemble: float


def main() -> None:
    """Measure, predict, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-o", "--output", type=Path, default=Path("benchmarks"))
    parser.add_argument("--frames", type=int, default=48)
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder, "source.mp4")
        write_clip(source, moving_gradient(options.frames, *SIZE[::-1]))
        constants = measure_constants(source, options.frames)
        jobs = {}
        for workers in WORKERS:
            with open_many(None, ONE_AT_A_TIME, workers, None, SILENT) as renderer:
                warm_up(renderer, source)
                times = [
                    run_job(renderer, source, replace(JobConfig(), workers=workers)) for _ in range(options.repeats)
                ]
                jobs[workers] = statistics.median(times)
    write(options, constants, jobs)


def measure_constants(source: Path, num_frames: int) -> Constants:
    """One worker, in this process, part by part."""
    frames = moving_gradient(8, *SIZE[::-1])
    with fairy.Editor(fairy.load(), ONE_AT_A_TIME) as editor:
        anchors, bank = fastest(lambda: editor.edit_anchors(frames[[0, 3, 7]], INSTRUCTION))
        eight, _ = fastest(lambda: list(editor.edit_frames(frames, bank)))
    few, many = (measure_serial(source, count) for count in (4, num_frames))
    slope = max(0.0, (many - few) / (num_frames - 4))
    return Constants(eight / 8, anchors, few - 4 * slope, slope, bank.num_bytes / 2**20, *measure_film())


def measure_serial(source: Path, num_frames: int) -> float:
    """Seconds of a job whose frames are all there already."""
    edit, video = EditConfig(num_steps=1), VideoConfig(end=num_frames / 25)
    with tempfile.TemporaryDirectory() as folder:
        again = partial(fairy.edit_video, source, INSTRUCTION, Path(folder, "out.mp4"), overwrite=True)
        job = partial(again, edit=edit, video=video, job=JobConfig(keep_job=True))
        job()
        return min(job().seconds for _ in range(3))


def measure_film(num_frames: int = 48) -> tuple[float, float]:
    """Seconds a frame of what one process does for all workers, at the size of the film in docs/guide/many.md."""
    frames = moving_gradient(num_frames, *FILM_SIZE[::-1])
    with tempfile.TemporaryDirectory() as folder:
        source, stored, output = (Path(folder, name) for name in ("source.mp4", "stored.mkv", "out.mp4"))
        write_clip(source, frames)
        probing, info = fastest(lambda: probe(source))
        with LosslessWriter(stored, FILM_SIZE) as writer:
            for frame in frames:
                writer.write(frame)

        def assemble() -> None:
            with VideoWriter(
                output, info=info, size=FILM_SIZE, quality=None, start=0, stop=num_frames, overwrite=True
            ) as video:
                for frame, pts in zip(background(read_lossless(stored)), info.pts, strict=True):
                    video.write(frame, int(pts))

        return probing / num_frames, fastest(assemble)[0] / num_frames


def fastest(run: Callable[[], Any], repeats: int = 3) -> tuple[float, Any]:
    """Seconds of the fastest run, and what it returned: other programs only ever add."""
    results: list[Any] = []
    seconds = min(seconds_of(lambda: results.append(run())) for _ in range(repeats))
    return seconds, results[-1]


def warm_up(renderer: ManyWorkers, source: Path) -> None:
    """All workers have started, and have computed."""
    while renderer.pool.num_ready < renderer.pool.count:
        time.sleep(0.1)
    run_job(renderer, source, JobConfig(chunk=4), EditConfig(num_steps=1))


def run_job(
    renderer: ManyWorkers, source: Path, job: JobConfig, edit: EditConfig | None = None, **options: Any
) -> float:
    """Seconds of one job."""
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder, "out.mp4")
        result = fairy.edit_video(source, INSTRUCTION, output, model=renderer, job=job, edit=edit, **options)
    return result.seconds


def predict(constants: Constants, num_frames: int, workers: int, cores: int) -> float:
    """Seconds of a job of one shot."""
    work = (num_frames - 3) * constants.frame + workers * constants.anchors
    return work / min(workers, cores) + constants.serial + num_frames * constants.serial_a_frame


def write(options: argparse.Namespace, constants: Constants, jobs: dict[int, float]) -> None:
    """The dated files."""
    cores, count = num_cores(), options.frames
    rows = []
    for workers, seconds in jobs.items():
        used, foretold = min(workers, cores), predict(constants, count, workers, cores)
        efficiency = jobs[1] / seconds / used
        rows.append((workers, used, seconds, count / seconds, efficiency, foretold, foretold / seconds - 1))
    record = {
        "machine": describe_machine() | {"cores": str(cores)},
        "constants": asdict(constants),
        "seconds": jobs,
        "frames": count,
        "repeats": options.repeats,
    }
    stem = options.output / f"{today()}-workers"
    write_text(stem.with_suffix(".json"), json.dumps(record, indent=2) + "\n")
    write_text(stem.with_suffix(".md"), report(record, rows, constants, count))


def report(record: dict[str, Any], rows: list[tuple[Any, ...]], constants: Constants, count: int) -> str:
    """The page."""
    heads = ("workers", "cores", "seconds", "frames a second", "efficiency", "model, seconds", "model is off by")
    cells = [
        [str(n), str(p), f"{s:.1f}", f"{f:.2f}", f"{e:.0%}", f"{m:.1f}", f"{o:+.0%}"] for n, p, s, f, e, m, o in rows
    ]
    lengths = (480, 4800, 48_000)
    beyond = [[str(n), *(speedup(constants, frames, n) for frames in lengths)] for n in BEYOND]
    parts = [
        f"# Many workers, measured on {record['machine']['date']}",
        f"Command: `python scripts/measure_workers.py`. {in_words(record['machine'])}. Embedded model, {count} frames"
        f" of {SIZE[0]}x{SIZE[1]}, the model's own number of steps, three anchors, one shot; each worker computes one"
        f" frame at a time on one core; median of {record['repeats']} jobs after a warm-up, from plan to written"
        " video. Efficiency is against one worker and the cores in use.",
        as_markdown(heads, cells),
        f"The model's constants, from one process: {constants.frame:.3f} s a frame, {constants.anchors:.2f} s for a"
        f" shot's anchors, {constants.serial:.2f} s a job and {1000 * constants.serial_a_frame:.1f} ms a frame for the"
        f" plan and for assembling; a bank of {constants.bank_mib:.0f} MiB. Frames of"
        f" {FILM_SIZE[0]}x{FILM_SIZE[1]}: {1000 * constants.film_probe:.1f} ms each to look through a source,"
        f" {1000 * constants.film_assemble:.1f} ms each to assemble.",
        "## The model beyond this machine (computed, not measured)",
        "A core for each worker, the constants above, one shot of so many frames: speed-up, efficiency.",
        as_markdown(["workers", *(f"{frames:,} frames" for frames in lengths)], beyond),
    ]
    return "\n\n".join(parts) + "\n"


def speedup(constants: Constants, num_frames: int, workers: int) -> str:
    """Of n workers with a core each."""
    factor = predict(constants, num_frames, 1, 1) / predict(constants, num_frames, workers, workers)
    return f"{factor:.0f}, {factor / workers:.0%}"


if __name__ == "__main__":
    main()
