"""Codecs of delivery: the same bytes each time, the bits that are promised, time codes, and what is refused."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from clips import make
from fairy.errors import UsageError
from fairy.jobs.delivery import Delivery
from fairy.pictures.scale import eight_bits
from fairy.video import VideoInfo, VideoWriter, probe, read_frames
from fairy.video.formats import CODECS, FOLDER, FORMATS
from fairy.video.timecode import later

WAYS = [(suffix, codec) for suffix, chosen in [*FORMATS.items(), ("/", FOLDER)] for codec in chosen.codecs]
SIZE = (1024, 128)
CODES = 877
"""Of brightness in limited range at 10 bits, 64 to 940: no more levels of grey can come back."""


@pytest.fixture(scope="module")
def info(tmp_path_factory: pytest.TempPathFactory) -> VideoInfo:
    return probe(make(tmp_path_factory.mktemp("clips") / "source.mp4", num_frames=3, size=(64, 48)))


def ramp() -> np.ndarray:
    """Grey of 1,024 levels, uint16 (H, W, 3)."""
    levels = np.rint(np.arange(SIZE[0]) * 65535 / (SIZE[0] - 1)).astype(np.uint16)
    return np.broadcast_to(levels[None, :, None], (SIZE[1], SIZE[0], 3))


def write(output: str, info: VideoInfo, codec: str, picture: np.ndarray) -> Path:
    size = picture.shape[1], picture.shape[0]
    with VideoWriter(output, info=info, size=size, codec=codec) as writer:
        for pts in info.pts:
            writer.write(picture if writer.codec.bit_depth > 8 else eight_bits(picture), int(pts))
    return Path(output)


def content(path: Path) -> bytes:
    return b"".join(each.read_bytes() for each in sorted(path.iterdir())) if path.is_dir() else path.read_bytes()


def levels_of(path: Path) -> int:
    """Different greys in the middle row, as 10 bits tell them apart."""
    image = next(iter(read_frames(probe(path), bit_depth=16))).image
    return len(np.unique(np.rint(image[SIZE[1] // 2, :, 1] / 65535 * 1023)))


@pytest.mark.parametrize(("suffix", "codec"), WAYS)
def test_the_same_pictures_give_the_same_bytes(info, tmp_path: Path, suffix: str, codec: str) -> None:
    first, second = (write(f"{tmp_path}/{name}{suffix}", info, codec, ramp()) for name in ("first", "second"))
    assert content(first) == content(second)


@pytest.mark.parametrize(("suffix", "codec"), [way for way in WAYS if way[1] not in ("exr", "gif")])
def test_a_file_has_the_depth_and_the_tags_of_its_codec(info, tmp_path: Path, suffix: str, codec: str) -> None:
    found = probe(write(f"{tmp_path}/out{suffix}", info, codec, ramp()))
    assert found.bit_depth >= CODECS[codec].bit_depth  # ProRes 4444 is decoded to 12 bits
    if CODECS[codec].is_yuv and suffix != "/":
        colour = found.colour
        assert (colour.primaries, colour.transfer, colour.matrix, colour.full_range) == (1, 1, 1, False)


@pytest.mark.parametrize("codec", ["prores", "prores4444", "dnxhr"])
def test_ten_bits_keep_what_limited_range_has(info, tmp_path: Path, codec: str) -> None:
    assert levels_of(write(f"{tmp_path}/out.mov", info, codec, ramp())) > 0.98 * CODES


def test_ten_bits_of_hevc_keep_what_limited_range_has(info, tmp_path: Path) -> None:
    assert levels_of(write(f"{tmp_path}/out.mp4", info, "hevc10", ramp())) > 0.97 * CODES


def test_sixteen_bits_keep_all_levels(info, tmp_path: Path) -> None:
    assert levels_of(write(f"{tmp_path}/out/", info, "png16", ramp())) == 1024


def test_eight_bits_do_not(info, tmp_path: Path) -> None:
    assert levels_of(write(f"{tmp_path}/out.mp4", info, "h264", ramp())) <= 256


@pytest.mark.parametrize(("suffix", "codec", "share"), [(".mov", "prores", 0.98), (".mp4", "hevc10", 0.96)])
def test_a_ten_bit_source_is_carried_in_ten_bits(info, tmp_path: Path, suffix: str, codec: str, share: float) -> None:
    source = probe(write(f"{tmp_path}/source.mov", info, "prores", ramp()))
    edits = [frame.image for frame in read_frames(source, size=(256, 32))]  # an edit that changes nothing
    delivery = Delivery(info=source, size=SIZE, detail="carry")
    with VideoWriter(f"{tmp_path}/out{suffix}", info=source, size=SIZE, codec=codec) as writer:
        for frame, picture in delivery.finished(edits, range(len(source)), bit_depth=16):
            writer.write(picture, frame.pts)
    assert levels_of(Path(f"{tmp_path}/out{suffix}")) > share * levels_of(source.path)


def test_exr_holds_light(info, tmp_path: Path) -> None:
    write(f"{tmp_path}/out/", info, "exr", ramp())
    with av.open(f"{tmp_path}/out/000000.exr") as container:
        light = next(container.decode(video=0)).to_ndarray(format="gbrpf32le")
    assert np.abs(light - (ramp() / 65535) ** 2.4).max() < 1e-3


@pytest.mark.parametrize(
    ("name", "codec", "says"),
    [
        ("out.mp4", "prores", r"--codec prores: mp4 takes h264, hevc, hevc10, av1 \("),
        ("out.gif", "h264", "gif takes gif"),
        ("out/", "h264", "a folder takes png, png16, exr"),
        ("out.mkv", "xvid", "--codec xvid: matroska takes h264, ffv1"),
    ],
)
def test_a_codec_that_the_output_does_not_take_is_refused(info, tmp_path: Path, name, codec, says) -> None:
    with pytest.raises(UsageError, match=says):
        VideoWriter(f"{tmp_path}/{name}", info=info, size=SIZE, codec=codec)


def test_prores_has_no_quality_and_dnxhr_a_least_size(info, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="quality 20: prores_ks has no quality"):
        VideoWriter(tmp_path / "out.mov", info=info, size=SIZE, quality=20)
    with pytest.raises(UsageError, match="size 64x48: dnxhd takes 256x120 and more"):
        VideoWriter(tmp_path / "out.mov", info=info, size=(64, 48), codec="dnxhr")


@pytest.mark.parametrize(
    ("code", "frames", "rate", "wanted"),
    [
        ("01:02:03:04", 30, Fraction(25), "01:02:04:09"),
        ("23:59:59:23", 1, Fraction(24), "00:00:00:00"),
        ("00:00:59;29", 1, Fraction(30000, 1001), "00:01:00;02"),
        ("00:09:59;29", 1, Fraction(30000, 1001), "00:10:00;00"),
        ("00:00:59;59", 1, Fraction(60000, 1001), "00:01:00;04"),
        ("00:00:00;00", 107_892, Fraction(30000, 1001), "01:00:00;00"),
        ("yesterday", 3, Fraction(25), "yesterday"),
    ],
)
def test_time_codes_count_as_smpte_says(code: str, frames: int, rate: Fraction, wanted: str) -> None:
    assert later(code, frames, rate) == wanted


@pytest.mark.parametrize("suffix", [".mov", ".mp4", ".mkv"])
def test_the_time_code_comes_along_and_a_part_begins_later(tmp_path: Path, suffix: str) -> None:
    source = make(tmp_path / "source.mov", num_frames=6)
    with av.open(str(source)) as given, av.open(f"{tmp_path}/coded.mov", "w") as coded:
        stream = coded.add_stream_from_template(given.streams.video[0])
        stream.metadata["timecode"] = "10:00:00:00"
        for packet in given.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                coded.mux(packet)
    info = probe(tmp_path / "coded.mov")
    with VideoWriter(f"{tmp_path}/out{suffix}", info=info, size=(64, 48), start=2) as writer:
        for frame in read_frames(info, start=2):
            writer.write(frame.image, frame.pts)
    assert (info.timecode, probe(Path(f"{tmp_path}/out{suffix}")).timecode) == ("10:00:00:00", "10:00:00:02")
