"""A folder that one process at a time works in. The system itself gives the lock back when its holder dies."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from fairy.errors import OutputError

LOCK = "lock"


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the lock of a folder, which is made if it is not there, and removed if nothing is in it in the end.

    OutputError where another process holds it.
    """
    try:
        folder.mkdir(exist_ok=True)
        file = acquire(folder)
    except (FileExistsError, PermissionError) as error:
        raise OutputError(f"{folder} cannot be worked in ({error.strerror}). Move away what has this name.") from error
    try:
        file.seek(0)
        file.truncate()
        file.write(f"{os.getpid()}\n")
        file.flush()
        yield
    finally:
        if sys.platform == "win32":  # where an open file cannot be removed
            file.close()
        (folder / LOCK).unlink()
        if not any(folder.iterdir()):
            folder.rmdir()
        file.close()


def acquire(folder: Path) -> IO[str]:
    """The open lock file."""
    while True:
        file = (folder / LOCK).open("a+")
        if not try_lock(file):
            file.seek(0)
            holder = file.read().strip() or "unknown"
            file.close()
            raise OutputError(f"another fairy (process {holder}) works in {folder}. Wait for it, or stop it first.")
        # Whoever held it before may have removed it in the meantime: then this is nobody's lock.
        if (folder / LOCK).exists() and os.path.samestat(os.fstat(file.fileno()), (folder / LOCK).stat()):
            return file
        file.close()
        folder.mkdir(exist_ok=True)


if sys.platform == "win32":
    import msvcrt

    def try_lock(file: IO[str]) -> bool:
        """Whether the lock could be had."""
        try:
            file.seek(1 << 20)  # beyond the text, which others must be able to read
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def try_lock(file: IO[str]) -> bool:
        """Whether the lock could be had."""
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
