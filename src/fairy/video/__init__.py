"""Videos in and out, through PyAV: frames stream through, nothing of the container is lost on the way."""

from fairy.video.formats import check_output
from fairy.video.info import AudioInfo, VideoInfo
from fairy.video.prefetch import WriteBehind, background
from fairy.video.probe import probe
from fairy.video.reader import Frame, read_at, read_frames
from fairy.video.recipe import read_recipe
from fairy.video.thumbnail import OnFrame
from fairy.video.writer import VideoWriter

__all__ = [
    "AudioInfo",
    "Frame",
    "OnFrame",
    "VideoInfo",
    "VideoWriter",
    "WriteBehind",
    "background",
    "check_output",
    "probe",
    "read_at",
    "read_frames",
    "read_recipe",
]
