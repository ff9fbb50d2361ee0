"""Writing: what went in comes out (frames, time stamps, sound, tags), whole or not at all, the same bytes each time."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

import clips
from fairy.errors import OutputError, UsageError
from fairy.video import VideoWriter, check_output, probe, read_frames

VARIABLE = {"pts": [0, 3, 4, 9, 10, 17], "time_base": Fraction(1, 90), "last_duration": 30}


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".webm", ".mov", ".gif"])
@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("plain.mp4", {}),
        ("variable.mp4", VARIABLE),
        ("variable.mkv", VARIABLE),
        ("b_frames.mkv", {"num_frames": 30, "time_base": Fraction(1001, 24000)}),
        ("odd.webm", {"codec": "libvpx-vp9", "size": (63, 47)}),
        ("one.mp4", {"num_frames": 1}),
        ("variable.gif", {"codec": "gif", "pix_fmt": "rgb8", "pts": [0, 10, 14, 30], "time_base": Fraction(1, 100)}),
    ],
)
def test_frames_time_stamps_and_length_are_kept(tmp_path, name, options, suffix):
    info, _ = clips.rewrite(clips.make(tmp_path / name, **options), tmp_path / f"out{suffix}")
    written = probe(tmp_path / f"out{suffix}")
    tick = {".mkv": Fraction(1, 1000), ".webm": Fraction(1, 1000), ".gif": Fraction(1, 100)}.get(suffix, Fraction(0))
    expected = [int(pts) * info.time_base for pts in info.pts]
    stamps = [int(pts) * written.time_base for pts in written.pts]
    assert len(stamps) == len(expected)
    assert all(abs(a - b) <= tick / 2 for a, b in zip(stamps, expected, strict=True))
    assert written.duration == pytest.approx(info.duration, abs=0.001 + float(tick))


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".mov"])
def test_a_first_time_stamp_that_is_not_zero_is_kept(tmp_path, suffix):
    source = clips.make(tmp_path / "in.mp4", pts=range(51, 63), time_base=Fraction(1, 30), audio=["aac"])
    clips.rewrite(source, tmp_path / f"out{suffix}")
    wanted = clips.stamps(source)
    tolerance = Fraction(1, 2000) if suffix == ".mkv" else 0
    assert all(abs(a - b) <= tolerance for a, b in zip(clips.stamps(tmp_path / f"out{suffix}"), wanted, strict=True))


def test_a_broadcast_s_clock_starts_at_zero(tmp_path):
    source = clips.make(tmp_path / "in.ts", codec="mpeg2video", pts=range(900, 912), audio=["mp2"])
    clips.rewrite(source, tmp_path / "out.mp4")
    assert 0 <= clips.stamps(tmp_path / "out.mp4")[0] < Fraction(1, 10)


@pytest.mark.parametrize(
    ("name", "codecs", "suffix"),
    [
        ("in.mp4", ["aac", "aac"], ".mp4"),
        ("in.mp4", ["aac", "libopus"], ".mkv"),
        ("in.mp4", ["aac", "ac3"], ".mov"),
        ("in.mkv", ["libopus", "flac"], ".mp4"),
        ("in.mkv", ["vorbis", "libopus"], ".webm"),
        ("in.mov", ["pcm_s16le"], ".mkv"),
    ],
)
def test_sound_packets_are_copied_unchanged_and_stay_in_time(tmp_path, name, codecs, suffix):
    source = clips.make(tmp_path / name, num_frames=30, audio=codecs)
    _, notes = clips.rewrite(source, tmp_path / f"out{suffix}")
    assert clips.sound_packets(tmp_path / f"out{suffix}") == clips.sound_packets(source)
    assert notes == []
    for before, after in zip(sound_times(source), sound_times(tmp_path / f"out{suffix}"), strict=True):
        assert np.abs(np.subtract(before, after)).max() < 0.0015


def sound_times(path: Path) -> list[list[float]]:
    """Seconds of each packet, track by track."""
    with av.open(str(path)) as container:
        tracks: dict[int, list[float]] = {stream.index: [] for stream in container.streams.audio}
        for packet in container.demux(container.streams.audio):
            if packet.size:
                tracks[packet.stream.index].append(float(packet.pts * packet.time_base))
    return list(tracks.values())


@pytest.mark.parametrize(
    ("codec", "suffix", "said"),
    [
        ("vorbis", ".mp4", "vorbis cannot be stored in mp4; re-encoded to aac"),
        ("aac", ".webm", "aac cannot be stored in webm; re-encoded to opus"),
        ("libopus", ".mov", "opus cannot be stored in mov; re-encoded to aac"),
        ("aac", ".gif", "aac cannot be stored in gif; left out"),
    ],
)
def test_sound_that_does_not_fit_is_re_encoded_and_said_so(tmp_path, codec, suffix, said):
    source = clips.make(tmp_path / "in.mkv", num_frames=50, audio=[codec])
    _, notes = clips.rewrite(source, tmp_path / f"out{suffix}")
    assert notes == [f"audio track 1: {said}"]
    if suffix != ".gif":
        assert zero_crossings(tmp_path / f"out{suffix}") == pytest.approx(zero_crossings(source), rel=0.03)


def zero_crossings(path: Path) -> int:
    """Of the decoded sound: pitch times length."""
    with av.open(str(path)) as container:
        samples = np.concatenate([frame.to_ndarray()[0] for frame in container.decode(audio=0)])
    return int(np.count_nonzero(np.diff(np.signbit(samples[2000:-2000]))))


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_a_range_starts_at_zero_with_its_own_sound(tmp_path, suffix):
    source = clips.make(tmp_path / "in.mp4", num_frames=50, audio=["aac"])
    clips.rewrite(source, tmp_path / f"out{suffix}", start=20, stop=35)
    assert clips.stamps(tmp_path / f"out{suffix}") == [Fraction(index, 25) for index in range(15)]
    (before,), (after,) = clips.sound_packets(source), clips.sound_packets(tmp_path / f"out{suffix}")
    kept = [bytes(data) for data, time in zip(before, sound_times(source)[0], strict=True) if 0.8 <= time < 1.4]
    assert after == kept
    assert 0 <= sound_times(tmp_path / f"out{suffix}")[0][0] < 1024 / 48000


def test_a_turned_source_is_written_upright(tmp_path):
    clips.rewrite(clips.make(tmp_path / "in.mp4", rotation=270), tmp_path / "out.mp4")
    written = probe(tmp_path / "out.mp4")
    assert (written.width, written.height, written.rotation) == (48, 64, 0)


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv", ".webm"])
def test_metadata_are_kept_and_added(tmp_path, suffix):
    known = {"title": "Wolf", "creation_time": "2020-01-02T03:04:05.000000Z", "comment": "a b"}
    source = clips.make(tmp_path / "in.mp4", metadata=known)
    clips.rewrite(source, tmp_path / f"out{suffix}", metadata={"fairy": '{"seed": 1}'})
    expected = known | {"fairy": '{"seed": 1}'}
    assert {key: probe(tmp_path / f"out{suffix}").metadata.get(key) for key in expected} == expected


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".webm", ".gif"])
def test_the_same_frames_give_the_same_bytes(tmp_path, suffix):
    source = clips.make(tmp_path / "in.mkv", audio=["vorbis"])
    outputs = [tmp_path / f"{number}{suffix}" for number in range(4)]
    for output in outputs:
        clips.rewrite(source, output)
    assert len({output.read_bytes() for output in outputs}) == 1


def test_a_folder_of_pngs_is_lossless(tmp_path):
    info, notes = clips.rewrite(clips.make(tmp_path / "in.mp4", audio=["aac"]), f"{tmp_path}/out/")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [f"{i:06d}.png" for i in range(12)]
    assert "no sound" in notes[0]
    pairs = zip(read_frames(info), read_frames(probe(tmp_path / "out")), strict=True)
    assert all((before.image == after.image).all() for before, after in pairs)


def test_quality_changes_the_size(tmp_path):
    source = clips.make(tmp_path / "in.mp4")
    for quality in (5, 40):
        clips.rewrite(source, tmp_path / f"{quality}.mp4", quality=quality)
    assert (tmp_path / "5.mp4").stat().st_size > 1.5 * (tmp_path / "40.mp4").stat().st_size


@pytest.mark.parametrize("name", ["out.mp4", "out/"])
def test_a_failure_leaves_nothing_behind(tmp_path, name):
    info = probe(clips.make(tmp_path / "in.mp4"))
    with pytest.raises(KeyError), VideoWriter(f"{tmp_path}/{name}", info=info, size=(64, 48)) as writer:  # noqa: PT012
        writer.write(clips.picture(0, (64, 48)), 0)
        raise KeyError
    assert [path.name for path in tmp_path.iterdir()] == ["in.mp4"]


def test_overwriting_replaces_the_file_and_the_folder(tmp_path):
    source = clips.make(tmp_path / "in.mp4")
    for output in (tmp_path / "out.mp4", f"{tmp_path}/out/"):
        clips.rewrite(source, output, stop=3)
        clips.rewrite(source, output, stop=2, overwrite=True)
        assert len(probe(Path(output))) == 2
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.mp4", "out", "out.mp4"]


@pytest.mark.parametrize(
    ("name", "overwrite", "said"),
    [
        ("there.mp4", False, "exists already"),
        ("nowhere/out.mp4", True, "does not exist"),
        ("out.avi", True, r"\.mp4, \.mov, \.mkv"),
        ("out", True, r"\.mp4, \.mov, \.mkv"),
        ("mine/", True, "holds other files"),
        ("there.mp4/", True, "is a file"),
    ],
)
def test_what_cannot_be_written_is_said_before_any_work(tmp_path, name, overwrite, said):
    (tmp_path / "there.mp4").touch()
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "diary.txt").touch()
    with pytest.raises(OutputError, match=said) as caught:
        check_output(f"{tmp_path}/{name}", overwrite)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("name", "quality"), [("out.mp4", 52), ("out.webm", 64), ("out.gif", 10), ("out/", 1)])
def test_a_quality_that_the_codec_lacks_is_refused(tmp_path, name, quality):
    info = probe(clips.make(tmp_path / "in.mp4"))
    with pytest.raises(UsageError, match=f"quality {quality}"):
        VideoWriter(f"{tmp_path}/{name}", info=info, size=(64, 48), quality=quality)


def test_subtitles_are_copied_where_they_fit_and_named_where_not(tmp_path):
    source = clips.add_subtitle(clips.make(tmp_path / "plain.mkv"), tmp_path / "in.mkv")
    assert clips.rewrite(source, tmp_path / "out.mkv")[1] == []
    with av.open(str(tmp_path / "out.mkv")) as container:
        assert [bytes(packet) for packet in container.demux(subtitles=0) if packet.size] == [b"Hello"]
    assert clips.rewrite(source, tmp_path / "out.mp4")[1] == [
        "subtitle track 1: subrip cannot be stored in mp4; left out"
    ]
