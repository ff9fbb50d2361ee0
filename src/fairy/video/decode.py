"""Opening a media file and decoding its pictures in display order, the same way for counting and for reading."""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.container import InputContainer
from av.stream import Disposition
from av.video.stream import VideoStream

from fairy.errors import MediaError

MAX_PIXELS = 8192 * 8192
# Nothing but files: a playlist renamed .mp4 must not reach for the network. The limit stops absurd headers early.
OPTIONS = {"protocol_whitelist": "file", "max_pixels": str(MAX_PIXELS)}
ADVICE = "Give a video that FFmpeg can decode (mp4, mov, mkv, webm, gif ...) or a folder of numbered images"


def open_input(path: Path) -> InputContainer:
    """Open a file for reading; one clear line if it is no media file."""
    if not path.exists():
        raise MediaError(f"{path} does not exist. {ADVICE}.")
    try:
        # Tags in another encoding than UTF-8 are no reason to refuse a video.
        return av.open(f"file:{path}", "r", options=OPTIONS, metadata_errors="replace")
    except av.error.FFmpegError as error:
        raise MediaError(f"{path} cannot be opened as a video ({reason(error)}). {ADVICE}.") from error


def video_stream(container: InputContainer, path: Path) -> VideoStream:
    """The stream to edit: the best one that is no attached cover picture; one clear line if there is none."""
    real = [stream for stream in container.streams.video if not stream.disposition & Disposition.attached_pic]
    if not real:
        kinds = " and ".join(sorted({stream.type for stream in container.streams})) or "no tracks"
        raise MediaError(f"{path} holds no video, but {kinds}. {ADVICE}.")
    best = container.streams.best("video")
    stream = best if best in real else real[0]
    assert isinstance(stream, VideoStream)
    if stream.codec_context is None:
        raise MediaError(f"{path}: no decoder for its video. Convert it to H.264 with another program first.")
    width, height = stream.codec_context.width, stream.codec_context.height
    if width * height > MAX_PIXELS:
        raise MediaError(f"{path} claims {width}x{height} pixels; at most {MAX_PIXELS} in all are accepted. Scale it.")
    return stream


def reason(error: av.error.FFmpegError) -> str:
    """FFmpeg's own words, without number and path."""
    return (error.strerror or type(error).__name__).rstrip(".").lower()


@dataclass
class Damage:
    """What went wrong on the way through a file."""

    packets: int = 0
    """Packets that could not be decoded, and pictures that were patched up."""
    ended_early: bool = False
    """The file could not be read to its end, or holds less than its index lists."""

    def __bool__(self) -> bool:
        return self.packets > 0 or self.ended_early


def frames_of(container: InputContainer, stream: VideoStream, damage: Damage) -> Iterator[av.VideoFrame]:
    """Displayed frames from the container's present position on; broken packets are counted and left out."""
    packets, num_packets = container.demux(stream), 0
    while True:
        try:
            packet = next(packets, None)
        except av.error.FFmpegError:  # the file cannot be read any further: what it holds so far still counts
            damage.ended_early = True
            packet = None
        # A packet of no bytes, or None, asks the decoder for the frames that it still holds.
        yield from _decoded(stream, packet if packet is not None and packet.size else None, damage)
        if packet is None or not packet.size:
            damage.ended_early |= num_packets < len(stream.index_entries)
            return
        num_packets += 1


def _decoded(stream: VideoStream, packet: Any, damage: Damage) -> list[av.VideoFrame]:
    try:
        frames = stream.codec_context.decode(packet)
    except av.error.EOFError:
        return []
    except av.error.FFmpegError:
        damage.packets += 1
        return []
    damage.packets += sum(frame.is_corrupt for frame in frames)
    return frames


def fingerprint(frame: av.VideoFrame) -> int:
    """A checksum of every eighth row of the first plane: touches every block that a decoder could get wrong."""
    plane, layout = frame.planes[0], frame.format
    bits = layout.padded_bits_per_pixel if not layout.is_planar else -8 * (-layout.components[0].bits // 8)
    row_bytes = max(1, plane.width * bits // 8)
    rows = np.frombuffer(memoryview(plane), dtype=np.uint8).reshape(-1, abs(plane.line_size))
    return zlib.crc32(rows[: plane.height : 8, :row_bytes].tobytes())
