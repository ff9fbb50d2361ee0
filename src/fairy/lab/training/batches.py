"""Batches in their order: which samples a process has in each forward pass, prepared here or by workers beside it.

A sample's number is ((step * accumulation + pass) * processes + process) * batch + place, so the samples of a step are
the same however many processes share them, and a run that goes on has those of an uninterrupted one.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast

from torch.utils.data import DataLoader, Dataset, IterableDataset, get_worker_info

from fairy.lab.training.examples import Batch, Example, Latent, collate, make_example, size_of_step
from fairy.lab.training.settings import TrainConfig
from fairy.lab.training.sources import Numbered, Source, Streamed


@dataclass(frozen=True)
class Share:
    """Which part of each global batch a process has."""

    process: int
    num_processes: int

    def numbers(self, config: TrainConfig, turn: int) -> list[int]:
        """The samples of forward pass number `turn`, counted over all steps."""
        first = (turn * self.num_processes + self.process) * config.batch
        return list(range(first, first + config.batch))

    def samples_of_step(self, config: TrainConfig) -> int:
        """Of all processes together."""
        return config.accumulation * self.num_processes * config.batch


def load_batches(source: Source, config: TrainConfig, latent: Latent, share: Share, first_step: int) -> Iterator[Batch]:
    """The batches of one process from `first_step` to the last step, one a forward pass."""
    first, end = (step * config.accumulation for step in (first_step, config.steps))
    if config.is_streamed:
        return _stream(cast("Streamed", source), config, latent, share, first)
    loader: DataLoader[Example] = DataLoader(
        Examples(cast("Numbered", source), config, latent, share.samples_of_step(config)),
        batch_sampler=(share.numbers(config, turn) for turn in range(first, end)),
        collate_fn=collate,
        num_workers=config.workers,
        multiprocessing_context="spawn" if config.workers else None,
    )
    return iter(loader)


@dataclass(frozen=True)
class Examples(Dataset[Example]):
    """All samples by number."""

    source: Numbered
    config: TrainConfig
    latent: Latent
    samples_of_step: int

    def __getitem__(self, number: int) -> Example:
        size = size_of_step(self.config, number // self.samples_of_step)
        triple = self.source.triple(number, self.config.full_size(size))
        return make_example(triple, number, size, self.config, self.latent)


@dataclass(frozen=True)
class StreamedBatches(IterableDataset[Batch]):
    """Whole batches without end, made of what one reader of the stream meets: every `num_readers`-th forward pass."""

    source: Streamed
    config: TrainConfig
    latent: Latent
    share: Share
    num_readers: int
    first_round: int
    """How many batches each reader has given before."""

    def __iter__(self) -> Iterator[Batch]:
        worker = get_worker_info()
        reader = worker.id if worker else 0
        skip = self.first_round * self.config.batch
        rows = self.source.read(self.share.process, self.share.num_processes, skip)
        for turn in itertools.count(self.first_round * self.num_readers + reader, self.num_readers):
            size = size_of_step(self.config, turn // self.config.accumulation)
            full = self.config.full_size(size)
            yield collate(
                [
                    make_example(self.source.decode(row, full), number, size, self.config, self.latent)
                    for number, row in zip(self.share.numbers(self.config, turn), rows, strict=False)
                ]
            )


def _stream(source: Streamed, config: TrainConfig, latent: Latent, share: Share, first: int) -> Iterator[Batch]:
    """The batches from forward pass `first` on: whole rounds of the readers are skipped, the rest is thrown away."""
    num_readers = source.num_readers(config.workers, share.num_processes)
    rounds, rest = divmod(first, num_readers)
    loader: DataLoader[Batch] = DataLoader(
        StreamedBatches(source, config, latent, share, num_readers, rounds),
        batch_size=None,
        num_workers=num_readers if config.workers else 0,
        multiprocessing_context="spawn" if config.workers else None,
    )
    return itertools.islice(loader, rest, None)
