"""Threads that let decoding, editing and encoding overlap: an iterator read ahead, a writer fed from behind."""

import queue
import threading
from collections.abc import Callable, Generator, Iterable
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

Item = TypeVar("Item")


def background(items: Iterable[Item], *, depth: int = 2) -> Generator[Item, None, None]:
    """`items`, fetched by a thread up to `depth` ahead. Its exception is raised here; closing this stops the thread.

    The iterable lives and is closed in the thread; nothing starts before the first item is asked for.
    """
    box: queue.Queue[tuple[bool, Any]] = queue.Queue(maxsize=max(1, depth))
    stop = threading.Event()
    thread = threading.Thread(target=_produce, args=(items, box, stop), name="fairy-read-ahead", daemon=True)
    thread.start()
    try:
        while True:
            more, item = box.get()
            if not more:
                if item is not None:
                    raise item
                return
            yield item
    finally:
        stop.set()
        _drain(box)  # a producer that waits for room wakes, sees the flag and ends
        thread.join()


def _produce(items: Iterable[Any], box: "queue.Queue[tuple[bool, Any]]", stop: threading.Event) -> None:
    iterator = iter(items)
    end: BaseException | None = None
    try:
        for item in iterator:
            if stop.is_set():
                break
            box.put((True, item))
    except BaseException as error:  # noqa: BLE001 - handed over to the consumer, who raises it
        end = error
    finally:
        if isinstance(iterator, Generator):
            iterator.close()
    if not stop.is_set():
        box.put((False, end))


def _drain(box: "queue.Queue[Any]") -> None:
    try:
        while True:
            box.get_nowait()
    except queue.Empty:
        return


class WriteBehind(Generic[Item]):
    """Calls `write` in a thread, up to `depth` calls behind; a context manager.

    Leaving the block waits for the calls that remain, or, after an exception, drops them. An exception in `write` is
    raised by the next `put`, or on leaving.
    """

    def __init__(self, write: Callable[[Item], object], *, depth: int = 2) -> None:
        self._write = write
        self._box: queue.Queue[tuple[bool, Any]] = queue.Queue(maxsize=max(1, depth))
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._consume, name="fairy-write-behind", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def put(self, item: Item) -> None:
        """Hand over one item; waits while `depth` are under way."""
        self._raise_failure()
        self._box.put((True, item))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            _drain(self._box)
        self._box.put((False, None))
        self._thread.join()
        if kind is None:
            self._raise_failure()

    def _raise_failure(self) -> None:
        if self._failure is not None:
            raise self._failure

    def _consume(self) -> None:
        while True:
            more, item = self._box.get()
            if not more:
                return
            if self._failure is None:  # after a failure items are only taken, so that nobody waits for room
                try:
                    self._write(item)
                except BaseException as error:  # noqa: BLE001 - raised by the caller's next put, or on leaving
                    self._failure = error
