"""Folders of numbered images, in and out. Pictures are uint8 RGB (H, W, 3)."""

import re
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

from fairy.errors import MediaError
from fairy.video.colour import GAMMA, Converter, Orientation, as_frame, colour_of, orientation_of
from fairy.video.decode import Damage, frames_of, open_input, video_stream
from fairy.video.formats import Codec
from fairy.video.recipe import add_to_png

SUFFIXES = {".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff"}


def list_images(folder: Path) -> tuple[list[Path], tuple[int, int], int]:
    """The folder's images in natural order, their common (width, height) upright, and their bit depth."""
    files = [path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES and not path.name.startswith(".")]
    if not files:
        accepted = ", ".join(sorted(SUFFIXES))
        raise MediaError(f"{folder} is a folder without images. Put numbered images into it ({accepted}).")
    files.sort(key=natural_key)
    first, orientation = decode_image(files[0])
    size = (first.width, first.height)
    for path in files[1:]:
        if (found := coded_size(path)) != size:
            raise MediaError(
                f"{path} is {found[0]}x{found[1]}, but {files[0].name} is {size[0]}x{size[1]}. "
                "All images of a folder must have the same size."
            )
    return files, size[::-1] if orientation.swap else size, max(part.bits for part in first.format.components)


def natural_key(path: Path) -> list[tuple[int, str]]:
    """2 before 10: numbers inside the name compare as numbers."""
    return [(int(part), "") if part.isdigit() else (-1, part.lower()) for part in re.split(r"(\d+)", path.name)]


def coded_size(path: Path) -> tuple[int, int]:
    """(width, height) by the file's header alone."""
    with open_input(path) as container:
        context = video_stream(container, path).codec_context
        return context.width, context.height


def decode_image(path: Path) -> tuple[av.VideoFrame, Orientation]:
    """The first picture of a file, and how it is turned upright."""
    damage = Damage()
    with open_input(path) as container:
        frame = next(frames_of(container, video_stream(container, path), damage), None)
    if frame is None or damage:
        raise MediaError(f"{path} cannot be decoded as an image. Replace it or take it out of the folder.")
    return frame, orientation_of(frame)


def read_images(files: tuple[Path, ...], size: tuple[int, int], bit_depth: int = 8) -> Iterator[np.ndarray]:
    """The pictures, upright, scaled to `size` = (width, height), of 8 or 16 bits."""
    for path in files:
        frame, orientation = decode_image(path)
        # Each file is a picture of its own: colours and turn may differ from file to file.
        yield Converter(colour_of(frame), orientation, size, bit_depth)(frame)


class FolderSink:
    """Writes pictures as 000000.png, 000001.png ... (or .exr) into a new folder."""

    def __init__(self, folder: Path, size: tuple[int, int], codec: Codec, text: str = "") -> None:
        folder.mkdir()
        self._text, self._codec = text, codec
        self.notes = ["a folder of pictures holds no sound, no time stamps and no metadata"]
        self._folder, self._count = folder, 0
        encoder: Any = av.codec.CodecContext.create(codec.encoder, "w")
        encoder.width, encoder.height = size
        encoder.pix_fmt, encoder.thread_count = codec.pixels, 1  # one thread: one packet a frame, at once
        encoder.time_base, encoder.options = Fraction(1, 25), dict(codec.options)
        self._encoder = encoder

    def write(self, image: np.ndarray, pts: int) -> None:  # noqa: ARG002 - a folder has no clock
        """image: uint8 or uint16 (H, W, 3)."""
        frame = as_light(image) if self._codec.encoder == "exr" else as_frame(image).reformat(format=self._codec.pixels)
        frame.pts = self._count
        (packet,) = self._encoder.encode(frame)
        data = bytes(packet)
        if self._codec.encoder == "png":
            data = add_to_png(data, self._text)
        (self._folder / f"{self._count:06d}.{self._codec.encoder}").write_bytes(data)
        self._count += 1

    def close(self, complete: bool) -> None:
        """Every picture is on disk already."""


def as_light(image: np.ndarray) -> av.VideoFrame:
    """uint8 or uint16 (H, W, 3) as a display of BT.1886 shows it: linear light, float32, BT.709's primaries."""
    light = (image.astype(np.float32) / np.iinfo(image.dtype).max) ** GAMMA
    return av.VideoFrame.from_ndarray(np.ascontiguousarray(light.astype(np.float32)), "gbrpf32le")
