"""Steadiness and motion, on clips where their values are known: identity, shifts, flicker, a frozen video, cuts."""

import sys
import tracemalloc
from itertools import cycle, islice
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch

from fairy.cli.main import main
from fairy.errors import FairyError, MissingPackageError, UsageError
from fairy.lab.metrics import METRICS, MetricSettings, Scores, load_tools, score, score_videos
from fairy.lab.metrics.flow import consistent, load_estimator, sample
from fairy.lab.metrics.warp import spectrum
from fairy.lab.results.arrays import read_steps
from fairy.lab.synthetic import flicker, render_clip, sample_scene
from motions import SHIFT, SIZE, flickering, pan

FPS = 24
NO_CLIP = MetricSettings(clip="off")


def measure(source: list[np.ndarray], edited: list[np.ndarray], **options: object) -> Scores:
    return score(source, edited, NO_CLIP, fps=FPS, **options)  # type: ignore[arg-type]


def test_identity_is_as_steady_as_its_source_and_keeps_all_motion() -> None:
    scores = measure(pan(), pan())
    assert scores["warp_error"] == scores["warp_error_source"]
    assert [scores[key] for key in ("motion_kept", "motion_agreement", "edges", "ssim")] == pytest.approx([1] * 4)
    assert list(scores.values) == [metric.key for metric in METRICS]


def test_dis_finds_a_known_shift() -> None:
    first, second = pan(2)
    found = load_estimator("dis", "cpu")(first, second)
    assert np.median(found.reshape(-1, 2), axis=0) == pytest.approx(SHIFT, abs=0.02)


def test_pan_of_a_texture_has_next_to_no_warp_error() -> None:
    scores = measure(pan(), pan())
    held = measure(pan(), [pan()[0]] * 7)
    assert scores["warp_error"] < 0.5
    assert scores["warp_mse"] < 0.01
    assert held["warp_error"] > 20 * scores["warp_error"]


def test_constant_change_of_brightness_is_steady() -> None:
    darker = [frame - 40 for frame in pan()]
    scores, own = measure(pan(), darker), measure(pan(), pan())
    assert scores["warp_error"] == pytest.approx(own["warp_error"], rel=1e-3)
    assert scores["flicker"] == pytest.approx(own["flicker"], abs=1e-3)


@pytest.mark.parametrize("levels", [2, 10])
def test_flicker_of_a_still_video_has_the_size_it_was_made_with(levels: int) -> None:
    still = [pan()[0]] * 9
    scores = measure(still, flickering(still, levels))
    assert scores["flicker"] == pytest.approx(2 * levels * FPS, rel=1e-5)
    assert scores["warp_error"] == pytest.approx(2 * levels, rel=1e-5)
    assert scores["warp_mse"] == pytest.approx(1000 * (2 * levels / 255) ** 2, rel=1e-5)
    assert scores["flicker_source"] == 0


def test_flicker_on_moving_pictures_is_found_beneath_the_motion() -> None:
    scores = measure(pan(9), flickering(pan(9), 10))
    assert scores["flicker"] == pytest.approx(20 * FPS, rel=0.02)


def test_spectrum_of_alternating_brightness_peaks_at_half_the_frame_rate() -> None:
    still = [pan()[0]] * 9
    scores = measure(still, flickering(still, 10))
    assert scores["flicker_hz"] == FPS / 2
    assert scores.spectrum.levels[-1] == pytest.approx(10, rel=1e-5)
    assert scores.spectrum.levels[:-1] == pytest.approx(0, abs=1e-4)


def test_spectrum_gives_the_amplitude_of_a_slow_swing_and_nothing_of_a_fade() -> None:
    t = np.arange(41)
    brightness = 7 * np.cos(2 * np.pi * 3 * t / FPS)[:, None] + 2.0 * t[:, None]
    found = spectrum(np.diff(brightness, axis=0)[:40], FPS)
    assert found.levels == pytest.approx(7 * np.isclose(found.hertz, 3), abs=1e-9)


