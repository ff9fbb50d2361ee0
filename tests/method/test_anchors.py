"""Which frames are anchors."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairy.errors import UsageError
from fairy.method.anchors import choose_anchors


@pytest.mark.parametrize(
    ("num_frames", "num_anchors", "indices"),
    [
        (120, 3, (0, 60, 119)),
        (5, 1, (2,)),
        (9, 5, (0, 2, 4, 6, 8)),
        (4, 4, (0, 1, 2, 3)),
        (7, 0, ()),
        (2, None, (0, 1)),
        (24, None, (0, 12, 23)),
    ],
)
def test_anchors_are_uniformly_spaced_from_first_to_last(num_frames, num_anchors, indices):
    assert choose_anchors(num_frames, num_anchors) == indices


@given(st.integers(1, 300), st.data())
def test_anchors_are_distinct_and_their_distances_differ_by_one_at_most(num_frames, data):
    indices = choose_anchors(num_frames, data.draw(st.integers(2, max(2, num_frames))) if num_frames > 1 else 1)
    distances = {b - a for a, b in pairwise(indices)}
    assert not distances or (min(distances) >= 1 and max(distances) - min(distances) <= 1)


def test_more_anchors_than_frames_are_refused():
    with pytest.raises(UsageError, match="the selected range has 2 frames; use --num-anchors 2 or fewer"):
        choose_anchors(2, 3)
