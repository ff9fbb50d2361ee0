"""Small awkward clips for the tests of fairy.video, made with PyAV. Pictures are uint8 (H, W, 3) RGB."""

from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.video.reformatter import ColorRange

from fairy.video import VideoInfo, VideoWriter, probe, read_frames

SQUARE = (200, 30, 40)  # the red square in every picture's corner
BT709 = {"color_primaries": 1, "color_trc": 1, "colorspace": 1, "color_range": 1}
BT601 = {"color_primaries": 6, "color_trc": 6, "colorspace": 6, "color_range": 1}
FULL_RANGE = BT709 | {"color_range": 2}
PQ = {"color_primaries": 9, "color_trc": 16, "colorspace": 9, "color_range": 1}
HLG = PQ | {"color_trc": 18}
# The same pictures each time a clip is made, and no chatter.
STEADY = {
    "libx264": {"threads": "1", "mbtree": "0"},
    "libx265": {"x265-params": "log-level=none:pools=1:frame-threads=1:bframes=0"},
}
SWS_MATRIX = {1: 1, 6: 5, 9: 9}  # AVCOL_SPC_* to SWS_CS_*


def picture(index: int, size: tuple[int, int]) -> np.ndarray:
    """A gradient that moves with `index`, and the red square in the upper left quarter."""
    width, height = size
    x, y = np.meshgrid(np.arange(width), np.arange(height))
    image = np.stack([(x * 3 + index * 7) % 256, (y * 3 + index * 2) % 256, np.full_like(x, 40 + index % 150)], axis=-1)
    image[: height // 2, : width // 2] = SQUARE
    return image.astype(np.uint8)


def make(
    path: Path,
    *,
    codec: str = "libx264",
    pix_fmt: str = "yuv420p",
    size: tuple[int, int] = (64, 48),
    num_frames: int = 12,
    pts: Sequence[int] | None = None,
    time_base: Fraction = Fraction(1, 25),
    last_duration: int = 1,
    rotation: int = 0,
    pixel_aspect: Fraction | None = None,
    colour: dict[str, int] = BT709,
    options: dict[str, str] | None = None,
    audio: Sequence[str] = (),
    metadata: dict[str, str] | None = None,
    image: Any = picture,
    **container: str,
) -> Path:
    """Write a clip with one video stream and one audio stream per codec named in `audio`."""
    pts = list(range(num_frames)) if pts is None else list(pts)
    steps = dict(zip(pts, [b - a for a, b in pairwise(pts)] + [last_duration], strict=False))
    with av.open(str(path), "w", container_options=container) as output:
        output.metadata.update(metadata or {})
        stream = output.add_stream(codec, rate=1 / time_base, options=STEADY.get(codec, {}) | (options or {}))
        stream.width, stream.height, stream.pix_fmt = *size, pix_fmt
        stream.codec_context.time_base = stream.time_base = time_base
        for name, value in colour.items():
            setattr(stream.codec_context, name, value)
        if pixel_aspect:
            stream.codec_context.sample_aspect_ratio = pixel_aspect
        if rotation:
            stream.set_display_rotation(rotation)
        sounds = [add_sound(output, name) for name in audio]
        output.start_encoding()
        for index, stamp in enumerate(pts):
            for packet in stream.encode(frame_of(image(index, size), stamp, time_base, pix_fmt, colour)):
                packet.duration = steps.get(packet.pts, 0)
                output.mux(packet)
        for packet in stream.encode(None):
            packet.duration = steps.get(packet.pts, 0)
            output.mux(packet)
        for number, sound in enumerate(sounds):
            write_sound(
                output,
                sound,
                440.0 * (number + 1),
                float(pts[0] * time_base) if pts else 0.0,
                len(pts) * float(time_base),
            )
    return path


def frame_of(image: np.ndarray, pts: int, time_base: Fraction, pix_fmt: str, colour: dict[str, int]) -> av.VideoFrame:
    """One picture as a frame in `pix_fmt`, converted with the matrix and range that `colour` names."""
    source = av.VideoFrame.from_ndarray(np.ascontiguousarray(image), "rgb48le" if image.dtype == np.uint16 else "rgb24")
    frame = source
    if not pix_fmt.startswith(("rgb", "bgr", "gbr", "pal")):
        frame = source.reformat(
            format=pix_fmt,
            dst_colorspace=SWS_MATRIX.get(colour.get("colorspace", 1), 1),
            dst_color_range=ColorRange(colour.get("color_range", 1)),
        )
    frame.pts, frame.time_base = pts, time_base
    return frame


def add_sound(output: Any, codec: str) -> Any:
    """An audio stream of 48 kHz stereo (the native Vorbis encoder wants that)."""
    stream = output.add_stream(codec, rate=48000)
    stream.codec_context.layout = "stereo"
    if codec == "vorbis":
        stream.codec_context.options = {"strict": "experimental"}
    return stream


def write_sound(output: Any, stream: Any, hertz: float, start: float, seconds: float) -> None:
    """A sine tone from `start` for `seconds`."""
    rate, count = 48000, max(1024, round(seconds * 48000))
    tone = 0.3 * np.sin(2 * np.pi * hertz * np.arange(count) / rate)
    frame = av.AudioFrame.from_ndarray(np.stack([tone, tone]).astype(np.float32), format="fltp", layout="stereo")
    frame.sample_rate, frame.pts, frame.time_base = rate, round(start * rate), Fraction(1, rate)
    resampler = av.AudioResampler(
        stream.codec_context.format, "stereo", rate, frame_size=stream.codec_context.frame_size or 1024
    )
    for resampled in [*resampler.resample(frame), *resampler.resample(None)]:
        output.mux(stream.encode(resampled))
    output.mux(stream.encode(None))


def stamps(path: Path) -> list[Fraction]:
    """The time of every displayed frame, read by PyAV alone."""
    with av.open(str(path)) as container:
        return [frame.pts * frame.time_base for frame in container.decode(video=0)]


def sound_packets(path: Path) -> list[list[bytes]]:
    """Every audio track's packets as bytes, read by PyAV alone."""
    with av.open(str(path)) as container:
        tracks: dict[int, list[bytes]] = {stream.index: [] for stream in container.streams.audio}
        for packet in container.demux(audio=tuple(range(len(tracks)))) if tracks else ():
            if packet.size:
                tracks[packet.stream.index].append(bytes(packet))
    return list(tracks.values())


def rewrite(source: Path, output: Path | str, **options: Any) -> tuple[VideoInfo, list[str]]:
    """Write the source's own frames to `output`; what it was, and the notes."""
    info = probe(source)
    start, stop = options.get("start", 0), options.get("stop")
    size = (info.width // 2 * 2, info.height // 2 * 2)
    with VideoWriter(output, info=info, size=size, **options) as writer:
        for frame in read_frames(info, start=start, stop=stop, size=size):
            writer.write(frame.image, frame.pts)
    return info, writer.notes


def zero_packets(path: Path, which: range) -> None:
    """Overwrite the data of some video packets in the file."""
    with av.open(str(path)) as container:
        packets = [bytes(packet) for packet in container.demux(video=0) if packet.size]
    data = path.read_bytes()
    for packet in packets[which.start : which.stop]:
        data = data.replace(packet, bytes(len(packet)), 1)
    path.write_bytes(data)


def add_subtitle(plain: Path, path: Path) -> Path:
    """The clip with a subtitle of one line in a track of its own."""
    with av.open(str(plain)) as source, av.open(str(path), "w") as output:
        video = output.add_stream_from_template(source.streams.video[0], opaque=True)
        text = output.add_mux_stream("subrip", time_base=Fraction(1, 1000))
        packet = av.Packet(b"Hello")
        packet.stream, packet.pts, packet.dts, packet.duration = text, 40, 40, 100
        packet.time_base = Fraction(1, 1000)
        for picture in source.demux(video=0):
            if picture.size:
                picture.stream = video
                output.mux(picture)
        output.mux(packet)
    return path
