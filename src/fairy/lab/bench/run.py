"""All that is asked of a benchmark, one model after the other; what is done is on disk at once."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from importlib.util import find_spec
from pathlib import Path

import torch

from fairy.config import EMBEDDED, EditConfig
from fairy.errors import MissingPackageError
from fairy.lab.bench.attention_forms import measure_forms
from fairy.lab.bench.clips import moving_gradient
from fairy.lab.bench.editor_cases import EDITOR_CASES, NEED_FILES, Setup
from fairy.lab.bench.methods import Load
from fairy.lab.bench.profiling import profile_micro_batch
from fairy.lab.bench.random_model import build_sd15
from fairy.lab.bench.result import BenchResult, check_result, draw_chart, paths_of, write_result
from fairy.lab.bench.settings import ATTENTION, METHODS, SD15, BenchSettings, Plan
from fairy.lab.bench.sidebyside import compare_methods
from fairy.lab.bench.timing import Floor, measure_floor
from fairy.lab.results.machine import describe_machine, short_name, today
from fairy.method.editor import Editor
from fairy.models import load
from fairy.models.device import choose_device, choose_dtype
from fairy.report import SILENT, Report


def bench(
    settings: BenchSettings,
    folder: Path,
    *,
    command: str = "fairy lab bench",
    overwrite: bool = False,
    report: Report = SILENT,
) -> tuple[Path, BenchResult]:
    """Measure and write; returns what the files are called but for their endings, and what is in them.

    Raises UsageError for a device or a number format that is not there, OutputError where the result cannot be written.
    """
    device = choose_device(settings.device)
    dtype = choose_dtype(settings.dtype, device)
    stem = folder / f"{today()}-bench-{short_name(device)}"
    check_result(stem, overwrite)
    about = {"device": str(device), "dtype": str(dtype).removeprefix("torch."), "repeats": settings.repeats}
    result = BenchResult(describe_machine(device), command, about)
    report.progress("cases", 0, None)
    result.floor = measure_floor(device, dtype)
    for plan in settings.plans(device.type):
        with open_weights(plan.model, device) as path:
            bound = partial(load, path, device=str(device), dtype=settings.dtype)
            for _ in run_cases(bound, plan, settings, result, device, report):
                write_result(stem, result)
    result.complete = True
    if result.methods:
        try:
            draw_chart(paths_of(stem)["chart"], result.methods, result.machine.get("gpu", result.machine["processor"]))
        except MissingPackageError as error:
            result.notes.append(f"No chart: {error}.")
    write_result(stem, result)
    return stem, result


@contextmanager
def open_weights(model: str, device: torch.device) -> Iterator[str | None]:
    """What `load` is to be given; random weights are in a folder for as long as they are needed."""
    if model != SD15:
        yield None if model == EMBEDDED else model
        return
    with tempfile.TemporaryDirectory(prefix="fairy-bench-") as folder:
        yield str(build_sd15(Path(folder), device))


def run_cases(
    bound: Load, plan: Plan, settings: BenchSettings, result: BenchResult, device: torch.device, report: Report
) -> Iterator[None]:
    """Add to the result; yields whenever something is there."""
    if METHODS in plan.cases:
        floor: Floor = result.floor or measure_floor(device, bound().dtype)
        tell = partial(report.progress, "cases")
        result.methods += compare_methods(bound, plan, settings, floor, device, on_progress=tell)
        yield
    if settings.profile:
        model = bound()
        for number in settings.num_anchors:
            result.profile += profile_micro_batch(model, plan.model, plan.size, number, settings.num_steps)
        yield
    if ATTENTION in plan.cases:
        with Editor(bound()) as editor:
            frames, number = editor.micro_batch, max(settings.num_anchors) or 1
            result.attention += measure_forms(
                editor.model, plan.model, plan.size, num_frames=frames, num_anchors=number
            )
        yield
    yield from run_editor_cases(bound, plan, settings, result, report)


def run_editor_cases(
    bound: Load, plan: Plan, settings: BenchSettings, result: BenchResult, report: Report
) -> Iterator[None]:
    """The four cases of our editor alone."""
    wanted = [case for case in EDITOR_CASES if case in plan.cases]
    if find_spec("av") is None and (left_out := [case for case in wanted if case in NEED_FILES]):
        note = f"Left out for {plan.model}, because PyAV is not installed: {', '.join(left_out)}."
        report.note(note)
        result.notes.append(note)
        wanted = [case for case in wanted if case not in NEED_FILES]
    if not wanted:
        return
    width, height = plan.size
    frames = moving_gradient(plan.num_frames, height, width)
    with Editor(bound()) as editor:
        setup = Setup(editor, frames, EditConfig(num_steps=settings.num_steps), settings.repeats)
        for done, case in enumerate(wanted):
            report.progress("cases", done, len(wanted))
            result.measures.append(EDITOR_CASES[case](setup))
            yield
