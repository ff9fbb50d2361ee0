"""Small promises of the files that come out: tags, tracks, chapters, stamps at the edges; and cuts in busy shots."""

from fractions import Fraction
from itertools import pairwise

import av
import numpy as np
import pytest
from av.stream import Disposition

import clips
from fairy.pictures.cuts import CutDetector
from fairy.video import VideoWriter, probe, read_frames

UNTAGGED = dict.fromkeys(("color_primaries", "color_trc", "colorspace"), 2)


@pytest.mark.parametrize(("size", "matrix"), [((64, 48), 6), ((64, 576), 6), ((64, 578), 1), ((1280, 48), 1)])
def test_what_names_no_matrix_is_read_by_that_of_its_size(tmp_path, size, matrix):
    written = clips.BT601 if matrix == 6 else clips.BT709
    tagged = clips.make(tmp_path / "tagged.mkv", codec="ffv1", size=size, num_frames=1, colour=written)
    untagged = clips.make(tmp_path / "bare.mkv", codec="ffv1", size=size, num_frames=1, colour=written)
    with av.open(str(untagged)) as container:
        frame = next(container.decode(video=0))
    assert probe(tagged).colour.matrix == matrix
    from fairy.video.colour import colour_of

    frame.colorspace = 2
    assert colour_of(frame).matrix == matrix


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv", ".webm"])
def test_limited_range_and_bt709_are_tagged(tmp_path, suffix):
    clips.rewrite(clips.make(tmp_path / "in.mp4"), tmp_path / f"out{suffix}")
    with av.open(str(tmp_path / f"out{suffix}")) as container:
        frame = next(container.decode(video=0))
    assert (frame.color_range, frame.colorspace, frame.color_primaries, frame.color_trc) == (1, 1, 1, 1)


def with_chapters(path, source):
    """The clip again, with two chapters and a second sound track that is not the default one."""
    with av.open(str(source)) as given, av.open(str(path), "w") as output:
        tracks = [output.add_stream_from_template(stream) for stream in given.streams]
        tracks[1].disposition, tracks[2].disposition = Disposition(0), Disposition.default | Disposition.dub
        tracks[2].metadata["language"] = "deu"
        base = Fraction(1, 1000)
        marks = [(0, 200, "one"), (200, 400, "two")]
        output.set_chapters(
            [
                {"id": n, "start": a, "end": b, "time_base": base, "metadata": {"title": title}}
                for n, (a, b, title) in enumerate(marks)
            ]
        )
        for packet in given.demux():
            if packet.size:
                packet.stream = tracks[packet.stream.index]
                output.mux(packet)
    return path


def test_chapters_and_what_tracks_are_for_come_along(tmp_path):
    plain = clips.make(tmp_path / "plain.mkv", audio=["aac", "aac"])
    source = with_chapters(tmp_path / "in.mkv", plain)
    clips.rewrite(source, tmp_path / "out.mkv")
    found = []
    for path in (source, tmp_path / "out.mkv"):
        with av.open(str(path)) as container:
            chapters = [
                (chapter["start"] * chapter["time_base"], chapter["metadata"]["title"])
                for chapter in container.chapters()
            ]
            sounds = [(stream.disposition, stream.metadata.get("language")) for stream in container.streams.audio]
            found.append((chapters, sounds))
    assert found[0] == found[1]
    assert [title for _, title in found[1][0]] == ["one", "two"]
    assert found[1][1][0] != found[1][1][1]


def test_a_part_has_no_chapters_of_the_whole(tmp_path):
    source = with_chapters(tmp_path / "in.mkv", clips.make(tmp_path / "plain.mkv", audio=["aac", "aac"]))
    clips.rewrite(source, tmp_path / "out.mkv", start=2, stop=8)
    with av.open(str(tmp_path / "out.mkv")) as container:
        assert container.chapters() == []


