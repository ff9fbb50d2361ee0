"""Edited frames out: same number, same time stamps, the source's sound, colours tagged. H rows, W columns."""

import errno
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

import av
import numpy as np

from fairy.disk.whole import writing_whole
from fairy.errors import OutputError, UsageError
from fairy.video import recipe
from fairy.video.decode import reason
from fairy.video.encoder import Encoder
from fairy.video.formats import FOLDER, check_output, check_size, codec_of, format_of, quality_of
from fairy.video.images import FolderSink
from fairy.video.info import VideoInfo


class VideoWriter:
    """Writes frames `start` to `stop` of `info`, edited, to `output`; a context manager.

    The file appears under its name when the block ends well; otherwise nothing is left. `notes` says what a user must
    be told, and is complete when the block has ended.
    """

    def __init__(
        self,
        output: str | Path,
        *,
        info: VideoInfo,
        size: tuple[int, int],
        codec: str | None = None,
        quality: int | None = None,
        start: int = 0,
        stop: int | None = None,
        overwrite: bool = False,
        metadata: dict[str, str] | None = None,
    ) -> None:
        """size: (width, height), even for most codecs; codec: one of CODECS that the output's format takes, by default
        its first; quality: the codec's rate factor; metadata: added to the source's."""
        check_output(output, overwrite, codec, quality)
        self._format, self.codec = format_of(output), codec_of(output, codec)
        self._quality = quality_of(self.codec, quality)
        check_size(self.codec, size)
        self.notes: list[str] = []
        self._output = Path(output)
        self._whole = ExitStack()
        self._info, self._size = info, size
        self._frames = range(start, len(info) if stop is None else stop)
        if not self._frames or start < 0 or self._frames[-1] >= len(info):
            raise UsageError(f"frames {start} to {stop}: {info.path} has {len(info)} frames; at least one is needed.")
        self._written = 0
        self._metadata = info.metadata | (metadata or {})

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self._temporary = stack.enter_context(writing_whole(self._output))
            self._sink = self._open()
            self._whole = stack.pop_all()
        return self

    def _open(self) -> FolderSink | Encoder:
        if self._format is FOLDER:
            return FolderSink(self._temporary, self._size, self.codec, self._metadata.get(recipe.KEY, ""))
        return Encoder(
            self._temporary,
            self._info,
            self._format,
            self.codec,
            self._size,
            self._quality,
            self._frames,
            self._metadata,
        )

    def write(self, image: np.ndarray, pts: int) -> None:
        """The next picture: uint8 or uint16 RGB (H, W, 3), and its time stamp in the source (`info.time_base`)."""
        assert image.shape == (self._size[1], self._size[0], 3), f"{image.shape} is not {self._size}"
        self._written += 1
        try:
            self._sink.write(image, pts)
        except (av.error.FFmpegError, OSError) as error:
            raise self._failure(error) from error

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            with self._whole:
                self._sink.close(complete=error is None)
                if error is not None:
                    raise error
                assert self._written == len(self._frames), f"{self._written} frames written, not {len(self._frames)}"
                self.notes += self._sink.notes
        except (av.error.FFmpegError, OSError) as failure:
            if error is None:
                raise self._failure(failure) from failure
        except BaseException:
            if error is None:
                raise

    def _failure(self, error: Exception) -> OutputError:
        said = reason(error) if isinstance(error, av.error.FFmpegError) else str(error)
        advice = "Make room on the disk" if getattr(error, "errno", 0) == errno.ENOSPC else "Try another output format"
        return OutputError(f"{self._output} could not be written ({said}). {advice}.")
