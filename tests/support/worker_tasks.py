"""What the workers do in the tests: tasks that succeed, fail, or kill their own process."""

import os
import signal
from pathlib import Path

from fairy.errors import FairyError, UsageError


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
