"""Probing and reading: exact counts and time stamps, upright square pixels, the same pixels whatever the way there."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

import clips
from fairy.errors import MediaError, UsageError
from fairy.video import probe, read_at, read_frames

OPEN_GOP = {"g": "12", "bf": "3", "x264-params": "open-gop=1:scenecut=0"}


def images_of(path: Path, **options) -> list[np.ndarray]:
    return [frame.image for frame in read_frames(probe(path), **options)]


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("plain.mp4", {}),
        ("b_frames.mp4", {"num_frames": 40, "options": OPEN_GOP}),
        ("b_frames.mkv", {"num_frames": 40, "options": OPEN_GOP, "audio": ["vorbis"]}),
        ("odd.webm", {"codec": "libvpx-vp9", "size": (63, 47), "audio": ["libopus", "vorbis"]}),
        ("offset.mp4", {"pts": range(50, 62)}),
        ("variable.mp4", {"pts": [0, 3, 4, 9, 10, 17], "time_base": Fraction(1, 90), "last_duration": 30}),
        ("ten_bit.mp4", {"codec": "libx265", "pix_fmt": "yuv420p10le"}),
        ("prores.mov", {"codec": "prores_ks", "pix_fmt": "yuv422p10le", "audio": ["pcm_s16le"]}),
        ("variable.gif", {"codec": "gif", "pix_fmt": "rgb8", "pts": [0, 10, 14, 30], "time_base": Fraction(1, 100)}),
        ("old.avi", {"codec": "mpeg4", "options": {"bf": "2"}}),
        ("broadcast.ts", {"codec": "mpeg2video", "options": {"bf": "2"}, "audio": ["mp2"]}),
    ],
)
def test_count_time_stamps_and_random_access_are_exact(tmp_path, name, options):
    path = clips.make(tmp_path / name, **options)
    info, stamps = probe(path), clips.stamps(path)
    frames = list(read_frames(info))
    assert [int(pts) * info.time_base for pts in info.pts] == stamps
    assert [(frame.index, frame.pts) for frame in frames] == list(enumerate(info.pts))
    picked = list(read_at(info, [len(info) - 1, 0, len(info) * 2 // 3]))
    assert [frame.index for frame in picked] == [0, len(info) * 2 // 3, len(info) - 1]
    assert all((frame.image == frames[frame.index].image).all() for frame in picked)


@pytest.mark.parametrize("first", range(0, 40, 3))
def test_reading_from_any_frame_gives_the_same_pixels(tmp_path, first):
    info = probe(clips.make(tmp_path / "clip.mp4", num_frames=40, options=OPEN_GOP))
    whole = list(read_frames(info))
    assert all((frame.image == whole[frame.index].image).all() for frame in read_frames(info, start=first))


def test_a_rotation_flag_is_applied(tmp_path):
    turned, plain = (clips.make(tmp_path / f"{angle}.mp4", rotation=angle) for angle in (90, 0))
    info = probe(turned)
    assert (info.width, info.height, info.rotation) == (48, 64, 90)
    assert (images_of(turned)[3] == np.rot90(images_of(plain)[3])).all()


def test_a_photograph_with_a_rotation_in_exif_comes_upright(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(clips.picture(0, (64, 48))).save(tmp_path / "photo.jpg", exif=exif, quality=95)
    (image,) = images_of(tmp_path / "photo.jpg")
    assert image.shape == (64, 48, 3)
    assert np.abs(image[8, -8].astype(int) - clips.SQUARE).max() < 12


def test_anamorphic_pixels_become_square(tmp_path):
    info = probe(clips.make(tmp_path / "clip.mp4", pixel_aspect=Fraction(4, 3), size=(60, 48)))
    assert (info.width, info.height) == (80, 48)


def test_size_scales(tmp_path):
    assert images_of(clips.make(tmp_path / "clip.mp4"), size=(32, 24))[0].shape == (24, 32, 3)


def test_a_variable_rate_is_seen(tmp_path):
    options = {"pts": [0, 3, 4, 9, 10, 17], "time_base": Fraction(1, 90), "last_duration": 30}
    info = probe(clips.make(tmp_path / "clip.mkv", **options))
    assert info.variable_rate
    assert info.duration == pytest.approx(47 / 90, abs=0.001)


def test_a_rate_of_23_976_is_exact_in_a_container_of_milliseconds(tmp_path):
    info = probe(clips.make(tmp_path / "clip.mkv", time_base=Fraction(1001, 24000), num_frames=30))
    assert (info.fps, info.variable_rate) == (Fraction(24000, 1001), False)


def test_a_folder_is_read_in_natural_order(tmp_path):
    for index in (10, 2, 1):
        image = av.VideoFrame.from_ndarray(np.full((6, 8, 3), index, np.uint8), "rgb24")
        image.save(tmp_path / f"frame{index}.png")
    info = probe(tmp_path)
    assert (len(info), info.width, info.height, info.fps) == (3, 8, 6, 25)
    assert [frame.image[0, 0, 0] for frame in read_frames(info)] == [1, 2, 10]
    assert [frame.image[0, 0, 0] for frame in read_at(info, [2])] == [10]


def test_transparent_pixels_lie_on_white(tmp_path):
    pixels = np.zeros((6, 8, 4), np.uint8)
    pixels[:, 4:] = (10, 20, 30, 255)
    Image.fromarray(pixels).save(tmp_path / "picture.png")
    (image,) = images_of(tmp_path / "picture.png")
    assert (image[0, 0].tolist(), image[0, 7].tolist()) == ([255, 255, 255], [10, 20, 30])


def test_a_broken_packet_is_left_out_the_same_way_each_time(tmp_path):
    path = clips.make(tmp_path / "clip.mp4", num_frames=40, options=OPEN_GOP)
    clips.zero_packets(path, range(20, 21))
    info = probe(path)
    whole = list(read_frames(info))
    assert len(whole) == len(info) >= 30
    assert any("broken" in note for note in info.notes)
    assert all((frame.image == whole[frame.index].image).all() for frame in read_at(info, [25, len(info) - 1]))


def test_a_file_that_ends_early_gives_what_it_holds(tmp_path):
    path = clips.make(tmp_path / "clip.mp4", num_frames=40, movflags="faststart")
    path.write_bytes(path.read_bytes()[:-1000])
    info = probe(path)
    assert 0 < len(info) < 40
    assert len(list(read_frames(info))) == len(info)
    assert any("ends early" in note for note in info.notes)


def test_a_file_that_changed_since_it_was_probed_is_an_error(tmp_path):
    info = probe(clips.make(tmp_path / "clip.mp4"))
    clips.make(tmp_path / "clip.mp4", image=lambda index, size: clips.picture(index + 60, size)[::-1])
    with pytest.raises(MediaError, match="Has the file changed"):
        list(read_frames(info))


def test_frames_outside_the_video_are_refused(tmp_path):
    info = probe(clips.make(tmp_path / "clip.mp4"))
    with pytest.raises(UsageError, match="12 frames"):
        read_frames(info, start=3, stop=13)


def write_sound_only(path: Path) -> None:
    with av.open(str(path), "w") as output:
        clips.write_sound(output, clips.add_sound(output, "aac"), 440, 0, 0.2)


def write_garbled(path: Path) -> None:
    clips.zero_packets(clips.make(path), range(12))


def write_two_sizes(folder: Path) -> None:
    folder.mkdir()
    for size in (8, 10):
        av.VideoFrame.from_ndarray(np.zeros((6, size, 3), np.uint8), "rgb24").save(folder / f"{size}.png")


@pytest.mark.parametrize(
    ("name", "make", "said"),
    [
        ("missing.mp4", Path.exists, "does not exist"),
        ("text.mp4", lambda path: path.write_text("no video\n" * 99), "cannot be opened as a video"),
        ("empty.mp4", lambda path: path.touch(), "cannot be opened as a video"),
        ("cut.mp4", lambda path: path.write_bytes(clips.make(path).read_bytes()[:2000]), "cannot be opened as a video"),
        ("sound.mp4", write_sound_only, "no video, but audio"),
        ("none.mp4", lambda path: clips.make(path, pts=[]), "no video, but no tracks"),
        ("garbled.mp4", write_garbled, "without one picture that can be decoded"),
        ("folder", lambda path: path.mkdir(), "folder without images"),
        ("sizes", write_two_sizes, "the same size"),
    ],
)
def test_what_is_no_video_gets_one_clear_line(tmp_path, name, make, said):
    make(tmp_path / name)
    with pytest.raises(MediaError, match=said) as caught:
        probe(tmp_path / name)
    assert "\n" not in str(caught.value)
