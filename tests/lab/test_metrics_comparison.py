"""Comparing methods: means, bootstrap intervals against the normal theory, ranks, what is compared with what."""

import numpy as np
import pytest

from fairy.lab.metrics.comparison import ClipResult, compare

RNG = np.random.default_rng(7)


def results(key: str, table: dict[str, list[float | None]]) -> list[ClipResult]:
    """One value for each method and source."""
    return [
        ClipResult(method, f"source {number}", "make it night", {key: value})
        for method, values in table.items()
        for number, value in enumerate(values)
    ]


def test_interval_of_many_sources_is_that_of_the_normal_distribution() -> None:
    values = RNG.normal(0.9, 0.1, 400)
    standing = compare(results("ssim", {"ours": values.tolist()})).standings["ssim"]["ours"]
    half = 1.96 * values.std() / np.sqrt(400)
    assert standing.mean == pytest.approx(values.mean())
    assert (standing.low, standing.high) == pytest.approx((values.mean() - half, values.mean() + half), abs=half / 20)


def test_same_seed_gives_the_same_interval() -> None:
    rows = results("ssim", {"ours": RNG.normal(size=20).tolist()})
    assert compare(rows) == compare(rows)
    assert compare(rows, seed=1) != compare(rows)


@pytest.mark.parametrize(
    ("key", "best"), [("ssim", "high"), ("warp_error", "low"), ("motion_kept", "near"), ("flicker", "low")]
)
def test_rank_goes_by_what_is_better(key: str, best: str) -> None:
    table: dict[str, list[float | None]] = {"low": [0.5, 0.6], "near": [0.9, 1.1], "high": [1.6, 1.5]}
    standings = compare(results(key, table)).standings[key]
    assert [method for method, standing in standings.items() if standing.rank == 1] == [best]
    assert standings[best].best_share == 1


def test_nearest_to_one_is_judged_clip_by_clip() -> None:
    table: dict[str, list[float | None]] = {"wild": [0.0, 2.0], "calm": [0.8, 0.8]}
    standings = compare(results("motion_kept", table)).standings["motion_kept"]
    assert standings["calm"].rank == 1
    assert standings["wild"].mean == 1


def test_equal_methods_share_the_rank_and_the_chance_to_be_best() -> None:
    standings = compare(results("ssim", {"a": [0.5, 0.7], "b": [0.5, 0.7]})).standings["ssim"]
    assert [(each.rank, each.best_share) for each in standings.values()] == [(1, 0.5), (1, 0.5)]


def test_readings_of_the_source_are_shown_but_never_ranked() -> None:
    comparison = compare(results("warp_error_source", {"a": [1.0], "b": [2.0]}))
    assert comparison.standings["warp_error_source"]["a"].rank is None
    assert comparison.mean_ranks == {}


def test_only_tasks_that_all_methods_have_are_compared() -> None:
    standings = compare(results("ssim", {"a": [0.5, 0.9, None], "b": [0.4, None, 0.8]})).standings["ssim"]
    assert [(each.mean, each.num_tasks) for each in standings.values()] == [(0.5, 1), (0.4, 1)]
    assert compare(results("ssim", {"a": [0.5, None], "b": [None, 0.4]})).standings == {}


def test_differences_within_sources_count_though_sources_differ_more() -> None:
    base = RNG.normal(10, 5, 30)
    table = {"steady": base.tolist(), "worse": (base + 0.1).tolist()}
    standings = compare(results("warp_error", table)).standings["warp_error"]
    assert standings["steady"].best_share == 1
    assert standings["steady"].high > standings["worse"].low


def test_mean_ranks_begin_with_the_best() -> None:
    rows = results("ssim", {"a": [0.5], "b": [0.9]}) + results("edges", {"a": [0.5], "b": [0.9]})
    assert compare(rows).mean_ranks == {"b": 1.0, "a": 2.0}
