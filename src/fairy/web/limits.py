"""What may come in: a video within the limits of bytes, seconds and pixels. Each refusal is one clear line.

What a header claims is looked at first, because that is quick; then every frame is counted, because headers lie.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from fairy.errors import UsageError
from fairy.pictures.cuts import CutDetector
from fairy.video import VideoInfo, probe
from fairy.video.decode import open_input, video_stream
from fairy.web.settings import WebConfig

MOST_FRAMES_A_SECOND = 240


def check_upload(path: Path, config: WebConfig) -> VideoInfo:
    """Look through an upload. UsageError where it is too large, MediaError where it is no video."""
    size = path.stat().st_size
    if size > config.max_bytes:
        raise UsageError(
            f"{path.name} has {size / (1 << 20):.0f} MB; at most {config.max_megabytes} MB are accepted."
            " Compress it first."
        )
    check_header(path, config)
    info, _ = look_through(path, round(config.max_seconds * MOST_FRAMES_A_SECOND))
    check_seconds(path, info.duration, config)
    return info


def check_header(path: Path, config: WebConfig) -> None:
    """Refuse by what the file says of itself."""
    with open_input(path) as container:
        stream = video_stream(container, path)
        width, height = stream.codec_context.width, stream.codec_context.height
        microseconds = container.duration or 0
    if width * height > config.max_pixels:
        raise UsageError(
            f"{path.name} has {width}x{height} pixels; at most {config.max_pixels:,} a frame are accepted"
            f" (such as {_largest(width, height, config.max_pixels)}). Scale it down first."
        )
    check_seconds(path, microseconds / 1e6, config)


def check_seconds(path: Path, seconds: float, config: WebConfig) -> None:
    """Refuse what lasts too long; a hundredth is rounding."""
    if seconds > config.max_seconds + 0.01:
        raise UsageError(
            f"{path.name} lasts {seconds:.1f} s; at most {config.max_seconds:g} s are accepted. Cut out a part first."
        )


@lru_cache(maxsize=32)
def look_through(path: Path, most_frames: int | None = None) -> tuple[VideoInfo, tuple[int, ...]]:
    """A video and the first frames of its shots, found in one pass over its frames; remembered."""
    detector = CutDetector()

    def count(done: int, _: int | None) -> None:
        if most_frames is not None and done > most_frames:
            raise UsageError(f"{path.name} has more than {most_frames:,} frames. Cut out a part first.")

    info = probe(path, on_progress=count, on_frame=detector.push)
    return info, tuple(detector.cuts)


def describe_clip(info: VideoInfo) -> str:
    """What a video is, in a line."""
    rate = f"{float(info.fps):.3g} a second" if not info.variable_rate else "variable rate"
    sound = "with sound" if info.audio else "no sound"
    return f"{len(info)} frames, {info.duration:.1f} s, {info.width}x{info.height}, {rate}, {sound}"


def _largest(width: int, height: int, pixels: int) -> str:
    """A size of the same shape that would be accepted."""
    scale = (pixels / (width * height)) ** 0.5
    return f"{int(width * scale)}x{int(height * scale)}"
