"""Decoded frames to upright sRGB-like pixels: matrix, range, wide gamut and HDR to BT.709. H rows, W columns.

Light is in cd/m2. PQ: SMPTE ST 2084. HLG: ITU-R BT.2100-2, table 5, at a nominal peak of 1000 cd/m2. Tone curve: the
EETF of ITU-R BT.2390-10, section 5.4.1, onto a white of 203 cd/m2 (the HDR reference white of ITU-R BT.2408). BT.2020
to BT.709: ITU-R BT.2087, section 4.2. SDR is encoded for the display of ITU-R BT.1886, gamma 2.4. Tags: ITU-T H.273.
"""

from dataclasses import dataclass
from typing import Any

import av
import numpy as np
from av.video.reformatter import ColorRange, Interpolation, VideoReformatter

UNSPECIFIED, PQ, HLG = 2, 16, 18
FULL = int(ColorRange.JPEG)
WIDE_GAMUTS = {  # colour primaries of H.273 -> linear RGB to linear BT.709 RGB
    9: ((1.660491, -0.587641, -0.072850), (-0.124550, 1.132900, -0.008349), (-0.018151, -0.100579, 1.118730)),
    12: ((1.224940, -0.224940, 0.0), (-0.042057, 1.042057, 0.0), (-0.019638, -0.078636, 1.098273)),
}
MATRICES = {0, 1, 4, 5, 6, 7, 9}  # RGB, BT.709, FCC, BT.601 (two names), SMPTE 240M, BT.2020
PEAK, WHITE = 1000.0, 203.0
GAMMA = 2.4
"""Of a display of ITU-R BT.1886."""
# Exact and the same on every machine: no approximations of the fast paths, chroma interpolated at full resolution.
SCALING = (
    Interpolation.BICUBIC
    | Interpolation.ACCURATE_RND
    | Interpolation.FULL_CHR_H_INT
    | Interpolation.FULL_CHR_H_INP
    | Interpolation.BITEXACT
)


PIXELS, WITH_ALPHA = {8: "rgb24", 16: "rgb48le"}, {8: "rgba", 16: "rgba64le"}
"""FFmpeg's names, by bit depth."""


@dataclass(frozen=True)
class Colour:
    """How a video's numbers are to be read, as code points of H.273; already resolved where the file did not say."""

    primaries: int
    transfer: int
    matrix: int
    full_range: bool

    @property
    def hdr(self) -> bool:
        """PQ or HLG."""
        return self.transfer in (PQ, HLG)


@dataclass(frozen=True)
class Orientation:
    """What turns decoded pixels upright: first swap rows and columns, then mirror."""

    swap: bool = False
    mirror_columns: bool = False
    mirror_rows: bool = False

    def apply(self, image: np.ndarray) -> np.ndarray:
        """(H, W, 3) or, after a swap, (W, H, 3)."""
        image = image.transpose(1, 0, 2) if self.swap else image
        image = image[:, ::-1] if self.mirror_columns else image
        return np.ascontiguousarray(image[::-1] if self.mirror_rows else image)


def colour_of(frame: av.VideoFrame) -> Colour:
    """The frame's tags; a matrix that is not named is guessed from the size, as players do (BT.709 above SD)."""
    name = frame.format.name
    matrix = frame.colorspace
    if is_rgb(frame):
        matrix = 0
    elif matrix == UNSPECIFIED:
        matrix = 1 if frame.width >= 1280 or frame.height > 576 else 6
    full = name.startswith("yuvj") or frame.color_range == FULL or matrix == 0
    return Colour(frame.color_primaries, frame.color_trc, matrix, full)


def is_rgb(frame: av.VideoFrame) -> bool:
    """Pixels that need no matrix."""
    return frame.format.is_rgb or frame.format.has_palette or frame.format.name.startswith("gray")


def orientation_of(frame: av.VideoFrame) -> Orientation:
    """The frame's display matrix (x' = a x + c y, y' = b x + d y), reduced to quarter turns and mirrors."""
    quarter = round(frame.rotation / 90) % 4
    if quarter == 0 and frame.rotation == 0:
        return Orientation()
    matrix = _display_matrix(frame)
    if matrix is None:  # turned pictures with EXIF: the angle alone is known
        return [
            Orientation(),
            Orientation(swap=True, mirror_rows=True),
            Orientation(mirror_columns=True, mirror_rows=True),
            Orientation(swap=True, mirror_columns=True),
        ][quarter]
    a, b, c, d = (int(value) for value in matrix[[0, 1, 3, 4]])
    swap = abs(b) > abs(a)
    return Orientation(swap, (c if swap else a) < 0, (b if swap else d) < 0)


def _display_matrix(frame: av.VideoFrame) -> np.ndarray | None:
    try:
        listed: Any = frame.side_data
        found = [data for data in listed if data.type.name == "DISPLAYMATRIX"]
    except ValueError:  # PyAV cannot list side data of a kind that it has no name for, such as EXIF
        return None
    return np.frombuffer(bytes(found[0])[:36], dtype=np.int32) if found else None


def as_frame(image: np.ndarray) -> av.VideoFrame:
    """RGB (H, W, 3), uint8 or uint16, for FFmpeg."""
    return av.VideoFrame.from_ndarray(np.ascontiguousarray(image), PIXELS[image.dtype.itemsize * 8])


