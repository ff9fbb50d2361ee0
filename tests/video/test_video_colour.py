"""Colours: what is red goes in and comes out red; HDR follows the published curves."""

import numpy as np
import pytest

import clips
from fairy.video import VideoWriter, probe, read_frames
from fairy.video.colour import Colour, light_to_pq, pq_to_light, to_bt709, tone_curve


def first_image(path):
    return next(iter(read_frames(probe(path)))).image


@pytest.mark.parametrize(
    ("suffix", "codec", "pixels", "colour"),
    [
        (".mp4", "libx264", "yuv420p", clips.BT709),
        (".mp4", "libx264", "yuv420p", clips.BT601),
        (".mp4", "libx264", "yuv420p", clips.FULL_RANGE),
        (".mkv", "libx264", "yuv444p10le", clips.BT601),
        (".mkv", "libx264rgb", "rgb24", {}),
    ],
)
def test_a_red_square_comes_in_and_goes_out_red(tmp_path, suffix, codec, pixels, colour):
    path = clips.make(tmp_path / f"in{suffix}", codec=codec, pix_fmt=pixels, colour=colour, num_frames=2)
    info = probe(path)
    with VideoWriter(tmp_path / "out.mp4", info=info, size=(64, 48), quality=10) as writer:
        for frame in read_frames(info):
            writer.write(frame.image, frame.pts)
    for image in (first_image(path), first_image(tmp_path / "out.mp4")):
        assert np.abs(image[4:16, 4:24].astype(int) - clips.SQUARE).max() <= 5
    assert probe(tmp_path / "out.mp4").colour == Colour(1, 1, 1, full_range=False)


def hdr_clip(path, colour, level):
    """Ten-bit grey at `level` in 0..1 of the signal."""

    def grey(_index, size):
        return np.full((size[1], size[0], 3), round(level * 65535), np.uint16)

    lossless = {"qp": "0"}
    return clips.make(path, pix_fmt="yuv420p10le", colour=colour, image=grey, num_frames=2, options=lossless)


@pytest.mark.parametrize("nits", [0, 5, 50, 203, 1000])
def test_pq_grey_follows_the_tone_curve(tmp_path, nits):
    info = probe(hdr_clip(tmp_path / "pq.mp4", clips.PQ, float(light_to_pq(np.array(float(nits))))))
    expected = 255 * float(tone_curve(np.array(float(nits))) / 203) ** (1 / 2.4)
    image = next(iter(read_frames(info))).image
    assert info.hdr
    assert any("tone-mapped" in note for note in info.notes)
    assert np.abs(image - expected).max() <= 2


def test_hlg_peak_is_white_and_its_reference_white_is_pq_s(tmp_path):
    peak = first_image(hdr_clip(tmp_path / "peak.mp4", clips.HLG, 1.0))
    # BT.2408: reference white is 75 % of the HLG signal and 58 % of PQ's, both 203 cd/m2.
    hlg = first_image(hdr_clip(tmp_path / "hlg.mp4", clips.HLG, 0.75))
    pq = first_image(hdr_clip(tmp_path / "pq.mp4", clips.PQ, 0.5807))
    assert peak.min() >= 254
    assert np.abs(hlg.astype(int) - pq).max() <= 2


def test_pq_has_the_values_of_its_standard():
    assert float(pq_to_light(np.array(0.5081))) == pytest.approx(100, rel=0.002)
    assert float(pq_to_light(light_to_pq(np.array(1234.5)))) == pytest.approx(1234.5)


def test_the_tone_curve_rises_from_black_to_white_and_leaves_shadows_alone():
    light = np.linspace(0.01, 1000, 2000)
    curve = tone_curve(light)
    assert (np.diff(curve) > 0).all()
    assert curve[-1] == pytest.approx(203)
    assert curve[light < 50] == pytest.approx(light[light < 50])


def test_wide_gamut_grey_stays_and_green_grows_purer():
    wide = Colour(primaries=9, transfer=14, matrix=9, full_range=False)
    pixels = np.array([[[30000, 30000, 30000], [10000, 40000, 10000]]], np.uint16)
    grey, green = to_bt709(pixels, wide)[0].astype(int)
    assert np.abs(grey - 255 * 30000 / 65535).max() <= 1
    assert green[0] == 0
    assert green[1] > 255 * 40000 / 65535
