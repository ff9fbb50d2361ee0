"""The newest finished frame of a job that runs, as a picture for browsers."""

from __future__ import annotations

from pathlib import Path

import av

from fairy.disk.whole import save_png
from fairy.jobs.store import CHUNK_NAME, CHUNKS, job_path
from fairy.video.lossless import read_lossless


def frames_kept(output: Path) -> int:
    """Frames of a job that are finished and stored."""
    names = (CHUNK_NAME.fullmatch(path.name) for path in (job_path(output) / CHUNKS).glob("*.mkv"))
    return len({index for name in names if name for index in range(int(name[2]), int(name[3]))})


def newest_frame(output: Path, shown: Path) -> Path | None:
    """Write the last frame of the newest chunk into `shown`; None where no chunk is finished.

    Each frame has a name of its own, since browsers keep what they have seen; the one before is removed.
    """
    chunks = [path for path in (job_path(output) / CHUNKS).glob("*.mkv") if CHUNK_NAME.fullmatch(path.name)]
    if not chunks:
        return None
    chunk = max(chunks, key=lambda path: path.stat().st_mtime_ns)
    take, _, stop = chunk.name.split(".")[0].split("-")
    picture = shown / f"newest-{take}-{int(stop) - 1:06d}.png"
    if picture.exists():
        return picture
    try:
        *_, last = read_lossless(chunk)
    except av.error.FFmpegError:  # replaced in this very moment
        return None
    former = list(shown.glob("newest-*.png"))
    save_png(picture, last)
    for file in former:
        file.unlink(missing_ok=True)
    return picture
