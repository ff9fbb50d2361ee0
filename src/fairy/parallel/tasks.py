"""`map_tasks`: a function over many items, here or on many workers. It knows nothing of editing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import nullcontext
from typing import Any, TypeVar

from fairy.parallel.cluster import AUTO, is_alone
from fairy.parallel.pool import Tick, open_workers
from fairy.report import SILENT, Report

Item = TypeVar("Item")
Result = TypeVar("Result")


def map_tasks(
    function: Callable[[Item], Result],
    items: Iterable[Item],
    *,
    workers: int | str = 1,
    ray_address: str | None = None,
    device: str = AUTO,
    name: Callable[[Item], str] = str,
    on_result: Callable[[Item, Result], None] | None = None,
    report: Report = SILENT,
) -> Iterator[tuple[int, Result]]:
    """Do function(item) for every item; yields (place of the item, result) as they are done, in any order.

    With one worker and no `ray_address` all happens in this process, in order, without Ray. Otherwise Ray gives the
    items to `workers` processes (a number, or auto: the GPUs, else a fourth of the cores) on this machine or on the
    cluster at `ray_address`; with `device` auto or cuda each has one GPU to itself, where there are any. A free worker
    takes the next item; items are drawn as they are needed. The function must be importable (`functools.partial` of
    one is), items and results picklable. A process does many items: what they share, such as a loaded model, belongs
    into a `functools.cache`d function of the caller's.

    A FairyError of the function's ends the work at once. Any other error, or the death of a worker, makes the item be
    tried again, elsewhere if possible, three times in all, and then ends the work with a WorkerError that tells
    `name(item)`; what was yielded before is done. In this process an error is simply raised. `on_result` is called with
    each item and its result before it is yielded; `report` gets a note of what is tried again.
    """
    if is_alone(workers, ray_address):
        for place, item in enumerate(items):
            result = function(item)
            if on_result:
                on_result(item, result)
            yield place, result
        return
    waiting = enumerate(items)
    running: dict[Future[Any], tuple[int, Item]] = {}
    with open_workers(nullcontext, workers=workers, ray_address=ray_address, device=device, report=report) as pool:
        while True:
            while len(running) < 2 * pool.count and (drawn := next(waiting, None)):
                running[pool.submit(apply, (function, drawn[1]), name=name(drawn[1]))] = drawn
            if not running:
                return
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                place, item = running.pop(future)
                result = future.result()
                if on_result:
                    on_result(item, result)
                yield place, result


def apply(state: None, task: tuple[Callable[[Item], Result], Item], tick: Tick) -> Result:  # noqa: ARG001
    """One item, in its worker."""
    function, item = task
    return function(item)
