"""What measurements are of: the edit and not the source, sources and not rows, what is seen and not what is hidden."""

import numpy as np
import pytest
import torch

from fairy.lab.metrics.clip import ClipMeter
from fairy.lab.metrics.comparison import ClipResult, compare
from fairy.lab.metrics.flow import consistent
from fairy.lab.results.statistics import interval, mean_difference

SOURCE, TARGET = (1.0, 0.0), (0.0, 1.0)


class Known:
    """A CLIP whose embedding of a picture is its first two pixels, and of a text SOURCE or TARGET."""

    def prepare(self, picture: np.ndarray) -> torch.Tensor:
        return torch.tensor(picture[0, :2, 0], dtype=torch.float32)

    def embed_pictures(self, prepared: list[torch.Tensor]) -> torch.Tensor:
        return torch.nn.functional.normalize(torch.stack(list(prepared)), dim=-1)

    def embed_texts(self, texts: list[str]) -> torch.Tensor:
        return torch.tensor([{"source": SOURCE, "target": TARGET}[text] for text in texts])


def frame(x: int, y: int) -> np.ndarray:
    picture = np.zeros((2, 2, 3), np.uint8)
    picture[0, :, 0] = x, y
    return picture


def test_frame_acc_is_told_from_the_edit() -> None:
    meter = ClipMeter(Known(), "source", "target")
    for source, edited in ((frame(9, 1), frame(1, 9)), (frame(1, 9), frame(9, 1)), (frame(9, 1), frame(2, 3))):
        meter.add(source, edited)
    found = meter.finish()
    assert found.series["frame_acc"].tolist() == [1.0, 0.0, 1.0]
    assert found.values["frame_acc"] == pytest.approx(2 / 3)


def test_tem_con_goes_on_over_batches() -> None:
    meter = ClipMeter(Known(), None, None)
    for index in range(40):
        meter.add(frame(1, index % 5), frame(1, index % 5))
    assert len(meter.finish().series["tem_con"]) == 39


def test_the_interval_is_over_sources_and_not_over_their_edits() -> None:
    rows = [
        ClipResult("ours", f"source {value}", f"task {number}", {"ssim": float(value)})
        for value in (0, 1)
        for number in range(100)
    ]
    standing = compare(rows).standings["ssim"]["ours"]
    assert (standing.mean, standing.low, standing.high) == (0.5, 0.0, 1.0)


def test_how_often_a_method_is_the_best_is_over_sources() -> None:
    """Far better on one source of three, a little worse on the two others: the best where the first one is drawn."""
    rows = [
        ClipResult(method, f"source {source}", f"task {number}", {"ssim": value})
        for source, values in enumerate(((1.0, 0.0), (0.4, 0.5), (0.4, 0.5)))
        for method, value in zip(("ours", "theirs"), values, strict=True)
        for number in range(50)
    ]
    share = compare(rows).standings["ssim"]["ours"].best_share
    assert share == pytest.approx(1 - (2 / 3) ** 3, abs=0.03)


def test_without_owners_each_row_is_its_own() -> None:
    low, high = interval(np.repeat([0.0, 1.0], 100)[:, None])
    assert 0.4 < low[0] < 0.46
    assert 0.54 < high[0] < 0.6


def constant(x: float, y: float) -> np.ndarray:
    return np.full((9, 9, 2), (x, y), np.float32)


@pytest.mark.parametrize(
    ("there", "back", "seen"),
    [
        (0.0, 0.7, True),
        (0.0, 0.72, False),
        (2.0, -1.3, True),
        (2.0, -1.2, False),
        (-3.0, 2.25, True),
        (-3.0, 2.1, False),
    ],
)
def test_what_is_hidden_is_told_by_the_bound_of_the_paper(there: float, back: float, seen: bool) -> None:
    """(there + back)^2 <= 0.01 (there^2 + back^2) + 0.5."""
    assert bool(consistent(constant(there, 0), constant(back, 0))[4, 4]) == seen


def test_what_leaves_the_picture_is_hidden() -> None:
    visible = consistent(constant(3, 0), constant(-3, 0))
    assert visible[:, :6].all()
    assert not visible[:, 6:].any()


def test_a_resample_is_a_mean_however_many_rows_its_owners_have() -> None:
    low, high = interval(np.ones((100, 1)), np.repeat([0, 1, 2], [1, 9, 90]))
    assert (low[0], high[0]) == (1.0, 1.0)


def test_a_mean_difference_counts_losses_as_it_counts_wins() -> None:
    found = mean_difference({"a": 1.0, "b": 0.0}, {"a": 0.0, "b": 1.0})
    assert found is not None
    assert (found.value, found.num_clips) == (0.0, 2)
