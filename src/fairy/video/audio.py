"""Sound and subtitles go from the source to the output while the pictures are written: packets copied unchanged.

The source is opened a second time and read in step with the pictures, so that neither side piles up in memory.
"""

import io
from collections.abc import Generator
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import av
from av.container import InputContainer, OutputContainer

from fairy.video.decode import open_input
from fairy.video.formats import OutputFormat
from fairy.video.info import VideoInfo

# FFmpeg writes Vorbis into mp4 under a private number that few players know: not what mp4 can hold.
NOT_PLAYED = {("mp4", "vorbis")}
# A time stamp further than this from its neighbour is damage, and more than a container's clock can jump.
MAX_JUMP = 3600
NAMES = ("language", "title", "handler_name")


@dataclass(frozen=True)
class Span:
    """A stretch of the source in seconds; `shift` is taken from every time stamp. None: from or to the very end."""

    start: Fraction | None
    stop: Fraction | None
    shift: Fraction


class Companions:
    """The source's sound and subtitle tracks on their way into an output."""

    def __init__(self, info: VideoInfo, output: OutputContainer, chosen: OutputFormat, span: Span) -> None:
        """Adds the tracks to `output`; call before the first packet is written."""
        self.notes: list[str] = []
        self._output, self._span = output, span
        self._tracks: dict[int, _Copied | _Encoded] = {}
        self._waiting: Any | None = None
        self._source = None if info.images else open_input(info.path)
        if self._source:
            for number, stream in enumerate(s for s in self._source.streams if s.type in ("audio", "subtitle")):
                self._add(number, stream, chosen)
            self._packets = self._demux(self._source)

    def _add(self, number: int, stream: Any, chosen: OutputFormat) -> None:
        codec = stream.codec_context.codec.canonical_name if stream.codec_context else "an unknown codec"
        said = f"{stream.type} track {number + 1}: {codec} cannot be stored in {chosen.container}"
        if stream.codec_context and chosen.audio_codec and holds(chosen.container, stream):
            track = self._output.add_stream_from_template(stream)
            self._tracks[stream.index] = _Copied(track, self._span)
        elif chosen.audio_codec and stream.type == "audio" and (settings := _settings(chosen.audio_codec, stream)):
            track = _encoder(self._output, chosen.audio_codec, *settings)
            self._tracks[stream.index] = _Encoded(stream, track, self._span)
            self.notes.append(f"{said}; re-encoded to {track.codec_context.codec.canonical_name}")
        else:
            self.notes.append(f"{said}; left out")
            return
        track.metadata.update({name: stream.metadata[name] for name in NAMES if name in stream.metadata})
        track.disposition = stream.disposition

    def advance(self, seconds: Fraction | None) -> None:
        """Write every packet up to `seconds` on the output's clock; None: all that are left."""
        while self._tracks:
            packet = self._waiting or next(self._packets, None)
            if packet is None:
                break
            self._waiting = packet
            if seconds is not None and packet.pts * packet.time_base - self._span.shift > seconds:
                return
            self._waiting = None
            self._output.mux(self._tracks[packet.stream.index].take(packet))
        if seconds is None:
            for track in self._tracks.values():
                self._output.mux(track.rest())
                if track.num_dropped:
                    self.notes.append(f"{track.num_dropped} packets of sound with impossible time stamps: left out")

    def chapters(self) -> list[Any]:
        """The source's chapters, for an output of the whole."""
        return self._source.chapters() if self._source else []

    def close(self) -> None:
        """Close the second view of the source."""
        if self._source:
            self._packets.close()
            self._source.close()

    def _demux(self, source: InputContainer) -> Generator[Any, None, None]:
        """Packets of the span with a time stamp each; a broken file ends where it breaks."""
        span = self._span
        if span.start is not None and span.start > 0:
            _seek(source, span.start)
        try:
            for packet in source.demux([source.streams[index] for index in self._tracks]):
                packet.pts = packet.dts if packet.pts is None else packet.pts
                if not packet.size or packet.pts is None:
                    continue
                seconds = packet.pts * packet.time_base
                if (span.start is None or seconds >= span.start) and (span.stop is None or seconds < span.stop):
                    yield packet
        except av.error.FFmpegError:
            self.notes.append("the sound ends early: the file cannot be read any further")


def _seek(source: InputContainer, seconds: Fraction) -> None:
    """To ten seconds before; a container that cannot is read from the beginning."""
    with suppress(av.error.FFmpegError):
        source.seek(int((seconds - 10) * av.time_base))


