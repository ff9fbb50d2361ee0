"""A folder that one process at a time works in. The system itself gives the lock back when its holder dies."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from fairy.errors import OutputError

LOCK = "lock"


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the lock of a folder, which is made if it is not there, and removed if nothing is in it in the end.

    OutputError where another process holds it.
    """
    file = folder / LOCK
    lock = FileLock(file, timeout=0)
    try:
        folder.mkdir(exist_ok=True)
        lock.acquire()
    except Timeout:
        holder = file.read_text().strip() if file.exists() else ""
        raise OutputError(
            f"another fairy (process {holder or 'unknown'}) works in {folder}. Wait for it, or stop it first."
        ) from None
    except OSError as error:
        raise OutputError(f"{folder} cannot be worked in ({error.strerror}). Move away what has this name.") from error
    try:
        file.write_text(f"{os.getpid()}\n")
        yield
    finally:
        with suppress(PermissionError):  # Windows removes no file that is open
            file.unlink()
        lock.release()
        if not any(folder.iterdir()):
            folder.rmdir()
