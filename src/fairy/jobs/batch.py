"""Many videos by one command: those of a folder, or of a list with an instruction for each (CSV or JSON lines).

All are edited by the same workers, with the model loaded once. The results lie in one folder, with an account in
results.jsonl: a line for each video that was done or has failed. What it tells as done is not done again.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from fairy.config import EditConfig, JobConfig, MaskConfig, ModelConfig, RunConfig, VideoConfig
from fairy.disk.hashes import hash_text
from fairy.errors import FairyError, OutputError
from fairy.jobs import edit as editing
from fairy.jobs.listing import Entry, foretold_frames
from fairy.jobs.manifest import describe_model
from fairy.jobs.render import Renderer
from fairy.jobs.request import Request, check_apart, check_outputs, open_renderer
from fairy.jobs.result import EditResult, name_and_device
from fairy.models import Model
from fairy.report import SILENT, Report, Stage

ACCOUNT = "results.jsonl"
MOST_AT_ONCE = 8
"""Videos that many workers have in hand together: the next one begins while the last chunks of others are done."""


@dataclass(frozen=True)
class BatchResult:
    """What was made."""

    output: Path
    """The folder."""
    results: tuple[EditResult, ...]
    num_skipped: int
    """Videos that were done before."""
    failures: Mapping[str, str]
    """Why some are not there, by the name of the output."""


def edit_list(
    entries: Sequence[Entry],
    folder: Path | str,
    *,
    edit: EditConfig | None = None,
    model: ModelConfig | Model | Renderer | None = None,
    video: VideoConfig | None = None,
    run: RunConfig | None = None,
    job: JobConfig | None = None,
    mask: MaskConfig | None = None,
    overwrite: bool = False,
    report: Report = SILENT,
) -> BatchResult:
    """Edit each entry (fairy.jobs.listing) into a folder, which is made if it is not there.

    A video that fails is told and left out, and the others go on. The same call again goes on where an interrupted one
    stopped. Raises OutputError, before anything is done, where a file is in the way that this folder's account does not
    know, and what `open_renderer` raises.
    """
    folder = Path(folder)
    make_folder(folder)
    settings = {"edit": edit, "model": model, "video": video, "run": run, "job": job, "mask": mask}
    requests = {entry: Request.of(entry.video, entry.instruction, **settings) for entry in entries}
    digests = {entry: digest_of(request) for entry, request in requests.items()}
    known = {} if overwrite else read_account(folder / ACCOUNT)
    pending = [entry for entry in entries if not is_done(folder, entry, known.get(entry.output), digests[entry])]
    for entry in pending:
        check_outputs(requests[entry], [f"{folder}/{entry.output}"], overwrite)  # a Path forgets the / of a folder
        for other in requests.values() if (folder / entry.output).exists() else ():
            check_apart(other, [folder / entry.output])
    if not pending:
        return BatchResult(folder, (), len(entries), {})
    bar = Together(report, {entry.output: foretold_frames(entry.video) for entry in pending})
    account = Account(folder / ACCOUNT, digests, report)

    def edit_one(renderer: Renderer, entry: Entry) -> None:
        request, output = replace(requests[entry], model=renderer), f"{folder}/{entry.output}"
        try:
            result = editing.edit(request, output, overwrite=overwrite, report=bar.part(entry.output))
        except FairyError as error:
            bar.check()  # where all is stopped, nothing has failed
            account.add(entry, error=error)
        else:
            account.add(entry, result=result)

    try:
        edit_all(edit_one, pending, lambda: open_renderer(requests[pending[0]], report), bar)
    except KeyboardInterrupt:
        done = len(entries) - len(pending) + len(account.results)
        raise KeyboardInterrupt(f"{done} of {len(entries)} videos are done: the same command goes on") from None
    return BatchResult(folder, tuple(account.results), len(entries) - len(pending), account.failures)


def make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{folder} cannot be the folder of the results ({error.strerror})") from error


def edit_all(
    edit_one: Callable[[Renderer, Entry], None], entries: Sequence[Entry], opened: Callable[[], Any], bar: Together
) -> None:
    """One after the other, or, with many workers, some at a time."""
    with ThreadPoolExecutor(MOST_AT_ONCE, "fairy-batch") as threads, opened() as renderer:
        renderer.ask(name_and_device)  # where no worker can start, that is one error, not one for each video
        if renderer.workers == 1:
            for entry in entries:
                edit_one(renderer, entry)
            return
        # An interruption must reach the threads: their reports raise it, and the workers' end fails what they wait for.
        running: list[Future[None]] = [threads.submit(edit_one, renderer, entry) for entry in entries]
        try:
            for future in wait(running, return_when=FIRST_EXCEPTION).done:
                future.result()
        except BaseException:
            bar.stop()
            threads.shutdown(wait=False, cancel_futures=True)
            raise


class Account:
    """The lines of results.jsonl, written as the videos end."""

    def __init__(self, path: Path, digests: Mapping[Entry, str], report: Report) -> None:
        self.path, self.digests, self.report = path, digests, report
        self.results: list[EditResult] = []
        self.failures: dict[str, str] = {}
        self._lock = threading.Lock()

    def add(self, entry: Entry, *, result: EditResult | None = None, error: FairyError | None = None) -> None:
        """A video is done, or has failed."""
        line = {"video": str(entry.video), "instruction": entry.instruction, "wish": self.digests[entry]}
        if result:
            line |= asdict(replace(result, output=Path(entry.output)))
        with self._lock:
            if result:
                self.results.append(result)
            else:
                self.failures[entry.output] = str(error)
                self.report.note(f"{entry.output} failed: {error}")
                line |= {"output": entry.output, "error": str(error)}
            with self.path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(line, default=str) + "\n")


def read_account(path: Path) -> dict[str, dict[str, Any]]:
    """The latest line of each output. OutputError where the file is no account."""
    if not path.exists():
        return {}
    lines = path.read_text(encoding="utf-8").splitlines()
    try:
        records = [json.loads(line) for line in lines if line]
        return {record["output"]: record for record in records}
    except (ValueError, KeyError, TypeError) as error:
        raise OutputError(f"{path} is no account of an earlier run, or is damaged: move it away") from error


def is_done(folder: Path, entry: Entry, record: Mapping[str, Any] | None, digest: str) -> bool:
    """Whether an earlier run has made exactly this."""
    if record is None or "error" in record:
        return False
    return bool(record["wish"] == digest) and (folder / entry.output).exists()


def digest_of(request: Request) -> str:
    """All that a result depends on, in short; the source by its name, size and time."""
    facts = request.source.stat()
    deciding = replace(request.job, workers=1, ray_address=None, chunk=None, keep_job=False, restart=False)
    source = (str(request.source.absolute()), facts.st_size, facts.st_mtime_ns)
    model = name_of(request.model)
    return hash_text(repr([source, request.instruction, deciding, request.edit, request.video, request.mask, model]))


def name_of(model: ModelConfig | Model | Renderer) -> str:
    """A model in the words it was asked for with, or, where it is loaded already, in its own."""
    if isinstance(model, ModelConfig):
        return repr(model)
    return repr(model.config if isinstance(model, Model) else model.ask(describe_model))


class Together:
    """Several videos in one bar: frames done of all frames. Used by several threads."""

    def __init__(self, report: Report, num_frames: Mapping[str, int]) -> None:
        self.report = report
        self._totals, self._done = dict(num_frames), dict.fromkeys(num_frames, 0)
        self._lock = threading.Lock()
        self._stopped = False

    def part(self, name: str) -> Part:
        """The report of one video."""
        return Part(self, name)

    def stop(self) -> None:
        """Let every part interrupt its video."""
        self._stopped = True

    def note(self, name: str, line: str) -> None:
        """A line about one video."""
        with self._lock:
            self.report.note(f"{name}: {line}")

    def progress(self, name: str, done: int, total: int | None) -> None:
        """One video has come so far; its total, which was foretold, is known now."""
        with self._lock:
            self._done[name], self._totals[name] = done, total or self._totals[name]
            self.report.progress("frames", sum(self._done.values()), sum(self._totals.values()))

    def check(self) -> None:
        """KeyboardInterrupt where all was stopped."""
        if self._stopped:
            raise KeyboardInterrupt


@dataclass(frozen=True)
class Part:
    """A video's report within the whole."""

    whole: Together
    name: str

    def note(self, line: str) -> None:
        """A line that a user should read."""
        self.whole.note(self.name, line)

    def progress(self, stage: Stage, done: int, total: int | None) -> None:
        """Only finished frames move the bar of all."""
        self.whole.check()
        if stage == "frames":
            self.whole.progress(self.name, done, total)