class Converter:
    """Decoded frames to RGB (H, W, 3), upright, at one size: uint8, or uint16. Same frame in, same bytes out."""

    def __init__(self, colour: Colour, orientation: Orientation, size: tuple[int, int], bit_depth: int = 8) -> None:
        """size: (width, height) of the upright picture; bit_depth: 8 or 16."""
        self._bit_depth = bit_depth
        self._colour, self._orientation = colour, orientation
        self._size = size[::-1] if orientation.swap else size
        self._reformatter = VideoReformatter()
        self._mapped = colour.hdr or colour.primaries in WIDE_GAMUTS

    def __call__(self, frame: av.VideoFrame) -> np.ndarray:
        """frame: as decoded; its colour tags are overwritten."""
        if frame.format.name == "pal8" or _has_alpha(frame):
            return self._orientation.apply(_flatten(self._convert(frame, WITH_ALPHA[self._bit_depth])))
        if not self._mapped:
            return self._orientation.apply(self._convert(frame, PIXELS[self._bit_depth]))
        return self._orientation.apply(to_bt709(self._convert(frame, "rgb48le"), self._colour, self._bit_depth))

    def _convert(self, frame: av.VideoFrame, pixels: str) -> np.ndarray:
        if self._colour.matrix != 0:
            frame.colorspace = self._colour.matrix
            frame.color_range = FULL if self._colour.full_range else int(ColorRange.MPEG)
        width, height = self._size
        # One thread: bands of a picture scaled by several threads are not promised to be equal.
        converted = self._reformatter.reformat(
            frame, width, height, pixels, interpolation=SCALING, dst_color_range=ColorRange.JPEG, threads=1
        )
        return converted.to_ndarray()


def _has_alpha(frame: av.VideoFrame) -> bool:
    return frame.format.name.startswith(("rgba", "bgra", "argb", "abgr", "ya8", "ya16", "yuva", "gbrap"))


def _flatten(image: np.ndarray) -> np.ndarray:
    """Straight-alpha (H, W, 4), uint8 or uint16, over white."""
    top = np.iinfo(image.dtype).max
    alpha = image[..., 3:].astype(np.int64)
    return ((image[..., :3] * alpha + top * (top - alpha) + top // 2) // top).astype(image.dtype)


def to_bt709(image: np.ndarray, colour: Colour, bit_depth: int = 8) -> np.ndarray:
    """uint16 RGB (H, W, 3) in `colour` -> BT.709 RGB of 8 or 16 bits: display light, tone curve, gamut, BT.1886."""
    levels = (np.arange(65536) / 65535).astype(np.float32)
    if colour.transfer == PQ:
        light = tone_map(pq_to_light(levels)[image]) / WHITE
    elif colour.transfer == HLG:
        light = tone_map(hlg_to_light(hlg_to_scene(levels)[image])) / WHITE
    else:
        light = (levels**GAMMA)[image]
    if colour.primaries in WIDE_GAMUTS:
        light = light @ np.array(WIDE_GAMUTS[colour.primaries], dtype=np.float32).T
    signal = np.clip(light, 0, 1) ** (1 / GAMMA)
    return np.rint((2**bit_depth - 1) * signal).astype(np.uint8 if bit_depth == 8 else np.uint16)


M1, M2, C1, C2, C3 = 2610 / 16384, 2523 / 32, 3424 / 4096, 2413 / 128, 2392 / 128


def pq_to_light(signal: np.ndarray) -> np.ndarray:
    """The EOTF of ST 2084: signal in 0..1 to cd/m2."""
    root = signal ** (1 / M2)
    return 10000 * (np.maximum(root - C1, 0) / (C2 - C3 * root)) ** (1 / M1)


def light_to_pq(light: np.ndarray) -> np.ndarray:
    """The inverse EOTF of ST 2084: cd/m2 to signal in 0..1."""
    power = (light / 10000) ** M1
    return ((C1 + C2 * power) / (1 + C3 * power)) ** M2


def hlg_to_scene(signal: np.ndarray) -> np.ndarray:
    """The inverse OETF of HLG: signal in 0..1 to scene light in 0..1."""
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    return np.where(signal <= 0.5, signal**2 / 3, (np.exp((signal - c) / a) + b) / 12)


def hlg_to_light(scene: np.ndarray) -> np.ndarray:
    """The OOTF of HLG for a display of 1000 cd/m2: scene RGB (..., 3) in 0..1 to cd/m2."""
    luminance = scene @ np.array((0.2627, 0.6780, 0.0593), dtype=scene.dtype)
    return PEAK * scene * luminance[..., None] ** (1.2 - 1)


def tone_map(light: np.ndarray) -> np.ndarray:
    """Scale RGB (..., 3) in cd/m2 so that its largest channel follows BT.2390's curve from 1000 to 203 cd/m2."""
    largest = np.minimum(light.max(axis=-1, keepdims=True), PEAK)
    return light * (tone_curve(largest) / np.maximum(light.max(axis=-1, keepdims=True), 1e-6))


def tone_curve(light: np.ndarray) -> np.ndarray:
    """The EETF of BT.2390 for a black of 0: cd/m2 in 0..1000 to cd/m2 in 0..203; unchanged below its knee."""
    peak, target = light_to_pq(np.array(PEAK)), light_to_pq(np.array(WHITE))
    signal, highest = light_to_pq(light) / peak, target / peak
    knee = 1.5 * highest - 0.5
    t = np.maximum(signal - knee, 0) / (1 - knee)
    spline = (2 * t**3 - 3 * t**2 + 1) * knee + (t**3 - 2 * t**2 + t) * (1 - knee) + (-2 * t**3 + 3 * t**2) * highest
    return pq_to_light(np.where(signal < knee, signal, spline) * peak).astype(light.dtype)
