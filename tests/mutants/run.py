"""Puts small bugs into the code, one at a time, and counts those that the tests notice: `make mutants`.

Each row of the tables beside this file is a bug: (file, old text, new text, tests that should fail). It is put into a
copy of the checkout, and the named tests are run there. A row whose text is not found exactly once is told as lost:
the code has moved on, and so must the row. In the end all named tests are run without any bug: what fails then has
noticed nothing, and its rows count as broken.

All tests run in children of one process that has imported the heavy libraries, so that a row costs its tests alone.
"""

from __future__ import annotations

import argparse
import ast
import compileall
import json
import os
import runpy
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
ROOMS = ("method", "jobs", "video", "metrics", "study", "training", "web", "workers")
HEAVY = (
    *("numpy", "torch", "diffusers", "transformers", "safetensors.torch", "einops", "av", "PIL.Image", "pytest"),
    *("cv2", "skimage.metrics", "scipy", "matplotlib.pyplot", "accelerate", "gradio", "gradio_client"),
)
PIPELINES = (
    *("UNet2DConditionModel", "AutoencoderKL", "AutoencoderTiny", "StableDiffusionInstructPix2PixPipeline"),
    *("StableDiffusionXLInstructPix2PixPipeline", "EulerAncestralDiscreteScheduler"),
)
OURS = (
    *("tiny", "tiny_flux2", "tiny_kontext", "tiny_qwen", "clips", "jobs", "studies", "tiny_clip", "fairy.cli.main"),
    *("fairy.lab.metrics", "fairy.lab.training.finetune", "fairy.lab.study.serve", "fairy.web", "fairy.jobs.calls"),
)
"""They import the rest of what is heavy."""
SECONDS_LIMIT = 300
BEFORE = 1_700_000_000
"""When all files of the copy were written, as it seems."""
KILLED, SURVIVED, LOST, BROKEN, OPEN = "killed", "survived", "lost", "broken", "not tried"


@dataclass(frozen=True)
class Mutant:
    """A bug, and what should notice it."""

    room: str
    number: int
    file: str
    """Below src/fairy."""
    old: str
    new: str
    tests: tuple[str, ...]
    """Below tests; with ::name one test of a file."""

    @property
    def name(self) -> str:
        return f"{self.room}-{self.number:02d}"


@dataclass(frozen=True)
class Outcome:
    """What came of a mutant."""

    name: str
    file: str
    bug: str
    state: str
    by: str = ""
    """The test that noticed it, or why it could not be tried."""
    seconds: float = 0.0


def table() -> list[Mutant]:
    """All rows."""
    return [
        Mutant(room, number, file, old, new, (tests,) if "[" in tests else tuple(tests.split()))
        for room in ROOMS
        for number, (file, old, new, tests) in enumerate(runpy.run_path(str(HERE / f"{room}.py"))["MUTANTS"], 1)
    ]


def copied(folder: Path) -> Path:
    """The checkout as git has it and as it lies there now, to be changed."""
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    for name in subprocess.run(listed, cwd=ROOT, check=True, capture_output=True, text=True).stdout.splitlines():
        if (ROOT / name).is_file() and not (ROOT / name).is_symlink():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, folder / name)
            os.utime(folder / name, (BEFORE, BEFORE))  # so that a file that is put back is the one that was compiled
    compileall.compile_dir(folder / "src", quiet=1)
    return folder


def tried(
    tree: Path, words: Sequence[str], changed: str = "", limit: float = SECONDS_LIMIT
) -> tuple[int, list[str], float]:
    """Run tests in the copy, of which a file has changed: pytest's exit code, or minus the signal; what failed; seconds."""
    begun = time.perf_counter()
    with tempfile.TemporaryFile("w+") as said:
        if (child := os.fork()) == 0:
            run_child(tree, words, changed, said.fileno())
        deadline, status = begun + limit, None
        while status is None:
            ended, code = os.waitpid(child, os.WNOHANG)
            if ended:
                status = os.waitstatus_to_exitcode(code)
            elif time.perf_counter() > deadline:
                os.kill(child, signal.SIGKILL)
                os.waitpid(child, 0)
                return 1, [f"no end within {limit:g} s"], time.perf_counter() - begun
            else:
                time.sleep(0.02)
        said.seek(0)
        lines = said.read().splitlines()
    failed = [line for line in lines if line.startswith(("FAILED ", "ERROR "))] or lines[-1:]
    return status, failed if status else [], time.perf_counter() - begun


