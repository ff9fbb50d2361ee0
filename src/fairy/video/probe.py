"""Describe a video by one decoding pass without conversion. N frames.

What a header says about length and rate is not believed; frames are counted and their time stamps gathered.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.container import InputContainer
from av.video.stream import VideoStream

from fairy.errors import MediaError
from fairy.video.colour import MATRICES, PQ, UNSPECIFIED, WIDE_GAMUTS, Colour, Orientation, colour_of, orientation_of
from fairy.video.decode import Damage, fingerprint, frames_of, open_input, video_stream
from fairy.video.images import list_images, read_images
from fairy.video.info import AudioInfo, Scan, VideoInfo
from fairy.video.thumbnail import OnFrame, Thumbnails, thumbnail_size

Progress = Callable[[int, int | None], None]
"""Called with the number of frames seen so far and the number that the header claims."""
ARBITRARY_CLOCKS = {"mpegts", "mpeg", "hls"}  # their first time stamp means nothing; zero is where the file starts
CLOCK = re.compile(r"(\d+):(\d+):(\d+(?:\.\d+)?)")
DROPPED_METADATA = {"major_brand", "minor_version", "compatible_brands", "encoder", "duration", "software"}


def probe(
    path: Path,
    *,
    on_progress: Progress | None = None,
    on_frame: OnFrame | None = None,
    folder_rate: Fraction = Fraction(25),
) -> VideoInfo:
    """Describe a video file or a folder of numbered images (shown at `folder_rate`). MediaError says what is wrong.

    `on_frame` sees a thumbnail of every frame in the same pass.
    """
    path = Path(path)
    if path.is_dir():
        return _describe_folder(path, folder_rate, on_frame)
    info = _probe_file(path, 0, on_progress, on_frame)
    # How a damaged picture is patched up depends on the number of threads: settle it with one.
    return _probe_file(path, 1, on_progress, on_frame) if info.scan.damaged else info


def _probe_file(path: Path, threads: int, on_progress: Progress | None, on_frame: OnFrame | None) -> VideoInfo:
    with open_input(path) as container:
        stream = video_stream(container, path)
        stream.thread_type, stream.codec_context.thread_count = "AUTO", threads
        return _describe(path, container, stream, _scan(path, container, stream, on_progress, on_frame))


@dataclass
class _Pass:
    """What one pass over the frames saw."""

    first: av.VideoFrame
    last: av.VideoFrame
    claimed: int | None
    colour: Colour
    orientation: Orientation
    rows: list[tuple[int, int, bool]] = field(default_factory=list)
    """(raw time stamp, fingerprint, whether decoding can start here), one a frame."""
    interlaced: bool = False
    resized: bool = False
    damage: Damage = field(default_factory=Damage)


def _scan(
    path: Path,
    container: InputContainer,
    stream: VideoStream,
    on_progress: Progress | None,
    on_frame: OnFrame | None,
) -> _Pass:
    damage, seen = Damage(), None
    thumbnails = Thumbnails(on_frame) if on_frame else None
    for frame in frames_of(container, stream, damage):
        if seen is None:
            seen = _Pass(frame, frame, stream.frames or None, colour_of(frame), orientation_of(frame), damage=damage)
        seen.last = frame
        seen.interlaced |= frame.interlaced_frame
        seen.resized |= (frame.width, frame.height) != (seen.first.width, seen.first.height)
        seen.rows.append((-1 if frame.pts is None else frame.pts, fingerprint(frame), frame.key_frame))
        if thumbnails:
            thumbnails.show(frame)
        if on_progress and len(seen.rows) % 16 == 0:
            on_progress(len(seen.rows), seen.claimed)
    if seen is None:
        raise MediaError(
            f"{path} holds a video stream without one picture that can be decoded. Give a file that plays."
        )
    if on_progress:
        on_progress(len(seen.rows), len(seen.rows))
    return seen


def _describe(path: Path, container: InputContainer, stream: VideoStream, seen: _Pass) -> VideoInfo:
    _refuse_unknown_colours(path, seen.colour, stream)
    raw_pts = np.array([row[0] for row in seen.rows], dtype=np.int64)
    time_base = stream.time_base or Fraction(1, 25)
    nominal = stream.guessed_rate or stream.average_rate or Fraction(25)
    pts, repaired = _timeline(raw_pts, time_base, nominal)
    last_duration = _last_duration(stream, seen, pts, max(1, round(1 / nominal / time_base)))
    fps, variable = _rate(pts, last_duration, time_base, nominal)
    width, height = _display_size(seen.first, stream.sample_aspect_ratio, seen.orientation)
    damaged = bool(seen.damage)
    return VideoInfo(
        path=path,
        width=width,
        height=height,
        rotation=int(seen.first.rotation) % 360,
        fps=fps,
        time_base=time_base,
        pts=pts,
        last_duration=last_duration,
        origin=_origin(container, time_base),
        variable_rate=variable,
        bit_depth=max(component.bits for component in seen.first.format.components),
        colour=seen.colour,
        orientation=seen.orientation,
        container=container.format.name,
        codec=stream.codec_context.name,
        audio=tuple(_audio(container)),
        metadata=_metadata(container),
        timecode=_timecode(stream),
        notes=tuple(_notes(container, seen, repaired)),
        stream=stream.index,
        scan=Scan(
            raw_pts=raw_pts,
            fingerprints=np.array([row[1] for row in seen.rows], dtype=np.uint32),
            keyframes=np.flatnonzero([row[2] for row in seen.rows]),
            seekable=not repaired and not damaged,
            damaged=damaged,
        ),
    )


def _describe_folder(path: Path, rate: Fraction, on_frame: OnFrame | None) -> VideoInfo:
    files, (width, height), bit_depth = list_images(path)
    if on_frame:
        for index, picture in enumerate(read_images(tuple(files), thumbnail_size(width, height))):
            on_frame(index, picture)
    return VideoInfo(
        path=path,
        width=width,
        height=height,
        rotation=0,
        fps=rate,
        time_base=1 / rate,
        pts=np.arange(len(files)),
        last_duration=1,
        origin=0,
        variable_rate=False,
        bit_depth=bit_depth,
        colour=Colour(1, UNSPECIFIED, 0, True),
        orientation=Orientation(),
        container="folder",
        codec=files[0].suffix.lower().lstrip("."),
        images=tuple(files),
    )


def _refuse_unknown_colours(path: Path, colour: Colour, stream: VideoStream) -> None:
    dolby = stream.codec_context.codec_tag in ("dvh1", "dvhe") and colour.transfer == UNSPECIFIED
    if dolby or colour.matrix not in MATRICES:
        named = "Dolby Vision without an HDR10 or HLG layer" if dolby else f"the colour matrix {colour.matrix} (H.273)"
        raise MediaError(f"{path} uses {named}, which would come out in wrong colours. Convert it to BT.709 first.")


def _timeline(raw_pts: np.ndarray, time_base: Fraction, rate: Fraction) -> tuple[np.ndarray, bool]:
    """Strictly increasing time stamps, and whether they had to be made up: missing, equal or going back."""
    missing = len(raw_pts) > 1 and bool((raw_pts == -1).all())
    if missing or (len(raw_pts) == 1 and raw_pts[0] == -1):
        return np.array([round(index / rate / time_base) for index in range(len(raw_pts))], dtype=np.int64), True
    if (np.diff(raw_pts) > 0).all():
        return raw_pts, False
    steps = np.arange(len(raw_pts))  # the smallest change that makes them increase: never below the one before plus 1
    return np.maximum.accumulate(raw_pts - steps) + steps, True


def _last_duration(stream: VideoStream, seen: _Pass, pts: np.ndarray, usual: int) -> int:
    """From the end of the stream; with B frames the last frame's own duration may be another frame's."""
    time_base = stream.time_base or Fraction(1, 25)
    end = None
    if stream.duration is not None:
        end = (stream.start_time or 0) + stream.duration
    elif said := CLOCK.fullmatch(stream.metadata.get("DURATION", "")):  # Matroska, counted from zero
        end = round((int(said[1]) * 3600 + int(said[2]) * 60 + Fraction(said[3])) / time_base)
    if end is not None and not seen.damage.ended_early and end > pts[-1]:
        return int(end - pts[-1])
    return seen.last.duration or usual


def _rate(pts: np.ndarray, last_duration: int, time_base: Fraction, nominal: Fraction) -> tuple[Fraction, bool]:
    """Average rate, and whether it varies: more than the rounding of time stamps away from a regular grid."""
    regular = pts[0] + np.arange(len(pts)) * float(1 / nominal / time_base)
    if np.abs(pts - regular).max() <= 1:
        return nominal, False
    total = (int(pts[-1]) - int(pts[0]) + last_duration) * time_base
    return (len(pts) / total).limit_denominator(100_000), True


def _display_size(frame: av.VideoFrame, pixel_aspect: Fraction | None, orientation: Orientation) -> tuple[int, int]:
    """(width, height) upright with square pixels; the shorter way of the pixel grows, so that nothing is lost."""
    width, height = Fraction(frame.width), Fraction(frame.height)
    if pixel_aspect and pixel_aspect > 0:
        width, height = (width * pixel_aspect, height) if pixel_aspect >= 1 else (width, height / pixel_aspect)
    size = (round(width), round(height))
    return size[::-1] if orientation.swap else size


def _origin(container: InputContainer, time_base: Fraction) -> int:
    if not ARBITRARY_CLOCKS & set(container.format.name.split(",")):
        return 0
    return round(Fraction(container.start_time or 0, av.time_base) / time_base)


def _metadata(container: InputContainer) -> dict[str, str]:
    """The container's tags without what describes the file itself; Matroska shouts its keys."""
    shouted = "matroska" in container.format.name
    tags = {key.lower() if shouted else key: value for key, value in container.metadata.items()}
    return {key: value for key, value in tags.items() if key.lower() not in DROPPED_METADATA}


