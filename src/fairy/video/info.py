"""What is known about a video: exact number of frames, exact time stamps, size upright, colours, sound. N frames."""

from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import numpy as np

from fairy.video.colour import Colour, Orientation


@dataclass(frozen=True)
class AudioInfo:
    """One sound track."""

    index: int
    """The stream's number in the file."""
    codec: str
    sample_rate: int
    channels: int
    language: str | None


@dataclass(frozen=True, eq=False)
class Scan:
    """What reading must meet again: one entry a frame, in display order. All empty for a folder of pictures."""

    raw_pts: np.ndarray
    """int64 (N,), as the decoder gave them; -1 where it gave none."""
    fingerprints: np.ndarray
    """uint32 (N,), see fairy.video.decode.fingerprint."""
    keyframes: np.ndarray
    """Indices of frames at which decoding can start."""
    seekable: bool
    """Whether raw_pts tell frames apart, and the file is whole."""
    damaged: bool


NO_SCAN = Scan(np.zeros(0, np.int64), np.zeros(0, np.uint32), np.zeros(0, np.int64), seekable=False, damaged=False)


@dataclass(frozen=True, eq=False)
class VideoInfo:
    """A video, or a folder of pictures, as it is displayed. `len(info)` is the number of frames."""

    path: Path
    width: int
    """Of the upright picture in square pixels, as `height`."""
    height: int
    rotation: int
    """Degrees counter-clockwise that turn the stored picture upright."""
    fps: Fraction
    """Average rate."""
    time_base: Fraction
    """Seconds in one unit of `pts`."""
    pts: np.ndarray
    """int64 (N,), strictly increasing, in units of `time_base`."""
    last_duration: int
    """How long the last frame stays, in units of `time_base`."""
    origin: int
    """The time stamp that becomes zero in an output of the whole: zero but for clocks that start anywhere (MPEG-TS)."""
    variable_rate: bool
    bit_depth: int
    colour: Colour
    orientation: Orientation
    container: str
    codec: str
    audio: tuple[AudioInfo, ...] = ()
    metadata: dict[str, str] = field(default_factory=dict)
    timecode: str = ""
    """Of the first frame, where the file has one: 01:00:00:00."""
    images: tuple[Path, ...] = ()
    """The files of a folder of pictures."""
    notes: tuple[str, ...] = ()
    """What a user should know about this source."""
    stream: int = 0
    """The video stream's number in the file."""
    scan: Scan = field(repr=False, default=NO_SCAN)

    def __len__(self) -> int:
        return len(self.pts)

    @property
    def hdr(self) -> bool:
        """PQ or HLG: tone-mapped to SDR on reading."""
        return self.colour.hdr

    @property
    def durations(self) -> np.ndarray:
        """int64 (N,): how long each frame stays, in units of `time_base`."""
        return np.append(np.diff(self.pts), self.last_duration)

    @property
    def duration(self) -> float:
        """Seconds from the first frame's start to the last one's end."""
        return float((int(self.pts[-1]) - int(self.pts[0]) + self.last_duration) * self.time_base)
