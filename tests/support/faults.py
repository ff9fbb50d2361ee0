"""Breaks jobs and media on purpose and counts what comes of it: `make faults`, or in small from test_faults.py.

kills       kill -9 at random moments of one job, resumed each time: the same bytes at the end, no chunk done twice
damage      a random byte of a stored chunk or of the manifest changed: found, said, done again
truncation  the source cut in the middle of a run: one clear line, and the job goes on once the source is back
media       mutated files: each gives a result or one clear line, within a time and a memory limit
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from clips import make
from fairy.cli import main as cli
from mutations import MUTATIONS, seeds
from tiny import build_sd_folder

SECONDS_LIMIT, MEMORY_LIMIT = 60, 4 * 2**30
"""For one mutated file; the libraries alone map about 2 GiB."""
INSTRUCTION = "make it night"


@dataclass(frozen=True)
class Count:
    """How often something was tried, and how often it came out as it must."""

    case: str
    tried: int
    right: int
    detail: str


@dataclass(frozen=True)
class Job:
    """One command that edits `source` with a small random model."""

    model: Path
    source: Path
    output: Path

    @property
    def words(self) -> list[str]:
        places = [str(self.source), INSTRUCTION, "-o", str(self.output), "--model", str(self.model)]
        return ["edit", *places, "--num-steps", "1", "--long-side", "64", "--device", "cpu"]

    def start(self, *more: str) -> subprocess.Popen[str]:
        """In a process of its own."""
        command = [sys.executable, "-m", "fairy", *self.words, *more]
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def run(self, *more: str) -> tuple[int, str]:
        """To its end: the exit code and what was said."""
        process = self.start(*more)
        said = "".join(process.communicate())
        return process.returncode, said

    def chunks(self) -> dict[str, tuple[int, int]]:
        """The finished chunks: name -> (inode, time of change). A chunk that is done again has another inode."""
        folder = Path(f"{self.output}.fairy", "chunks")
        files = (
            [file for file in folder.glob("*.mkv") if not file.name.startswith("partial")] if folder.exists() else []
        )
        return {file.name: (file.stat().st_ino, file.stat().st_mtime_ns) for file in files}


def count_kills(model: Path, folder: Path, num_kills: int, num_frames: int, rng: random.Random) -> Count:
    """Kill one job again and again at random moments, then let it finish."""
    source = make(folder / "source.mp4", num_frames=num_frames, audio=("aac",))
    whole = Job(model, source, folder / "whole.mp4")
    begun, first, process = time.perf_counter(), 0.0, whole.start("--keep-job")
    while process.poll() is None:
        time.sleep(0.02)
        first = first or (time.perf_counter() - begun if whole.chunks() else 0.0)
    said = "".join(process.communicate())
    assert process.returncode == 0, said
    job, done, redone, killed = Job(model, source, folder / "killed.mp4"), {}, 0, 0
    while killed < num_kills and not job.output.exists():
        process, waited = job.start(), rng.uniform(0.0, 1.5)
        before = len(job.chunks())
        # Half of the kills come once a chunk of this run is done, the others at any moment from its first on.
        while killed % 2 and process.poll() is None and len(job.chunks()) == before:
            time.sleep(0.01)
        try:
            process.wait(waited if killed % 2 else waited * first)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            killed += 1
        process.communicate()
        now = job.chunks()
        redone += sum(now.get(name, kept) != kept for name, kept in done.items())
        done |= now
    code, said = job.run() if not job.output.exists() else (0, "")
    same = code == 0 and job.output.read_bytes() == whole.output.read_bytes()
    detail = (
        f"{len(done)} chunks seen between the kills, {redone} of them done twice; final file {'' if same else 'NOT '}"
    )
    return Count("kills", killed, killed if same and not redone else 0, detail + "identical")


def count_damage(model: Path, folder: Path, tries: int, rng: random.Random) -> list[Count]:
    """Change one byte of a chunk, or of the manifest, of an unfinished job."""
    job, whole = partial_job(model, folder)
    right: Counter[str] = Counter()
    wrong = {"chunk": "", "manifest": ""}
    for number in range(tries):
        for what in ("chunk", "manifest"):
            copy = Job(model, job.source, folder / f"{what}{number}.mp4")
            subprocess.run(["cp", "-r", f"{job.output}.fairy", f"{copy.output}.fairy"], check=True)
            stored = Path(f"{copy.output}.fairy")
            file = rng.choice(sorted(stored.glob("chunks/*.mkv"))) if what == "chunk" else stored / "manifest.json"
            flip(file, rng)
            code, said = copy.run()
            if what == "manifest":
                refused = code == 1 and "damaged" in said and "Traceback" not in said
                code, said = copy.run("--restart") if refused else (code, said)
            same = code == 0 and copy.output.read_bytes() == whole.read_bytes()
            good = same and (what == "manifest" or "damaged" in said)
            right[what] += good
            wrong[what] += "" if good else f"; WRONG: exit {code}, {said[-300:]!r}"
    chunk, manifest = (
        "found, said and done again; final file identical",
        "refused in one line; --restart gives the file",
    )
    return [
        Count("damaged chunk", tries, right["chunk"], chunk + wrong["chunk"]),
        Count("damaged manifest", tries, right["manifest"], manifest + wrong["manifest"]),
    ]


def count_truncation(model: Path, folder: Path, tries: int, rng: random.Random) -> Count:
    """Cut the source while it is read."""
    job, whole = partial_job(model, folder)
    right, wrong = 0, ""
    for number in range(tries):
        content = job.source.read_bytes()
        place = folder / f"cut{number}"
        place.mkdir()
        copy = Job(model, place / job.source.name, place / "cut.mp4")  # the recipe in the file names its source
        copy.source.write_bytes(content)
        process = copy.start()
        while process.poll() is None and not copy.chunks():
            time.sleep(0.02)
        os.truncate(copy.source, rng.randrange(len(content) // 4, len(content) * 3 // 4))
        said = "".join(process.communicate())
        ended_well = process.returncode == 0 or (process.returncode == 1 and "Traceback" not in said)
        copy.source.write_bytes(content)
        code, more = copy.run() if not copy.output.exists() else (0, "")
        good = ended_well and code == 0 and copy.output.read_bytes() == whole.read_bytes()
        right += good
        wrong += "" if good else f"; WRONG: exit {process.returncode}, then {code}, {(said + more)[-400:]!r}"
    return Count("source truncated in the run", tries, right, "a result or one line, then on to the same file" + wrong)


def partial_job(model: Path, folder: Path) -> tuple[Job, Path]:
    """A job with some chunks done, and the file that it must lead to."""
    source = make(folder / "source.mp4", num_frames=100)
    whole = Job(model, source, folder / "whole.mp4")
    code, said = whole.run()
    assert code == 0, said
    job = Job(model, source, folder / "partial.mp4")
    process = job.start()
    while process.poll() is None and len(job.chunks()) < 2:
        time.sleep(0.01)
    process.kill()
    process.communicate()
    return job, whole.output


def flip(file: Path, rng: random.Random) -> None:
    """Change one bit of a file."""
    content = bytearray(file.read_bytes())
    content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
    file.write_bytes(content)


def count_media(model: Path, folder: Path, num_files: int, rng: random.Random) -> list[Count]:
    """Edit mutated files, each in a process with limits."""
    originals = seeds(folder)
    tried, right, outcomes, slowest, largest, wrong = Counter(), Counter(), Counter(), 0.0, 0, []
    for number in range(num_files):
        name = list(MUTATIONS)[number % len(MUTATIONS)]
        file = MUTATIONS[name](rng.choice(originals), folder / f"{number}", rng)
        begun = time.perf_counter()
        code, said, peak = limited(
            lambda file=file: cli.main([*Job(model, file, folder / "out.mp4").words, "--overwrite"])
        )
        seconds = time.perf_counter() - begun
        lines = [line for line in said.splitlines() if line.startswith("fairy:")]
        good = "Traceback" not in said and (
            (code == 0) or (code in (1, 2) and len(lines) == 1 and "an error in Fairy" not in said)
        )
        tried[name] += 1
        right[name] += good
        outcomes["a result" if code == 0 else "one clear line"] += good
        slowest, largest = max(slowest, seconds), max(largest, peak)
        if not good:
            wrong.append(f"{name} #{number}: exit {code}, {said[-300:]!r}")
    counts = [Count(f"media: {name}", tried[name], right[name], "") for name in tried]
    results = ", ".join(f"{count} times {what}" for what, count in outcomes.items())
    detail = f"{results}; slowest {seconds_of(slowest)}, largest {largest / 2**20:.0f} MiB" + "".join(
        f"; {w}" for w in wrong
    )
    return [*counts, Count("media, all", num_files, sum(right.values()), detail)]


def seconds_of(value: float) -> str:
    """3.14159 -> '3.1 s'."""
    return f"{value:.1f} s"


def limited(work: Callable[[], int]) -> tuple[int, str, int]:
    """Run in a forked process with limits: exit code (negative: the signal that ended it), what it said, peak bytes."""
    with tempfile.TemporaryFile("w+") as said:
        child = os.fork()
        if child == 0:
            code = 120
            try:
                os.dup2(said.fileno(), 1)
                os.dup2(said.fileno(), 2)
                signal.alarm(SECONDS_LIMIT)
                resource.setrlimit(resource.RLIMIT_DATA, (MEMORY_LIMIT, MEMORY_LIMIT))
                code = work()
            finally:
                sys.stdout.flush()
                sys.stderr.flush()
                os._exit(code)
        _, status, usage = os.wait4(child, 0)
        said.seek(0)
        return os.waitstatus_to_exitcode(status), said.read(), usage.ru_maxrss * 1024


def main() -> int:
    """Count everything, print it as JSON, and write it to a folder if one is given."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--frames", type=int, default=3000, help="of the clip whose job is killed")
    parser.add_argument("--damage", type=int, default=10)
    parser.add_argument("--truncations", type=int, default=3)
    parser.add_argument("--media", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("-o", "--output", type=Path, help="folder for the dated result")
    chosen = parser.parse_args()
    rng, counts = random.Random(chosen.seed), []
    with tempfile.TemporaryDirectory() as place:
        folders = [Path(place, name) for name in ("model", "kills", "damage", "truncation", "media")]
        for folder in folders:
            folder.mkdir()
        model = build_sd_folder(folders[0])
        if chosen.media:
            counts += count_media(model, folders[4], chosen.media, rng)
        if chosen.kills:
            counts.append(count_kills(model, folders[1], chosen.kills, chosen.frames, rng))
        if chosen.damage:
            counts += count_damage(model, folders[2], chosen.damage, rng)
        if chosen.truncations:
            counts.append(count_truncation(model, folders[3], chosen.truncations, rng))
    if chosen.output:
        write(chosen.output, chosen, counts)
    sys.stdout.write(json.dumps([asdict(count) for count in counts]) + "\n")
    return int(any(count.right < count.tried for count in counts))


def write(folder: Path, chosen: argparse.Namespace, counts: list[Count]) -> None:
    """The dated table."""
    from fairy.lab.results.machine import describe_machine

    machine = describe_machine()
    rows = [f"| {c.case} | {c.tried} | {c.right} | {c.detail} |" for c in counts]
    facts = ", ".join(f"{name} {value}" for name, value in machine.items())
    command = (
        f"`make faults` (seed {chosen.seed}; limits for one media file: {SECONDS_LIMIT} s, {MEMORY_LIMIT >> 30} GiB)"
    )
    head = f"# Faults, counted on {machine['date']}\n\nCommand: {command}. {facts}.\n\n"
    table = "| what was done | tried | came out right | detail |\n| --- | --- | --- | --- |\n" + "\n".join(rows) + "\n"
    folder.mkdir(parents=True, exist_ok=True)
    stem = folder / f"{datetime.now(UTC):%Y-%m-%d}-faults"
    stem.with_suffix(".md").write_text(f"{head}{table}\n```\n{(__doc__ or '').split(chr(10) * 2, 1)[1].strip()}\n```\n")
    stem.with_suffix(".json").write_text(
        json.dumps({"machine": machine, "counts": [asdict(c) for c in counts]}, indent=1) + "\n"
    )


if __name__ == "__main__":
    sys.exit(main())
