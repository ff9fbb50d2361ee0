"""Position accuracy against closed forms, and the whole measurement on a clip whose correspondences are known."""

import json
import math

import numpy as np
import pytest
import torch

from fairy.errors import UsageError
from fairy.lab.tracking.capture import LayerFeatures
from fairy.lab.tracking.correspond import TokenGrid
from fairy.lab.tracking.measure import DISTANCES, count_within, expect_by_chance, mean_over_averaged, measure
from fairy.lab.tracking.points import TrackedClip
from fairy.lab.tracking.tables import summarize, to_csv, to_json, write_accuracy

TRUTH = np.random.default_rng(0).random((50, 2))
GRID = TokenGrid(8, 8, 8)


def within(counts):
    return dict(zip(DISTANCES, counts, strict=True))


class PerfectObserver:
    """Stands for an observer of a model whose features are the tokens' own colours, which are all different."""

    steps = (0, 3)

    def watch(self, frame, index):
        assert index >= 0
        colours = torch.from_numpy(frame[::8, ::8, 0].astype(np.int64)).flatten()
        features = 50.0 * torch.nn.functional.one_hot(colours, 64)
        for step in self.steps:
            yield step, {"a.attn1": LayerFeatures(features, features, 1, GRID)}


def sliding_clip(num_frames=4, shift=1):
    """64 x 64 pixels, each token of 8 pixels of its own colour, sliding right by `shift` tokens a frame, wrapped."""
    first = np.arange(64, dtype=np.uint8).reshape(8, 8).repeat(8, 0).repeat(8, 1)[..., None].repeat(3, 2)

    def read(indices, size):
        assert size == (64, 64)
        return (np.roll(first, 8 * shift * index, axis=1) for index in indices)

    start = np.array([[20.0, 12.0], [28.0, 52.0]])
    tracks = start[:, None] + np.arange(num_frames)[:, None] * np.array([8.0 * shift, 0.0])
    occluded = np.zeros((2, num_frames), bool)
    return TrackedClip("slide", tracks / 64, occluded, read, tuple(range(num_frames)))


def counts_of(clip):
    return list(measure(PerfectObserver(), [clip], size=(64, 64)))


def test_a_perfect_tracker_is_always_within():
    assert (count_within(TRUTH, TRUTH) == 50).all()


def test_an_offset_of_20_pixels_is_within_32_and_not_16():
    counts = within(count_within(TRUTH + np.array([12, 16]) / 256, TRUTH))
    assert counts == {1: 0, 2: 0, 4: 0, 8: 0, 16: 0, 32: 50}


def test_exactly_at_the_distance_is_not_within():
    assert within(count_within(np.array([[16 / 256, 0.0]]), np.zeros((1, 2))))[16] == 0


def test_the_mean_is_that_of_tap_vid():
    assert mean_over_averaged(np.array([0.1, 0.2, 0.3, 0.4, 0.5, 1.0])) == pytest.approx(0.3)


def test_chance_is_the_share_of_tokens_near_enough():
    grid = TokenGrid(32, 32, 8)
    centres = grid.centres / 256
    counts = expect_by_chance(centres, np.array([[0.5, 0.5], [0.0, 0.0]]))
    near = [sum(math.dist(c * 256, p) < 16 for c in centres) for p in ((128, 128), (0, 0))]
    assert near == [12, 3]
    assert within(counts)[16] == pytest.approx(sum(near) / 1024)


def test_chance_is_what_random_tokens_give():
    centres = TokenGrid(16, 16, 16).centres / 256
    drawn = np.random.default_rng(1).integers(256, size=(2000, 50))
    mean = np.mean([count_within(centres[tokens], TRUTH) for tokens in drawn], axis=0)
    np.testing.assert_allclose(mean, expect_by_chance(centres, TRUTH), atol=0.05)


def test_a_slide_by_whole_tokens_is_found_exactly():
    (counts,) = counts_of(sliding_clip())
    assert (counts.num_points, counts.num_pairs) == (2, 6)
    assert all((hits == 6).all() for hits in counts.hits.values())
    assert set(counts.hits) == {("a.attn1", 0), ("a.attn1", 3)}


def test_standing_still_is_right_only_as_far_as_nothing_moves():
    (counts,) = counts_of(sliding_clip())
    still = within(counts.layers["a.attn1"].still)  # a token is 32 pixels of 256
    assert (still[16], still[32]) == (0, 0)
    (unmoved,) = counts_of(sliding_clip(shift=0))
    assert within(unmoved.layers["a.attn1"].still)[1] == 6


def test_a_hidden_point_is_asked_for_when_it_is_first_seen_and_counted_where_it_is_seen():
    clip = sliding_clip()
    clip.occluded[0] = [True, False, True, False]
    assert clip.asked_at.tolist() == [1, 0]
    (counts,) = counts_of(clip)
    assert counts.num_pairs == 1 + 3
    assert counts.hits["a.attn1", 0][0] == 4


def test_a_point_that_is_never_seen_is_left_out():
    clip = sliding_clip()
    clip.occluded[0] = True
    assert counts_of(clip)[0].num_points == 1


def test_clips_without_a_point_to_follow_are_an_error():
    clip = sliding_clip(num_frames=1)
    with pytest.raises(UsageError, match="nothing to follow"):
        counts_of(clip)


def test_thinned_clips_keep_their_truth():
    clip = sliding_clip(num_frames=7).thinned(3)
    assert clip.indices == (0, 3, 6)
    clip.occluded[:, :] = clip.tracks[..., 0] >= 1  # where it has left the picture
    assert all((hits == hits[-1]).all() for hits in counts_of(clip)[0].hits.values())


def test_each_clip_counts_as_much_as_any_other():
    long, short = counts_of(sliding_clip(5))[0], counts_of(sliding_clip(2))[0]
    for hits in short.hits.values():
        hits[:] = 0
    accuracy = summarize([long, short], {})
    assert {cell.within[16] for cell in accuracy.cells} == {0.5}
    assert accuracy.shares(16).shape == (1, 2)


def test_files_hold_the_same_numbers(tmp_path):
    accuracy = summarize(counts_of(sliding_clip()), {"model": "none"})
    write_accuracy(tmp_path / "new", "none", accuracy)
    content = json.loads((tmp_path / "new" / "accuracy.json").read_text())
    assert content == json.loads(to_json(accuracy))
    assert content["cells"][0]["within"]["16"] == 1.0
    assert content["cells"][0]["low"]["16"] is None
    assert (tmp_path / "new" / "accuracy.csv").read_text() == to_csv(accuracy)
    assert to_csv(accuracy).splitlines()[1].startswith("a.attn1,8,8,0,1,")
    assert (tmp_path / "new" / "accuracy.png").stat().st_size > 10_000
