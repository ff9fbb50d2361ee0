"""A VIDEO as a file that Fairy can read.

A VIDEO that was trimmed, cropped or resized in the graph still hands out the whole file as its stream, so what it says
of itself is compared with what the file says.
"""

from __future__ import annotations

import io
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import folder_paths
from comfy_api.latest import InputImpl

from fairy.config import VideoConfig


@contextmanager
def scratch() -> Iterator[Path]:
    """A folder for what a run needs for a while."""
    home = Path(folder_paths.get_temp_directory())
    home.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="fairy-", dir=home) as folder:
        yield Path(folder)


def on_disk(video: Any, wish: VideoConfig, folder: Path) -> tuple[Path, VideoConfig]:
    """A file that shows the video, and which part of it is meant.

    The file itself, with its own time stamps, colours and sound, wherever that is possible; where more was done to it
    than to trim it, or where it has no file, ComfyUI writes it into `folder`.
    """
    if isinstance(video, InputImpl.VideoFromFile) and not changed(video):
        source = video.get_stream_source()
        if isinstance(source, io.BytesIO):
            path = folder / "source.mp4"  # whatever it is: FFmpeg looks at the bytes
            path.write_bytes(source.getbuffer())
            return path, trimmed(video, wish)
        return Path(source), trimmed(video, wish)
    path = folder / "source.mp4"
    video.save_to(str(path))
    return path, wish


def changed(video: Any) -> bool:
    """Whether its pictures, or an unknown part of them, are not those of the file."""
    plain = InputImpl.VideoFromFile(video.get_stream_source())
    if video.get_dimensions() != plain.get_dimensions() or _ask(video, "has_pending_frame_edits", False):
        return True
    return video.get_duration() != plain.get_duration() and _window(video) == (0.0, 0.0)


def trimmed(video: Any, wish: VideoConfig) -> VideoConfig:
    """The part that is wished of the part that a trimmed video shows, in seconds of the file."""
    begin, length = _window(video)
    start = begin + (wish.start or 0.0)
    end = None if wish.end is None else begin + wish.end
    if length:
        end = begin + length if end is None else min(end, begin + length)
    return replace(wish, start=start or None, end=end)


def _window(video: Any) -> tuple[float, float]:
    """Where a trimmed video begins, and how long it is, in seconds; 0 is to the end."""
    start, length = _ask(video, "get_active_trim_window", (0.0, 0.0))
    return float(start), float(length)


def _ask(video: Any, name: str, default: Any) -> Any:
    """What newer versions of ComfyUI tell of a video, and older ones do not."""
    return getattr(video, name)() if hasattr(video, name) else default
