"""One output file of PyAV's: pictures encoded at the source's time stamps, its other tracks alongside."""

import os
from fractions import Fraction
from pathlib import Path
from typing import Any, Protocol

import av
import numpy as np
from av.codec.context import Flags
from av.video.reformatter import ColorRange, Colorspace, VideoReformatter

from fairy.video import recipe, timecode
from fairy.video.audio import Companions, Span
from fairy.video.colour import SCALING, as_frame
from fairy.video.formats import THREADS, Codec, OutputFormat
from fairy.video.info import VideoInfo

# Keys that mp4 and mov have a place of their own for; with any other key, all go into QuickTime's general list.
MP4_KEYS = {"title", "artist", "album_artist", "composer", "album", "date", "comment", "genre", "copyright"} | {
    *("description", "synopsis", "show", "lyrics", "grouping", "track", "disc", "creation_time")
}


class Encoder:
    """Pictures in; `close` finishes the file."""

    def __init__(
        self,
        path: Path,
        info: VideoInfo,
        chosen: OutputFormat,
        codec: Codec,
        size: tuple[int, int],
        quality: int | None,
        frames: range,
        metadata: dict[str, str],
    ) -> None:
        self.notes: list[str] = []
        self._info, self._format, self._codec = info, chosen, codec
        whole, self._first = frames == range(len(info)), frames.start
        self._zero = info.origin if whole else int(info.pts[frames.start])
        self._tick = chosen.tick or info.time_base
        self._last = -1
        self._durations: dict[int, int] = {}
        self._pixels: Pixels = Palette(size) if codec.pixels == "pal8" else Plain(codec)
        options = chosen.container_options | {"fflags": "+bitexact"}
        if chosen.container in ("mp4", "mov"):
            # A start later than zero is kept in this unit, a millisecond otherwise.
            options["movie_timescale"] = str(self._tick.denominator * -(-1000 // self._tick.denominator))
            metadata = recipe.place(metadata, MP4_KEYS)
            if not MP4_KEYS.issuperset(metadata):
                options["movflags"] += "+use_metadata_tags"
        self._container = av.open(f"file:{path}", "w", format=chosen.container, container_options=options)
        self._container.metadata.update(metadata)
        self._path, self._recipe = path, metadata.get(recipe.KEY, "")
        self._stream = self._add_stream(size, quality)
        shift = self._zero * info.time_base
        stop = int(info.pts[frames[-1]] + info.durations[frames[-1]]) * info.time_base
        span = Span(None, None, shift) if whole else Span(shift, stop, shift)
        self._companions = Companions(info, self._container, chosen, span)
        if whole:
            self._container.set_chapters(self._companions.chapters())
        self._container.start_encoding()

    def _add_stream(self, size: tuple[int, int], quality: int | None) -> Any:
        codec, info = self._codec, self._info
        os.environ.setdefault("SVT_LOG", "1")  # SVT-AV1 has no other way to be quiet
        stream: Any = self._container.add_stream(codec.encoder, rate=info.fps, options=dict(codec.options))
        stream.width, stream.height = size
        context = stream.codec_context
        context.pix_fmt, context.time_base = codec.pixels, self._tick
        stream.time_base = self._tick
        if info.timecode:
            stream.metadata["timecode"] = timecode.later(info.timecode, self._first, info.fps)
        context.thread_type, context.thread_count = "FRAME", THREADS
        context.flags |= Flags.bitexact  # no version or time of ours in the file: same frames, same bytes
        if quality is not None:
            context.options = context.options | {"crf": str(quality)}
        if codec.is_yuv:
            context.color_primaries = context.color_trc = context.colorspace = 1  # BT.709
            context.color_range = int(ColorRange.MPEG)
        return stream

    def write(self, image: np.ndarray, pts: int) -> None:
        """Encode one picture; `pts` in the source's units."""
        index = int(np.searchsorted(self._info.pts, pts))
        end = self._stamp(pts + int(self._info.durations[index]))
        stamp = max(self._stamp(pts), self._last + 1)  # two frames within one tick of the container stay two
        self._last = stamp
        self._durations[stamp] = max(1, end - stamp)
        frame = self._pixels.convert(image)
        frame.pts, frame.time_base = stamp, self._tick
        self._mux(self._stream.encode(frame))

    def _stamp(self, pts: int) -> int:
        """The nearest time stamp that the container has, of the source's own clock: no error adds up."""
        return round((pts - self._zero) * self._info.time_base / self._tick)

    def _mux(self, packets: list[Any]) -> None:
        for packet in packets:
            packet.duration = self._durations.pop(packet.pts, 1)
            self._companions.advance(packet.pts * self._tick)
            self._container.mux(packet)

    def close(self, complete: bool) -> None:
        """Finish the file, or give it up."""
        try:
            if complete:
                self._mux(self._stream.encode(None))
                self._companions.advance(None)
            self._container.close()
            if complete and self._recipe and self._format.container == "gif":
                recipe.add_to_gif(self._path, self._recipe)
        except av.error.FFmpegError:
            if complete:  # giving up a file that could not be written fails again: that is known already
                raise
        finally:
            self._companions.close()
        self.notes += self._companions.notes


class Pixels(Protocol):
    """RGB to what a codec takes."""

    def convert(self, image: np.ndarray) -> av.VideoFrame:
        """image: uint8 or uint16 (H, W, 3)."""


class Plain:
    """A codec's own pixel format; of YUV BT.709, limited range."""

    def __init__(self, codec: Codec) -> None:
        self._codec = codec
        self._reformatter = VideoReformatter()

    def convert(self, image: np.ndarray) -> av.VideoFrame:
        """image: uint8 or uint16 (H, W, 3)."""
        frame = as_frame(image)
        if not self._codec.is_yuv:
            return self._reformatter.reformat(frame, format=self._codec.pixels, threads=1)
        converted = self._reformatter.reformat(
            frame,
            format=self._codec.pixels,
            dst_colorspace=Colorspace.ITU709,
            dst_color_range=ColorRange.MPEG,
            interpolation=SCALING,
            threads=1,
        )
        converted.color_primaries = converted.color_trc = 1  # ProRes has tags of its own in every picture
        return converted


class Palette:
    """256 colours chosen for each frame by itself, so that frames stream through."""

    def __init__(self, size: tuple[int, int]) -> None:
        self._graph = graph = av.filter.Graph()
        source = graph.add_buffer(
            width=size[0], height=size[1], format=av.VideoFormat("rgb24"), time_base=Fraction(1, 100)
        )
        split = graph.add("split")
        colours, use = (
            graph.add("palettegen", "stats_mode=single:reserve_transparent=0"),
            graph.add("paletteuse", "new=1:dither=floyd_steinberg"),
        )
        sink = graph.add("buffersink")
        source.link_to(split)
        split.link_to(use, 0, 0)
        split.link_to(colours, 1, 0)
        colours.link_to(use, 0, 1)
        use.link_to(sink)
        graph.configure()
        self._count = 0

    def convert(self, image: np.ndarray) -> av.VideoFrame:
        """image: uint8 (H, W, 3)."""
        frame = as_frame(image)
        frame.pts, frame.time_base = self._count, Fraction(1, 100)
        self._count += 1
        self._graph.push(frame)
        filtered = self._graph.pull()
        assert isinstance(filtered, av.VideoFrame)
        return filtered
