"""Data sets in the hub's formats as training data: folders of pictures, parquet, streams."""

import io
import itertools
import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest
import torch
from PIL import Image
from torch.utils.data._utils.worker import WorkerInfo

from fairy.errors import FairyError
from fairy.lab.training.batches import Share, StreamedBatches, load_batches
from fairy.lab.training.examples import Batch, Latent
from fairy.lab.training.finetune import open_source
from fairy.lab.training.settings import TrainConfig
from fairy.lab.training.tables import covering_size

LATENT = Latent(channels=4, multiple=8)
NUM_ROWS = 12
SMALL = {"size": "16x16", "scale": 1.0, "batch": 2, "steps": 6, "equivariant": False, "num_samples": 1}


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory):
    """The tables that `datasets` makes of folders go where the test's files go."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("datasets.config.HF_DATASETS_CACHE", tmp_path_factory.mktemp("cache"))
        patch.setattr("datasets.config.SLEEP_TIME_ON_THREADS_SHUTDOWN", 0)  # at the end of each round of a stream
        yield


def picture(level: int) -> Image.Image:
    return Image.fromarray(np.full((20, 30, 3), level, np.uint8))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("pictures")
    rows = []
    for number in range(NUM_ROWS):
        names = [f"{number}-{kind}.png" for kind in ("before", "after")]
        for name, level in zip(names, (number, 100 + number), strict=True):
            picture(level).save(path / name)
        before, after = (f"{column}_file_name" for column in ("original_image", "edited_image"))
        rows.append({before: names[0], "edit_prompt": f"edit {number}", after: names[1]})
    (path / "metadata.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


@pytest.fixture(scope="module")
def parquet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As the hub keeps timbrooks/instructpix2pix-clip-filtered: several files, pictures as bytes."""
    path = tmp_path_factory.mktemp("parquet")
    for part in range(3):
        numbers = range(part * 4, part * 4 + 4)
        columns = {
            "original_image": [{"bytes": encoded(number), "path": None} for number in numbers],
            "edit_prompt": [f"edit {number}" for number in numbers],
            "edited_image": [{"bytes": encoded(100 + number), "path": None} for number in numbers],
        }
        pyarrow.parquet.write_table(pa.table(columns), path / f"train-{part:05d}-of-00003.parquet")
    return path


def encoded(level: int) -> bytes:
    stream = io.BytesIO()
    picture(level).save(stream, "PNG")
    return stream.getvalue()


def levels(batch: Batch) -> list[int]:
    """Which rows they are: every picture has one level of its own."""
    assert torch.equal(batch.edited[:, 0, 0, 0], batch.source[:, 0, 0, 0] + 100)
    return batch.source[:, 0, 0, 0].tolist()


def first_batches(data: Path, count: int, **settings) -> list[Batch]:
    config = TrainConfig(data=str(data), **SMALL | settings)
    stream = iter(load_batches(open_source(config), config, LATENT, Share(0, 1), 0))
    return [next(stream) for _ in range(count)]


def test_a_folder_gives_every_row_but_the_held_out_ones_once_a_round(folder: Path) -> None:
    source = open_source(TrainConfig(data=str(folder), **SMALL))
    held_out = {int(source.held_out(number, (16, 16)).source[0, 0, 0]) for number in range(source.num_held_out)}
    first, second = (
        [int(source.triple(turn * 11 + k, (16, 16)).source[0, 0, 0]) for k in range(11)] for turn in (0, 1)
    )
    assert sorted(first) == sorted(second) == sorted(set(range(NUM_ROWS)) - held_out)
    assert first != second


def test_instruction_and_pictures_of_a_row_stay_together(folder: Path) -> None:
    for batch in first_batches(folder, 6, drop_text=0, drop_both=0):
        assert batch.instructions == [f"edit {level}" for level in levels(batch)]


def test_parquet_is_read_as_a_folder_of_pictures_is(parquet: Path) -> None:
    assert {level for batch in first_batches(parquet, 6) for level in levels(batch)} <= set(range(NUM_ROWS))


@pytest.mark.parametrize("kind", ["folder", "parquet"])
def test_a_stream_gives_every_row_but_the_held_out_one(kind: str, request: pytest.FixtureRequest) -> None:
    data = request.getfixturevalue(kind)
    seen = [level for batch in first_batches(data, 11, stream=True, shuffle=4) for level in levels(batch)]
    assert sorted(seen) == sorted([*range(1, NUM_ROWS)] * 2)
    assert seen[:11] != seen[11:]


def test_a_stream_goes_on_where_it_was(parquet: Path) -> None:
    whole = first_batches(parquet, 6, stream=True, shuffle=4)
    config = TrainConfig(data=str(parquet), **SMALL | {"stream": True, "shuffle": 4})
    rest = load_batches(open_source(config), config, LATENT, Share(0, 1), 4)
    for batch in whole[4:]:
        again = next(rest)
        assert levels(again) == levels(batch)
        assert torch.equal(again.noise, batch.noise)


def test_processes_share_a_stream(parquet: Path) -> None:
    source = open_source(TrainConfig(data=str(parquet), **SMALL | {"stream": True}))
    shares = [list(itertools.islice(source.read(process, 3, skip=0), 3)) for process in range(3)]
    seen = [{row["edit_prompt"] for row in rows} for rows in shares]
    assert len(set.union(*seen)) == 9


def test_workers_share_the_files_of_a_stream_and_go_on(parquet: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = TrainConfig(data=str(parquet), **SMALL | {"stream": True, "workers": 2})
    seen = []
    for worker in range(2):
        monkeypatch.setattr(
            torch.utils.data._utils.worker, "_worker_info", WorkerInfo(id=worker, num_workers=2, seed=0, dataset=None)
        )
        whole, rest = (StreamedBatches(open_source(config), config, LATENT, Share(0, 1), 2, first) for first in (0, 1))
        before = list(itertools.islice(whole, 3))
        assert levels(next(iter(rest))) == levels(before[1])
        seen.append(set(levels(before[0])))
    assert not seen[0] & seen[1]


def test_pictures_are_scaled_to_cover_and_never_stretched() -> None:
    assert covering_size((30, 20), (18, 18)) == (27, 18)
    assert covering_size((20, 30), (18, 18)) == (18, 27)
    assert covering_size((512, 512), (288, 288)) == (288, 288)


@pytest.mark.parametrize(
    ("settings", "line"),
    [
        ({"instruction_column": "prompt"}, "--instruction-column prompt: "),
        ({"split": "test"}, "cannot be read: "),
    ],
)
def test_what_a_folder_lacks_is_told_in_one_line(folder: Path, settings: dict, line: str) -> None:
    with pytest.raises(FairyError) as told:
        open_source(TrainConfig(data=str(folder), **SMALL | settings))
    assert line in str(told.value)
    assert "\n" not in str(told.value)


def test_a_data_set_that_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("datasets.config.HF_HUB_OFFLINE", True)
    with pytest.raises(FairyError, match="cannot be read"):
        open_source(TrainConfig(data=str(tmp_path / "nowhere")))