def holds(container: str, stream: Any) -> bool:
    """Whether the muxer takes the track as it is: tried on an empty file that nobody keeps."""
    if (container, stream.codec_context.codec.canonical_name) in NOT_PLAYED:
        return False
    trial = av.open(io.BytesIO(), "w", format=container)
    try:
        trial.add_stream_from_template(stream)
        trial.start_encoding()
        trial.close()
    except (ValueError, av.error.FFmpegError):
        return False
    return True


class _Copied:
    """Packets as they are, on the output's clock."""

    def __init__(self, track: Any, span: Span) -> None:
        self._track, self._shift = track, span.shift
        self._last: int | None = None
        self.num_dropped = 0

    def take(self, packet: Any) -> list[Any]:
        """The packets to write for one that was read."""
        tick = self._track.time_base  # final, as the header has been written
        pts, dts = (
            round((stamp * packet.time_base - self._shift) / tick)
            for stamp in (packet.pts, packet.pts if packet.dts is None else packet.dts)
        )
        if abs(dts - (self._last or 0)) * tick > MAX_JUMP:
            self.num_dropped += 1
            return []
        if self._last is not None and dts <= self._last:  # muxers refuse a clock that stands or goes back
            dts = self._last + 1
        packet.duration = round((packet.duration or 0) * packet.time_base / tick)
        packet.dts, packet.pts, packet.time_base = dts, max(pts, dts), tick
        packet.stream, self._last = self._track, dts
        return [packet]

    def rest(self) -> list[Any]:
        """Nothing is ever held back."""
        return []


def _settings(codec: str, stream: Any) -> tuple[int, str] | None:
    """(sample rate, layout) nearest to the source's that the encoder takes; None: the track does not say its own."""
    context = stream.codec_context
    if context is None or not context.sample_rate or not context.channels:
        return None
    for rate in (context.sample_rate, 48000):
        for layout in (context.layout.name, "stereo"):
            if _opens(codec, rate, layout):
                return rate, layout
    return None


def _opens(codec: str, rate: int, layout: str) -> bool:
    trial: Any = av.codec.CodecContext.create(codec, "w")
    trial.sample_rate, trial.layout, trial.format = rate, layout, trial.codec.audio_formats[0]
    try:
        trial.open()
    except (ValueError, av.error.FFmpegError):
        return False
    return True


def _encoder(output: OutputContainer, codec: str, rate: int, layout: str) -> Any:
    track: Any = output.add_stream(codec, rate=rate)
    track.codec_context.layout = layout
    track.codec_context.flags |= av.codec.context.Flags.bitexact
    track.codec_context.bit_rate = 96_000 * max(2, track.codec_context.channels)
    track.codec_context.open()
    return track


class _Encoded:
    """Packets of a codec that the container cannot hold: decoded, gaps filled with silence, encoded."""

    def __init__(self, stream: Any, track: Any, span: Span) -> None:
        self._stream, self._track, self._span = stream, track, span
        self._graph: av.filter.Graph | None = None
        self.num_dropped = 0

    def take(self, packet: Any | None) -> list[Any]:
        """The packets to write for one that was read; one that cannot be decoded is a gap. None: the decoder's rest."""
        try:
            frames = self._stream.codec_context.decode(packet)
        except av.error.FFmpegError:
            return []
        return [encoded for frame in frames for encoded in self._push(frame)]

    def rest(self) -> list[Any]:
        """What decoder, filter and encoder still hold."""
        return [*self.take(None), *(self._push(None) if self._graph else []), *self._track.encode(None)]

    def _push(self, frame: av.AudioFrame | None) -> list[Any]:
        if self._graph is None:
            assert frame is not None
            self._graph = _converter(frame, self._track.codec_context)
        self._graph.push(frame)
        encoded: list[Any] = []
        while True:
            try:
                filtered: Any = self._graph.pull()
            except (av.error.BlockingIOError, av.error.EOFError):
                return encoded
            filtered.pts -= round(self._span.shift / filtered.time_base)
            encoded += self._track.encode(filtered)


def _converter(frame: Any, encoder: Any) -> av.filter.Graph:
    """From sound like `frame` (what the header says of it is not always true) to what the encoder takes."""
    graph = av.filter.Graph()
    rate, layout = encoder.sample_rate, encoder.layout.name
    source = graph.add_abuffer(
        sample_rate=frame.sample_rate, format=frame.format, layout=frame.layout, time_base=frame.time_base
    )
    wanted = f"sample_fmts={encoder.format.name}:sample_rates={rate}:channel_layouts={layout}"
    nodes = [source, graph.add("aresample", "async=1"), graph.add("aformat", wanted), graph.add("abuffersink")]
    graph.link_nodes(*nodes).configure()
    if encoder.frame_size:
        graph.set_audio_frame_size(encoder.frame_size)
    return graph