def _timecode(stream: VideoStream) -> str:
    """The stream's own, which FFmpeg also finds in a track of its own; Matroska shouts."""
    return stream.metadata.get("timecode") or stream.metadata.get("TIMECODE", "")


def _audio(container: InputContainer) -> list[AudioInfo]:
    return [
        AudioInfo(
            index=stream.index,
            codec=stream.codec_context.codec.canonical_name if stream.codec_context else "unknown",
            sample_rate=stream.codec_context.sample_rate if stream.codec_context else 0,
            channels=stream.codec_context.channels if stream.codec_context else 0,
            language=stream.language,
        )
        for stream in container.streams.audio
    ]


def _notes(container: InputContainer, seen: _Pass, repaired: bool) -> list[str]:
    notes = []
    if seen.damage.packets:
        notes.append(f"{seen.damage.packets} broken packets: left out or patched up")
    if seen.damage.ended_early:
        notes.append(f"the file ends early: {len(seen.rows)} frames can be read")
    if repaired:
        notes.append("time stamps missing or out of order: made regular")
    if seen.colour.hdr:
        notes.append(f"HDR ({'PQ' if seen.colour.transfer == PQ else 'HLG'}): tone-mapped to SDR, BT.709")
    elif seen.colour.primaries in WIDE_GAMUTS:
        notes.append("wide gamut: converted to BT.709")
    if seen.interlaced:
        notes.append("interlaced: not de-interlaced")
    if seen.resized:
        notes.append("the picture size changes: every frame is scaled to the first one's")
    if len(container.streams.video) > 1:
        notes.append("several video streams or a cover picture: only the main one is used")
    return notes
