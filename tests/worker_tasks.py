"""What the workers do in the tests: tasks that succeed, fail, or kill their own process."""

import os
import signal
from pathlib import Path
from typing import Any

from fairy.errors import FairyError, UsageError
from fairy.parallel.editing import render
from fairy.parallel.workers import Tick
from fairy.store import Chunk


def double(number: int) -> int:
    return 2 * number


def process_of(_: int) -> int:
    return os.getpid()


def never_three(number: int) -> int:
    if number == 3:
        raise ValueError("no threes")
    return number


def killed_once(task: tuple[int, Path]) -> int:
    """Kill this process at the first attempt, of which a file tells the second."""
    number, trace = task
    if number == 2 and not trace.exists():
        trace.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def always_killed(number: int) -> int:
    if number == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def refuse(_: int) -> int:
    raise UsageError("never")


def fail_to_start() -> None:
    raise FairyError("no model")


def render_but_never_frame_6(seat: Any, request: tuple[Any, Chunk, Any], tick: Tick) -> Any:
    """What a worker does with a chunk, but for one."""
    if request[1].start == 6:
        raise RuntimeError("not this one")
    return render(seat, request, tick)


def render_but_die_once_in_frame_7(trace: Path, seat: Any, request: tuple[Any, Chunk, Any], tick: Tick) -> Any:
    """What a worker does with a chunk; in the midst of one it kills its own process, the first time."""

    def die(done: int) -> None:
        if request[1].start == 6 and done == 2 and not trace.exists():
            trace.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        tick(done)

    return render(seat, request, die)
