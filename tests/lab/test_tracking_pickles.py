"""Pickles of arrays are read as pickle reads them, and nothing else is: no file of ours or anyone's is run."""

import os
import pickle
from pathlib import Path

import numpy as np
import pytest

from fairy.errors import MediaError
from fairy.lab.tracking.pickles import read_arrays

RNG = np.random.default_rng(0)
CLIP = {
    "video": RNG.integers(0, 256, (3, 6, 8, 3), np.uint8),
    "points": RNG.random((2, 3, 2)).astype(np.float32),
    "occluded": RNG.random((2, 3)) < 0.5,
}
CONTENT = {"bear": CLIP, "camel": {**CLIP, "points": RNG.random((4, 2)).astype(">f8")}, "note": "text", "number": 3}


def store(folder: Path, data: bytes) -> Path:
    path = folder / "file.pkl"
    path.write_bytes(data)
    return path


def as_numpy_1(data: bytes) -> bytes:
    """The modules as NumPy 1 named them, with the lengths before the names."""
    for new, old in (
        ("numpy._core.multiarray", "numpy.core.multiarray"),
        ("numpy._core.numeric", "numpy.core.numeric"),
    ):
        data = data.replace(bytes([len(new)]) + new.encode(), bytes([len(old)]) + old.encode())
        data = data.replace(b"c" + new.encode() + b"\n", b"c" + old.encode() + b"\n")
    return data


def same(one, other):
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, np.ndarray):
        return one.dtype == other.dtype and np.array_equal(one, other)
    return one == other


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
@pytest.mark.parametrize("rename", [lambda data: data, as_numpy_1], ids=["numpy 2", "numpy 1"])
def test_arrays_are_read_as_pickle_reads_them(tmp_path, protocol, rename):
    data = rename(pickle.dumps(CONTENT, protocol))
    assert (b"_core" in data) == (rename is not as_numpy_1)
    assert same(read_arrays(store(tmp_path, data)), CONTENT)


def test_lists_and_fortran_order_and_empty_arrays(tmp_path):
    content = [{"a": np.asfortranarray(RNG.random((3, 4)))}, {"a": np.zeros((0, 5), np.uint8)}]
    read = read_arrays(store(tmp_path, pickle.dumps(content)))
    assert all(same(one, other) for one, other in zip(read, content, strict=True))


def test_arrays_are_views_of_the_file_that_cannot_be_written(tmp_path):
    video = read_arrays(store(tmp_path, pickle.dumps(CONTENT)))["bear"]["video"]
    assert not video.flags.owndata
    assert not video.flags.writeable


class Attack:
    def __init__(self, function, *arguments):
        self.reduced = function, arguments

    def __reduce__(self):
        return self.reduced


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("wrap", [lambda x: x, lambda x: {"bear": x}, lambda x: {"bear": np.array([x, 1], object)}])
def test_nothing_is_run(tmp_path, protocol, wrap):
    trace = tmp_path / "trace"
    path = store(tmp_path, pickle.dumps(wrap(Attack(os.mkdir, str(trace))), protocol))
    with pytest.raises(MediaError, match="is refused: it ") as error:
        read_arrays(path)
    assert not trace.exists()
    assert len(str(error.value).splitlines()) == 1


HOSTILE = {
    "a function of the system": b"cposix\nsystem\n(S'true'\ntR.",
    "getattr": b"\x80\x04\x8c\x08builtins\x8c\x07getattr\x93.",
    "NumPy's own loader": b"cnumpy\nload\n(Vx\ntR.",
    "a module that only looks like NumPy's": b"cnumpy.core.multiarray.os\nsystem\n.",
    "an array made directly": b"\x80\x02cnumpy\nndarray\n(K\x01t\x81.",
    "an array of objects": b"\x80\x02cnumpy\ndtype\n(X\x02\x00\x00\x00O8K\x00K\x01tR.",
    "a record": b"\x80\x02cnumpy\ndtype\n(X\x02\x00\x00\x00V8K\x00K\x01tR.",
    "a type with a state of its own": b"\x80\x02cnumpy\ndtype\n(X\x02\x00\x00\x00u1K\x00K\x01tR"
    b"(K\x03X\x01\x00\x00\x00|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x3ftb.",
    "an instance": b"(iposix\nsystem\n.",
    "a persistent id": b"Px\n.",
    "an extension": b"\x82\x01.",
    "a class as the state of a class": b"\x80\x02cnumpy\nndarray\n}b.",
    "a set": b"\x80\x04\x8f.",
    "a dict of tuples": b"\x80\x02})K\x01s.",
    "encoding as something else": b"\x80\x02c_codecs\nencode\n(X\x01\x00\x00\x00aX\x03\x00\x00\x00hextR.",
}


@pytest.mark.parametrize("data", HOSTILE.values(), ids=HOSTILE.keys())
def test_everything_else_is_refused(tmp_path, data):
    with pytest.raises(MediaError, match="is refused: it "):
        read_arrays(store(tmp_path, data))


@pytest.mark.parametrize("change", [{"length": 5}, {"shape": (3, 2**62)}, {"shape": (-3, -2)}, {"shape": (True, 6)}])
def test_an_array_must_be_as_long_as_its_shape(tmp_path, change):
    length, shape = change.get("length", 6), change.get("shape", (3, 2))
    dtype = (
        b"cnumpy\ndtype\n(X\x02\x00\x00\x00u1K\x00K\x01tR(K\x03X\x01\x00\x00\x00|NNN"
        + 2 * b"J\xff\xff\xff\xff"
        + b"K\x00tb"
    )
    sides = pickle.dumps(shape, 2)[2:-1]
    state = b"(K\x01" + sides + dtype + b"\x89C" + bytes([length]) + bytes(length) + b"tb."
    blank = b"\x80\x03cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(K\x00tC\x01btR"
    with pytest.raises(MediaError, match="shape"):
        read_arrays(store(tmp_path, blank + state))


def test_a_list_that_holds_itself_is_refused(tmp_path):
    loop: list = []
    loop.append(loop)
    with pytest.raises(MediaError, match="refused"):
        read_arrays(store(tmp_path, pickle.dumps(loop)))


@pytest.mark.timeout(10)
def test_lists_nested_to_be_endless_are_no_trouble(tmp_path):
    inner: list = [None] * 3000
    for _ in range(2):
        inner = [inner] * 3000  # 27,000,000,000 items, in a file of some kilobytes
    assert len(read_arrays(store(tmp_path, pickle.dumps(inner)))) == 3000


WHOLE = pickle.dumps(CONTENT)


@pytest.mark.parametrize("data", [b"", b".", b"\x80", b"no pickle", b"\x80\x04t.", b"\x80\x04h\x05.", b"\x80\x04]"])
def test_what_is_no_pickle_is_told_in_one_line(tmp_path, data):
    with pytest.raises(MediaError):
        read_arrays(store(tmp_path, data))


def test_a_file_cut_short_anywhere_is_told_in_one_line(tmp_path):
    for length in range(0, len(WHOLE) - 1, 7):
        with pytest.raises(MediaError):
            read_arrays(store(tmp_path, WHOLE[:length]))


def test_a_file_with_any_byte_changed_is_read_or_refused(tmp_path):
    num_refused = 0
    for place in RNG.integers(len(WHOLE), size=300):
        damaged = bytearray(WHOLE)
        damaged[place] ^= int(RNG.integers(1, 256))
        try:
            read_arrays(store(tmp_path, bytes(damaged)))
        except MediaError:
            num_refused += 1
    assert 0 < num_refused < 300


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(MediaError, match="cannot be read"):
        read_arrays(tmp_path / "none.pkl")
