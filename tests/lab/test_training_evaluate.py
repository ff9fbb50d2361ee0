"""How the embedded model is judged."""

import numpy as np
import pytest

from fairy.lab.embedded.evaluate import GROUPS, Case, make_case
from fairy.lab.synthetic import EDITS


def flat(level: int) -> np.ndarray:
    return np.full((4, 4, 3), level, np.uint8)


CASE = Case(flat(0), {}, {"source": [flat(0)], "paint": [flat(50), flat(100)], "named_colour": [flat(110)]})


@pytest.mark.parametrize(
    ("level", "asked", "nearest"),
    [
        (102, "paint", "paint"),
        (102, "named_colour", "named_colour"),  # only the first result of another edit counts
        (60, "named_colour", "paint"),
        (10, "paint", "source"),
    ],
)
def test_the_nearest_result_is_the_answer(level, asked, nearest):
    assert CASE.nearest(flat(level), asked) == nearest


def test_every_edit_is_reported_in_one_group():
    assert sorted(name for names in GROUPS.values() for name in names) == sorted(EDITS)


def test_the_exact_results_of_a_case_are_right():
    case = make_case(3, on_photo=False)
    assert [name for name in case.instructions if case.nearest(case.results[name][0], name) != name] == []