@pytest.mark.parametrize("suffix", [".mkv", ".gif"])
def test_two_frames_within_one_tick_stay_two(tmp_path, suffix):
    source = clips.make(tmp_path / "in.mp4", pts=[0, 1, 2, 3, 40], time_base=Fraction(1, 10_000), last_duration=300)
    clips.rewrite(source, tmp_path / f"out{suffix}")
    stamps = clips.stamps(tmp_path / f"out{suffix}")
    assert len(stamps) == 5
    assert all(before < after for before, after in pairwise(stamps))


@pytest.mark.parametrize("suffix", [".mov", ".mkv"])
def test_a_packet_that_begins_where_the_range_stops_is_left_out(tmp_path, suffix):
    """Sound in packets of a tenth of a second, and a range that stops where one begins."""
    source = tmp_path / "in.mkv"
    with av.open(str(source), "w") as output:
        pictures, sound = output.add_stream("ffv1", rate=10), output.add_stream("pcm_s16le", rate=8000)
        pictures.width, pictures.height, pictures.pix_fmt, sound.codec_context.layout = 32, 32, "bgr0", "mono"
        for index in range(8):
            frame = av.VideoFrame.from_ndarray(np.full((32, 32, 3), 20 * index, np.uint8), "rgb24")
            frame.pts, frame.time_base = index, Fraction(1, 10)
            output.mux(pictures.encode(frame))
            tone = av.AudioFrame.from_ndarray(np.full((1, 800), index, np.int16), "s16", "mono")
            tone.sample_rate, tone.pts, tone.time_base = 8000, 800 * index, Fraction(1, 8000)
            output.mux(sound.encode(tone))
        for stream in (pictures, sound):
            output.mux(stream.encode(None))
    clips.rewrite(source, tmp_path / f"out{suffix}", start=2, stop=5)
    (packets,) = clips.sound_packets(tmp_path / f"out{suffix}")
    assert set(np.frombuffer(b"".join(packets), np.int16).tolist()) == {2, 3, 4}


def moving(num_frames, jump=()):
    """A busy shot: half of every picture is new; at `jump` all of it is."""
    rng = np.random.default_rng(0)
    still = rng.integers(0, 256, (18, 32, 3)).astype(np.uint8)
    for index in range(num_frames):
        if index in jump:
            still = rng.integers(0, 256, (18, 32, 3)).astype(np.uint8)
        picture = still.copy()
        picture[:, 8:] = rng.integers(0, 256, (18, 24, 3))
        yield picture


def test_a_busy_shot_has_no_cuts():
    detector = CutDetector()
    for index, picture in enumerate(moving(20, jump=(10,))):
        detector.push(index, picture)
    assert detector.cuts == []


def test_a_cut_between_quiet_shots_is_found():
    detector, rng = CutDetector(), np.random.default_rng(1)
    shots = [rng.integers(0, 256, (18, 32, 3)).astype(np.uint8) for _ in range(2)]
    for index in range(12):
        detector.push(index, shots[index // 6])
    assert detector.cuts == [6]


def test_a_part_of_a_file_is_read_and_written_with_the_last_frames_duration(tmp_path):
    source = clips.make(tmp_path / "in.mp4", pts=[0, 1, 5, 6], last_duration=9)
    info = probe(source)
    with VideoWriter(tmp_path / "out.mp4", info=info, size=(64, 48), start=1, stop=3) as writer:
        for frame in read_frames(info, start=1, stop=3):
            writer.write(frame.image, frame.pts)
    assert probe(tmp_path / "out.mp4").duration == pytest.approx(5 / 25)


def test_encoded_sound_of_a_part_begins_with_it(tmp_path):
    source = clips.make(tmp_path / "in.mkv", num_frames=50, audio=["vorbis"])
    clips.rewrite(source, tmp_path / "out.mp4", start=25, stop=40)
    with av.open(str(tmp_path / "out.mp4")) as container:
        frames = list(container.decode(audio=0))
    assert abs(float(frames[0].pts * frames[0].time_base)) < 0.05
    assert float(frames[-1].pts * frames[-1].time_base) < 0.7
