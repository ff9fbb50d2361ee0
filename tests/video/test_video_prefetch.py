"""Reading ahead and writing behind: order, exceptions, no thread left."""

import threading

import pytest

from fairy.video import WriteBehind, background


def threads_of_ours() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("fairy-")]


@pytest.mark.parametrize("depth", [1, 2, 100])
def test_items_arrive_in_order(depth):
    assert list(background(iter(range(20)), depth=depth)) == list(range(20))
    assert threads_of_ours() == []


def test_an_exception_in_the_producer_reaches_the_consumer():
    def items():
        yield 1
        raise LookupError("gone")

    ahead = background(items())
    assert next(ahead) == 1
    with pytest.raises(LookupError, match="gone"):
        next(ahead)
    assert threads_of_ours() == []


def test_an_abandoned_consumer_stops_the_thread_and_closes_the_source():
    closed = threading.Event()

    def items():
        try:
            yield from range(10**9)
        finally:
            closed.set()

    ahead = background(items())
    assert next(ahead) == 0
    ahead.close()
    assert closed.is_set()
    assert threads_of_ours() == []


def test_everything_put_is_written_in_order():
    written: list[int] = []
    with WriteBehind(written.append, depth=1) as behind:
        for item in range(20):
            behind.put(item)
    assert written == list(range(20))


def test_an_exception_in_the_writer_reaches_the_caller():
    def write(item: int) -> None:
        raise OSError(f"no room for {item}")

    def run() -> None:
        with WriteBehind(write, depth=1) as behind:
            for item in range(100):
                behind.put(item)

    with pytest.raises(OSError, match="no room for 0"):
        run()
    assert threads_of_ours() == []


def test_an_exception_in_the_block_is_not_held_up_by_what_waits():
    def run() -> None:
        with WriteBehind(print) as behind:
            behind.put(1)
            raise KeyError

    with pytest.raises(KeyError):
        run()
    assert threads_of_ours() == []
