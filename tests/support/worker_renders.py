"""What the workers do in the tests in place of rendering a chunk: fail, or kill their own process."""

import os
import signal
from pathlib import Path
from typing import Any

from fairy.jobs.store import Chunk
from fairy.jobs.workers.worker import render
from fairy.parallel.pool import Tick


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