def test_flicker_in_a_corner_is_seen() -> None:
    still = [pan()[0]] * 9
    edited = [frame.copy() for frame in still]
    for frame in edited[::2]:
        frame[:16, :24] += 10  # one of the 16 tiles
    assert measure(still, edited)["flicker"] == pytest.approx(10 * FPS / 16, rel=1e-5)


def test_frozen_video_keeps_no_motion() -> None:
    scores = measure(pan(), [pan()[0]] * 7)
    assert scores["motion_kept"] == 0
    assert scores["motion_agreement"] is None


def test_half_the_speed_keeps_half_of_the_motion() -> None:
    scores = measure(pan(shift=(4, 2)), pan(shift=(2, 1)))
    assert scores["motion_kept"] == pytest.approx(0.5, abs=0.02)
    assert scores["motion_agreement"] == pytest.approx(1, abs=0.02)


def test_motion_the_other_way_does_not_agree() -> None:
    assert measure(pan(), pan()[::-1])["motion_agreement"] == pytest.approx(-1, abs=0.05)


def test_still_source_has_no_motion_to_keep() -> None:
    scores = measure([pan()[0]] * 3, pan(3))
    assert scores["motion_kept"] is None
    assert "the source stands still: there is no motion to keep" in scores.notes


def test_cut_counts_for_nothing() -> None:
    source = pan(4) + pan(4, seed=5)
    scores = measure(source, source)
    assert np.isnan(scores.series["warp_error"][3]).all()
    assert scores["warp_error"] < 0.5
    assert scores.notes == ("steps not counted, for there is a cut or the motion is too fast to follow: 1",)


def test_worst_steps_are_those_that_jump() -> None:
    edited = [frame.copy() for frame in pan(12)]
    edited[5] += 30  # so steps 4 and 5 jump: one event
    edited[10] += 20
    scores = measure(pan(12), edited)
    assert scores.worst[0].index in (4, 5)
    assert scores.worst[1].index in (9, 10)
    assert scores.worst[0].pictures[0].shape == (SIZE[1], SIZE[0], 3)


def test_occlusion_is_where_there_and_back_do_not_meet() -> None:
    forward, backward = np.zeros((2, 4, 40, 2), np.float32)
    forward[..., 0], backward[..., 0] = 5, -5
    backward[:, 20:25] = 0  # as if these showed something that came into sight
    visible = consistent(forward, backward)
    assert visible[0].tolist() == [True] * 15 + [False] * 5 + [True] * 15 + [False] * 5


def test_sampling_follows_the_flow() -> None:
    first, second = pan(2)
    flow = np.broadcast_to(np.float32(SHIFT), (*first.shape[:2], 2))
    assert np.array_equal(sample(second, flow)[:-2, :-3], first[:-2, :-3])


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("synth") / "data"
    words = ["--clips", "1", "--frames", "4", "--size", "64x48", "--edits", "night", "--seed", "5", "--quiet"]
    assert main(["lab", "synth", "-o", str(folder), *words]) == 0
    return folder


@pytest.mark.parametrize("given", ["", "000000", "000000/truth.npz"])
def test_exact_flow_gives_the_flicker_of_the_synthetic_world(dataset: Path, given: str) -> None:
    clip = dataset / "000000"
    settings = MetricSettings(clip="off", flow=str(dataset / given))
    scores = score_videos(clip / "source.mkv", clip / "source.mkv", settings)
    seed = int((dataset / "metadata.jsonl").read_text().split('"seed": ')[1].split(",")[0])
    expected = flicker(sample_scene(seed, (64, 48)), render_clip(seed, 4, (64, 48)))
    assert scores["warp_error"] == pytest.approx(expected, rel=2e-3)


