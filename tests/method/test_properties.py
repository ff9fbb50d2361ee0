"""What holds for any size, length, rate, number of anchors, batch and range (hypothesis, always the same examples)."""

import tempfile
from fractions import Fraction
from itertools import accumulate, pairwise
from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

import clips
from fairy.config import EditConfig, JobConfig, RunConfig, VideoConfig
from fairy.jobs.selection import plan_shots, select
from fairy.jobs.shots import describe_cuts, read_cuts
from fairy.method.anchors import choose_anchors
from fairy.method.editor import Editor
from fairy.models import Model
from fairy.pictures.blend import composite, feathered
from fairy.pictures.size import fit_size, pad_to_multiple
from fairy.video import VideoInfo, probe

SIDES = st.integers(1, 5000)
LENGTHS = st.integers(1, 100_000)
RATES = st.sampled_from([Fraction(24000, 1001), Fraction(30000, 1001), Fraction(25), Fraction(12), Fraction(1000, 41)])
few = settings(max_examples=12, deadline=None, derandomize=True, database=None)
many = settings(max_examples=200, deadline=None, derandomize=True, database=None)


def clip_info(folder: str, stamps: list[int], time_base: Fraction, size: tuple[int, int] = (16, 16)) -> VideoInfo:
    """A clip with those time stamps, probed."""
    path = clips.make(Path(folder) / "clip.mp4", pts=stamps, time_base=time_base, size=size, last_duration=3)
    return probe(path)


@many
@given(LENGTHS, st.integers(1, 64))
def test_anchors_are_evenly_spaced_and_reach_both_ends(num_frames: int, num_anchors: int) -> None:
    num_anchors = min(num_anchors, num_frames)
    anchors = choose_anchors(num_frames, num_anchors)
    assert len(set(anchors)) == num_anchors
    gaps = [b - a for a, b in pairwise(anchors)]
    assert max(gaps, default=1) - min(gaps, default=1) <= 1
    assert num_anchors == 1 or (anchors[0], anchors[-1]) == (0, num_frames - 1)


@many
@given(SIDES, SIDES, st.integers(32, 8192))
def test_a_fitted_size_is_even_and_hardly_stretched(width: int, height: int, long_side: int) -> None:
    fitted = fit_size(width, height, long_side)
    scale = long_side / max(width, height)
    assert all(side % 2 == 0 for side in fitted)
    assert all(abs(side - max(2, own * scale)) <= 1 for side, own in zip(fitted, (width, height), strict=True))


@many
@given(st.integers(1, 40), st.integers(1, 40), st.sampled_from([8, 16, 64]))
def test_padding_reaches_a_multiple_and_is_undone_by_a_cut(height: int, width: int, multiple: int) -> None:
    frames = np.arange(height * width * 3, dtype=np.uint32).astype(np.uint8).reshape(1, height, width, 3)
    padded = pad_to_multiple(frames, multiple)
    assert [side % multiple for side in padded.shape[1:3]] == [0, 0]
    assert (padded[:, :height, :width] == frames).all()


@many
@given(LENGTHS, st.lists(st.integers(1, 99_999), max_size=20), st.integers(0, 64))
def test_every_shot_has_its_anchors_inside(num_frames: int, cuts: list[int], num_anchors: int) -> None:
    edges = [0, *sorted({cut for cut in cuts if cut < num_frames}), num_frames]
    shots = plan_shots(edges, min(num_anchors, num_frames), JobConfig())
    assert [shot.start for shot in shots] + [num_frames] == edges
    for shot in shots:
        assert all(shot.start <= index < shot.stop for index in shot.anchors)
        assert len(shot.anchors) == min(num_anchors, shot.stop - shot.start)


@few
@given(st.lists(st.integers(1, 9), min_size=2, max_size=12), RATES, st.data())
def test_a_range_has_the_frames_that_are_shown_in_it(gaps: list[int], rate: Fraction, data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as folder:
        info = clip_info(folder, list(accumulate(gaps)), 1 / rate)
    times = [int(pts - info.pts[0]) * info.time_base for pts in info.pts]
    first, last = sorted(data.draw(st.lists(st.sampled_from(range(len(times))), min_size=2, max_size=2, unique=True)))
    video = VideoConfig(start=float(times[first]), end=float(times[last]))
    selection = select(info, video, EditConfig())
    assert (selection.start, selection.stop) == (first, last)


@few
@given(
    st.lists(st.integers(1, 40), min_size=1, max_size=12),
    RATES,
    st.integers(8, 24).map(lambda half: 2 * half),
    st.integers(8, 24).map(lambda half: 2 * half),
)
def test_time_stamps_of_any_rate_come_out(gaps: list[int], rate: Fraction, width: int, height: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        stamps = [sum(gaps[:index]) for index in range(len(gaps))]
        info = clip_info(folder, stamps, 1 / rate, (width, height))
        clips.rewrite(info.path, Path(folder) / "out.mp4")
        assert clips.stamps(Path(folder) / "out.mp4") == [stamp / rate for stamp in stamps]


@few
@given(st.lists(st.integers(1, 40), min_size=4, max_size=12), RATES, st.sets(st.integers(1, 3), min_size=1))
def test_listed_cuts_read_back(gaps: list[int], rate: Fraction, cuts: set[int]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        info = clip_info(folder, list(accumulate(gaps)), 1 / rate)
        codes = [
            word.strip("(),") for line in describe_cuts(sorted(cuts), info) for word in line.split() if "(" in word
        ]
        (Path(folder) / "cuts.txt").write_text("\n".join(codes), encoding="utf-8")
        assert read_cuts(Path(folder) / "cuts.txt", info) == sorted(cuts)


@many
@given(st.integers(1, 12), st.integers(1, 12), st.integers(0, 6), st.integers(0, 2**32 - 1))
def test_a_mask_leaves_black_and_takes_white(height: int, width: int, feather: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    source, edited = rng.integers(0, 256, (2, height, width, 3), np.uint8)
    black = rng.random((height, width)) < 0.5
    mask = feathered(np.where(black, 0, 1).astype(np.float32), feather)
    mixed = composite(source, edited, mask)
    assert (mixed[black] == source[black]).all()
    assert (mixed[mask == 1] == edited[mask == 1]).all()
    assert ((mixed >= np.minimum(source, edited)) & (mixed <= np.maximum(source, edited))).all()


@settings(max_examples=5, deadline=None, derandomize=True, database=None)
@given(data=st.data())
def test_a_frame_is_the_same_in_any_batch_and_range(sd_model: Model, data: st.DataObject) -> None:
    height, width = (2 * data.draw(st.integers(9, 20)) for _ in range(2))
    num_anchors, batch = data.draw(st.integers(0, 3)), data.draw(st.integers(1, 5))
    frames = np.random.default_rng(0).integers(0, 256, (7, height, width, 3), np.uint8)
    chosen = data.draw(st.lists(st.integers(3, 6), min_size=1, max_size=4))
    config = EditConfig(num_steps=1)
    with Editor(sd_model, RunConfig(batch_size=1)) as editor:
        bank = editor.edit_anchors(frames[:num_anchors], "make it night", config)
        alone = {index: next(editor.edit_frames(frames[[index]], bank)) for index in set(chosen)}
    with Editor(sd_model, RunConfig(batch_size=batch)) as editor:
        again = editor.edit_anchors(frames[:num_anchors], "make it night", config)
        together = list(editor.edit_frames(frames[chosen], again))
    assert all((alone[index] == edited).all() for index, edited in zip(chosen, together, strict=True))