def run_child(tree: Path, words: Sequence[str], changed: str, said: int) -> None:
    """In the child: pytest on the copy. Never returns."""
    code = 120
    try:
        os.dup2(said, 1)
        os.dup2(said, 2)
        os.chdir(tree)
        os.environ |= {"PYTHONPATH": str(tree / "src"), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
        sys.path[:0] = [str(tree / "src")]
        if changed:
            forget(tree, changed)
        import pytest

        plain = ("-p", "no:cacheprovider", "-p", "pytest_timeout")
        words = [word if word.startswith("-") else f"tests/{word}" for word in words]
        code = int(pytest.main(["-q", *plain, *words]))
    except BaseException:  # noqa: BLE001  told as the reason
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def judge(tree: Path, mutant: Mutant) -> Outcome:
    """Try one mutant."""
    place = tree / "src" / "fairy" / mutant.file
    bug = f"{squeezed(mutant.old)} -> {squeezed(mutant.new) or 'nothing'}"
    text = place.read_text(encoding="utf-8") if place.is_file() else ""
    if text.count(mutant.old) != 1:
        return Outcome(mutant.name, mutant.file, bug, LOST, f"its text is there {text.count(mutant.old)} times")
    try:
        place.write_text(text.replace(mutant.old, mutant.new), encoding="utf-8")
        code, failed, seconds = tried(tree, ("-x", *mutant.tests), mutant.file)
    finally:
        place.write_text(text, encoding="utf-8")
        os.utime(place, (BEFORE, BEFORE))
    state = SURVIVED if code == 0 else KILLED if code in (1, 2) or code < 0 else BROKEN
    return Outcome(mutant.name, mutant.file, bug, state, failed[0][:200] if failed else "", seconds)


def sound(tree: Path, mutants: Sequence[Mutant], outcomes: Sequence[Outcome]) -> list[Outcome]:
    """The same outcomes, but broken where a named test fails without any bug."""
    tests = sorted({test for mutant in mutants for test in mutant.tests})
    code, failed, _ = tried(tree, tests, limit=SECONDS_LIMIT * 10)
    if not code:
        return list(outcomes)
    print(f"without any bug: exit {code}", *failed, sep="\n  ")
    names = [line.split(" ")[1].removeprefix("tests/") for line in failed if " " in line]
    files = {name.partition("::")[0] for name in names}
    wrong = {
        mutant.name for mutant in mutants if any(test.partition("::")[0] in files for test in mutant.tests) or not files
    }
    return [
        replace(each, state=BROKEN, by=f"fails without any bug: {failed[0][:120]}") if each.name in wrong else each
        for each in outcomes
    ]


def squeezed(text: str) -> str:
    """On one line, and not too long."""
    line = " ".join(text.split())
    return line if len(line) <= 70 else f"{line[:67]}..."


def main() -> int:
    """Try all rows, or those whose names begin as given."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help="only these, such as jobs or jobs-07")
    parser.add_argument("-o", "--output", type=Path, help="folder for the dated result")
    parser.add_argument("--go-on", type=Path, help="a file of outcomes: what is in it is not tried again")
    parser.add_argument("--known-only", action="store_true", help="try nothing: write what --go-on knows")
    chosen = parser.parse_args()
    rows = table()
    mutants = [each for name in chosen.names or ROOMS for each in rows if each.name.startswith(name)]
    known = {}
    if chosen.go_on and chosen.go_on.exists():
        lines = chosen.go_on.read_text(encoding="utf-8").splitlines()
        known = {outcome["name"]: Outcome(**outcome) for outcome in map(json.loads, lines)}
    if chosen.known_only:
        empty = [Outcome(m.name, m.file, f"{squeezed(m.old)} -> {squeezed(m.new) or 'nothing'}", OPEN) for m in mutants]
        write(chosen.output, [known.get(each.name, each) for each in empty])
        return 0
    os.environ.update(OMP_NUM_THREADS="1", PYTHONDONTWRITEBYTECODE="1", MPLBACKEND="agg")
    sys.dont_write_bytecode = True
    outcomes = []
    with tempfile.TemporaryDirectory() as place:
        tree = copied(Path(place))
        warm_up(tree, mutants)
        for mutant in mutants:
            outcome = known.get(mutant.name) or judge(tree, mutant)
            outcomes.append(outcome)
            print(
                f"{outcome.name:12} {outcome.state:9} {outcome.seconds:5.1f} s  {outcome.bug}  {outcome.by}", flush=True
            )
            if chosen.go_on and mutant.name not in known:
                with chosen.go_on.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(asdict(outcome)) + "\n")
        outcomes = sound(tree, mutants, outcomes)
    counts = Counter(outcome.state for outcome in outcomes)
    print(", ".join(f"{count} {state}" for state, count in counts.items()))
    if chosen.output:
        write(chosen.output, outcomes)
    return int(counts[KILLED] < 0.95 * (counts[KILLED] + counts[SURVIVED]) or counts[LOST] > 0 or counts[BROKEN] > 0)


def warm_up(tree: Path, mutants: Sequence[Mutant]) -> None:
    """Import all that tests need."""
    rooms = {mutant.room for mutant in mutants}
    left_out = () if "web" in rooms else ("gradio", "gradio_client", "fairy.web")
    paths = [str(tree / "src"), str(tree / "tests" / "support")]
    sys.path[:0] = paths
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name in (*HEAVY, *OURS):
            if name not in left_out:
                import_module(name)
        diffusers = import_module("diffusers")
        for name in PIPELINES:
            getattr(diffusers, name)
    import_module("torch").set_num_threads(1)
    for path in paths:
        sys.path.remove(path)
    for name, module in sys.modules.items():
        path = Path(str(getattr(module, "__file__", "") or ""))
        if path.is_relative_to(tree):
            LOADED[name] = path, imported(path.read_text(encoding="utf-8"))


LOADED: dict[str, tuple[Path, set[str]]] = {}
"""Of the copy: where each module lies, and what it imports."""


def forget(tree: Path, file: str) -> None:
    """Have a file of src/fairy, and all that has imported anything of it, imported anew."""
    gone, found = set(), {name for name, (path, _) in LOADED.items() if path == tree / "src" / "fairy" / file}
    while found:
        gone |= found
        found = {name for name, (_, wanted) in LOADED.items() if wanted & gone} - gone
    for name in gone:
        parent, _, last = name.rpartition(".")
        sys.modules.pop(name)
        if last in vars(sys.modules.get(parent, object)):
            delattr(sys.modules[parent], last)


def imported(text: str) -> set[str]:
    """The names of all modules that a source imports, or may import, anywhere in it."""
    names = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            names |= {each.name for each in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{each.name}" for each in node.names)}
    return names


def write(folder: Path, outcomes: list[Outcome]) -> None:
    """The dated result."""
    known = json.loads((HERE / "survivors.json").read_text(encoding="utf-8"))
    counts = Counter(outcome.state for outcome in outcomes)
    tried_out = counts[KILLED] + counts[SURVIVED]
    date = f"{datetime.now(UTC):%Y-%m-%d}"
    head = [
        f"# Mutants, counted on {date}",
        "",
        f"Command: `make mutants`. {counts[KILLED]} of {tried_out} bugs were noticed by the tests named beside them"
        f" ({counts[KILLED] / tried_out:.1%}); {counts[SURVIVED]} survived, {counts[LOST]} rows were lost,"
        f" {counts[BROKEN]} could not be tried, {counts[OPEN]} were not tried yet.",
        "",
    ]
    left = [
        f"- `{o.name}` {o.file}: `{o.bug}`. {known.get(o.name, o.by)}"
        for o in outcomes
        if o.state not in (KILLED, OPEN)
    ]
    rooms = [
        f"| {room} | {sum(o.name.startswith(f'{room}-') for o in outcomes)} | "
        f"{sum(o.name.startswith(f'{room}-') and o.state in (KILLED, SURVIVED) for o in outcomes)} | "
        f"{sum(o.name.startswith(f'{room}-') and o.state == KILLED for o in outcomes)} |"
        for room in ROOMS
    ]
    rows = [f"| {o.name} | {o.file} | `{o.bug.replace('|', chr(92) + '|')}` | {o.state} |" for o in outcomes]
    parts = [
        *head,
        "| room | bugs | tried | noticed |\n| --- | --- | --- | --- |",
        *rooms,
        "",
        "## What was not noticed\n",
        *(left or ["Nothing."]),
        "",
        "## All\n",
        "| name | file | bug | came of it |\n| --- | --- | --- | --- |",
        *rows,
    ]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{date}-mutants.md").write_text("\n".join(parts) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