def test_exact_flow_is_scaled_to_a_smaller_edit(dataset: Path) -> None:
    clip = dataset / "000000"
    source = list(read_steps(clip / "truth.npz", "masks"))
    frames = [np.repeat(mask[..., None] * 60, 3, axis=2) for mask in source]
    small = [frame[::2, ::2] for frame in frames]
    scores = score(frames, small, MetricSettings(clip="off", flow=str(clip)))
    assert scores.size == (32, 24)
    assert scores["warp_error"] is not None


def test_truth_of_another_clip_is_refused(dataset: Path) -> None:
    settings = MetricSettings(clip="off", flow=str(dataset / "000000"))
    with pytest.raises(UsageError, match="this truth is of a shorter clip"):
        score(pan(), pan(), settings)
    with pytest.raises(UsageError, match=r"has no truth\.npz for this source"):
        score(pan(), pan(), MetricSettings(clip="off", flow=str(dataset)))


def test_pickles_in_a_truth_file_are_never_read(tmp_path: Path) -> None:
    np.savez(tmp_path / "truth.npz", flow_forward=np.array([{}], dtype=object))
    with pytest.raises(FairyError, match="an array of another kind"):
        list(read_steps(tmp_path / "truth.npz", "flow_forward"))


def test_frames_are_read_one_by_one_and_never_held() -> None:
    held = []

    def frames(name: str):  # type: ignore[no-untyped-def]
        for index, frame in enumerate(pan(20)):
            held.append((name, index))
            yield frame

    behind = []
    score(frames("source"), frames("edited"), NO_CLIP, on_frame=lambda done: behind.append(len(held) - 2 * done))
    assert set(behind) == {0}


def test_memory_does_not_grow_with_the_frames() -> None:
    def peak(num_frames: int) -> int:
        tracemalloc.start()
        clip = [islice(cycle(pan(4)), num_frames) for _ in range(2)]
        score(*clip, NO_CLIP)
        held = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return held

    peak(20)  # what is loaded once
    assert peak(120) - peak(20) < 100 * 1000  # a frame has 18,432 bytes


@pytest.mark.parametrize(
    ("source", "edited", "line"),
    [
        (pan(3), pan(2), "the edit has 2 frames, the source has more"),
        (pan(2), pan(3), "the edit has more frames than the source"),
        (pan(1), pan(1), "a clip of 1 frames: at least two are needed"),
        ([np.zeros((8, 8, 3), np.uint8)], [np.zeros((8, 8, 3), np.uint8)], "frames of 8x8: both sides must be 16"),
        ([np.zeros((32, 32, 3))], [np.zeros((32, 32, 3))], r"type float64 and shape \(32, 32, 3\): must be uint8"),
    ],
)
def test_what_cannot_be_compared_is_refused(source: list[np.ndarray], edited: list[np.ndarray], line: str) -> None:
    with pytest.raises(UsageError, match=line):
        measure(source, edited)


class StillNetwork(torch.nn.Module):
    """Stands for torchvision's RAFT, which takes pictures in -1..1 of sides that 8 divides, 128 at least."""

    DEFAULT = None

    def __init__(self, weights: None) -> None:  # noqa: ARG002
        super().__init__()

    def forward(self, before: torch.Tensor, after: torch.Tensor) -> list[torch.Tensor]:
        assert before.shape == after.shape == (1, 3, 128, 128)
        assert before.abs().max() <= 1
        return [torch.ones(1, 2, 128, 128), torch.tensor(SHIFT)[None, :, None, None].expand(1, 2, 128, 128).float()]


def test_raft_is_asked_for_the_last_of_its_flows(monkeypatch: pytest.MonkeyPatch) -> None:
    package = ModuleType("optical_flow")
    package.raft_small = package.Raft_Small_Weights = StillNetwork  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "torchvision.models.optical_flow", package)
    found = load_estimator("raft", "cpu")(*pan(2))
    assert found.shape == (SIZE[1], SIZE[0], 2)
    assert (found == SHIFT).all()


def test_raft_without_torchvision_says_what_to_do() -> None:
    with pytest.raises(MissingPackageError, match="--flow raft needs torchvision"):
        load_tools(MetricSettings(clip="off", flow="raft"))
