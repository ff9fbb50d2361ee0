"""Arrays out of a pickle that is never run.

A pickle is a program for a stack machine, and unpickling runs it: it may call anything. Even an Unpickler that finds
nothing but NumPy's own functions is not safe: a made-up state handed to `ndarray.__setstate__` or `dtype.__setstate__`
reaches memory that it must not. So nothing in the file is called here, and no object of the file's making exists.
`pickletools` takes the program apart, and a small machine of our own knows the few instructions that dicts, lists,
texts, numbers and plain arrays are written with. An array is a description (type, shape, where its bytes lie); it is
checked and becomes a read-only view of the mapped file, so that a file of gigabytes takes no memory. Everything else
is refused.
"""

from __future__ import annotations

import math
import mmap
import pickletools
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Literal, cast

import numpy as np

from fairy.errors import MediaError

CODES = frozenset({"b1", "u1", "i4", "i8", "f2", "f4", "f8"})
"""Element types: bool, whole numbers, real numbers. No objects, no records, no texts."""
MOST_AXES = 8
DEEPEST = 3
"""Lists and dicts within each other; a container that holds itself is refused with the deeper ones."""
PLAIN_DTYPE = (None, None, None, -1, -1, 0)
"""What NumPy writes of a type without fields and metadata, behind its version and byte order."""


@dataclass(frozen=True)
class Name:
    """A function or class that the file names. It is compared, never looked up."""

    module: str
    name: str


@dataclass(frozen=True)
class Span:
    """Bytes of the file, left where they are."""

    start: int
    length: int


@dataclass
class Kind:
    """An array's element type."""

    code: str
    order: str = "|"

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type itself."""
        return np.dtype(self.code).newbyteorder(self.order)  # type: ignore[arg-type]


@dataclass
class Described:
    """An array, as far as the file has described it: None before that."""

    array: np.ndarray | None = None


RECONSTRUCT, FROM_BUFFER = "_reconstruct", "_frombuffer"
NAMES = {
    Name("numpy", "ndarray"): "ndarray",
    Name("numpy", "dtype"): "dtype",
    Name("numpy.core.multiarray", RECONSTRUCT): RECONSTRUCT,  # NumPy 1
    Name("numpy._core.multiarray", RECONSTRUCT): RECONSTRUCT,  # NumPy 2
    Name("numpy.core.numeric", FROM_BUFFER): FROM_BUFFER,
    Name("numpy._core.numeric", FROM_BUFFER): FROM_BUFFER,
    Name("_codecs", "encode"): "encode",  # how protocol 2 writes bytes
}
"""All that a file may name."""

MARK = object()


def read_arrays(path: Path) -> Any:
    """The dicts, lists, texts, numbers and arrays of a pickle; arrays are read-only views of the file.

    MediaError, in one line, where it is no pickle, is damaged, or holds anything else: nothing of it has been run.
    """
    try:
        with path.open("rb") as file:
            mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except (OSError, ValueError) as error:  # an empty file cannot be mapped
        raise MediaError(f"{path} cannot be read: {getattr(error, 'strerror', None) or 'it is empty'}.") from error
    try:
        return _Machine(mapped).run()
    except _RefusedError as refusal:
        raise MediaError(f"{path} is refused: {refusal}. Only dicts and lists of plain arrays are read.") from None
    except (ValueError, IndexError, TypeError, KeyError, UnicodeError, OverflowError) as error:
        raise MediaError(f"{path} is no pickle, or damaged.") from error


class _RefusedError(Exception):
    """The file asks for something that is not done here."""


@dataclass
class _Machine:
    """The stack machine. Its values: None, bool, int, float, str, tuple, list, dict and the four classes above."""

    data: mmap.mmap
    stack: list[Any] = field(default_factory=list)
    memo: dict[int, Any] = field(default_factory=dict)

    def run(self) -> Any:
        """Go through the file; returns what it describes."""
        for opcode, argument, _ in pickletools.genops(cast(IO[bytes], self.data)):
            if opcode.name == "STOP":
                return _finished(self.stack.pop())
            self.step(opcode.name, argument)
        raise ValueError("no end")

    def step(self, name: str, argument: Any) -> None:
        """One instruction."""
        if name in CONSTANTS:
            self.stack.append(CONSTANTS[name])
        elif name in LITERALS:
            self.stack.append(argument)
        elif name in BYTES:
            self.stack.append(Span(self.data.tell() - len(argument), len(argument)))
        elif name in MEMO_WRITES:
            self.memo[len(self.memo) if argument is None else argument] = self.stack[-1]
        elif name in MEMO_READS:
            self.stack.append(self.memo[argument])
        elif name in CONTAINERS:
            getattr(self, CONTAINERS[name])(name)
        elif name in ("GLOBAL", "STACK_GLOBAL"):
            self.look_up(argument)
        elif name == "REDUCE":
            self.call()
        elif name == "BUILD":
            self.build()
        elif name not in ("PROTO", "FRAME"):
            raise _RefusedError(f"it has the instruction {name}")

    def marked(self) -> list[Any]:
        """Take off what lies above the last mark, and the mark."""
        items: list[Any] = []
        while (value := self.stack.pop()) is not MARK:
            items.append(value)
        return items[::-1]

    def new(self, name: str) -> None:
        """An empty list or dict."""
        self.stack.append({} if name == "EMPTY_DICT" else [])

    def pack(self, name: str) -> None:
        """A tuple of what is marked, or of the topmost values."""
        size = name.removeprefix("TUPLE")
        items = self.marked() if not size else [self.stack.pop() for _ in range(int(size))][::-1]
        self.stack.append(tuple(items))

    def append(self, name: str) -> None:
        """Values into a list."""
        items = self.marked() if name == "APPENDS" else [self.stack.pop()]
        _require(isinstance(self.stack[-1], list), "it appends to what is no list")
        self.stack[-1].extend(items)

    def set_items(self, name: str) -> None:
        """Values into a dict, under texts only: the hash of a nested tuple may take for ever."""
        items = self.marked() if name == "SETITEMS" else [self.stack.pop() for _ in range(2)][::-1]
        _require(isinstance(self.stack[-1], dict), "it sets items of what is no dict")
        for key, value in zip(items[::2], items[1::2], strict=True):
            _require(isinstance(key, str), "it has a dict whose keys are no texts")
            self.stack[-1][key] = value

    def look_up(self, argument: str | None) -> None:
        """A function or class, if it is one of the table."""
        words = argument.split(" ", 1) if argument is not None else [self.stack.pop() for _ in range(2)][::-1]
        _require(all(isinstance(word, str) for word in words), "it names something in a strange way")
        named = Name(*words)
        _require(named in NAMES, f"it asks for {named.module[:80]}.{named.name[:80]}".replace("\n", " "))
        self.stack.append(named)

    def call(self) -> None:
        """What the file means by a call: a type, bytes, an array to be described, or an array."""
        arguments, called = self.stack.pop(), self.stack.pop()
        _require(isinstance(called, Name) and isinstance(arguments, tuple), "it calls what is no function")
        match NAMES[called], arguments:
            case "dtype", (str(code), (False | 0), (True | 1)) if code in CODES:
                self.stack.append(Kind(code))
            case "dtype", _:
                raise _RefusedError("it has an array of other things than numbers")
            case "encode", (str(text), "latin1"):
                self.stack.append(text.encode("latin1"))
            case "_reconstruct", (Name("numpy", "ndarray"), (0,), _):
                self.stack.append(Described())
            case "_frombuffer", (Span() | bytes() as data, Kind() as kind, tuple(shape), ("C" | "F") as order):
                self.stack.append(Described(self.array(data, kind, shape, order)))
            case _:
                raise _RefusedError(f"it calls {called.module}.{called.name} in a strange way")

    def build(self) -> None:
        """Byte order for a type; type, shape and bytes for an array."""
        state, built = self.stack.pop(), self.stack[-1]
        match built, state:
            case Kind(), (3, ("<" | ">" | "|") as order, *rest) if tuple(rest) == PLAIN_DTYPE:
                built.order = order
            case Described(array=None), (1, tuple(shape), Kind() as kind, bool(fortran), Span() | bytes() as data):
                built.array = self.array(data, kind, shape, "F" if fortran else "C")
            case _:
                raise _RefusedError("it sets the state of an object in a strange way")

    def array(self, data: Span | bytes, kind: Kind, shape: tuple[Any, ...], order: Literal["C", "F"]) -> np.ndarray:
        """A view of the bytes, which must be as many as shape and type say."""
        _require(len(shape) <= MOST_AXES, "it has an array of too many axes")
        _require(all(type(side) is int and side >= 0 for side in shape), "it has an array without a proper shape")
        length = data.length if isinstance(data, Span) else len(data)
        _require(math.prod(shape) * kind.dtype.itemsize == length, "it has an array whose bytes do not fit its shape")
        buffer, start = (self.data, data.start) if isinstance(data, Span) else (data, 0)
        # A byte other than 0 and 1 is no bool: such arrays are read as numbers, and compared.
        dtype = np.dtype(np.uint8) if kind.code == "b1" else kind.dtype
        array: np.ndarray = np.ndarray(shape, dtype, buffer, start, order=order)
        return array != 0 if kind.code == "b1" else array


CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False, "EMPTY_TUPLE": (), "MARK": MARK}
LITERALS = frozenset(
    {
        *("BININT", "BININT1", "BININT2", "LONG1", "BINFLOAT"),
        *("BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8"),
    }
)
BYTES = frozenset({"BINBYTES", "SHORT_BINBYTES", "BINBYTES8", "BYTEARRAY8"})
MEMO_WRITES = frozenset({"MEMOIZE", "PUT", "BINPUT", "LONG_BINPUT"})
MEMO_READS = frozenset({"GET", "BINGET", "LONG_BINGET"})
CONTAINERS = {
    "EMPTY_LIST": "new",
    "EMPTY_DICT": "new",
    "TUPLE": "pack",
    "TUPLE1": "pack",
    "TUPLE2": "pack",
    "TUPLE3": "pack",
    "APPEND": "append",
    "APPENDS": "append",
    "SETITEM": "set_items",
    "SETITEMS": "set_items",
}


def _finished(value: Any) -> Any:
    """The value with its arrays in place."""
    return _filled(value, DEEPEST, {})


def _filled(value: Any, depth: int, known: dict[int, Any]) -> Any:
    """Each list and dict once: one that lies in another a million times costs no more than the file's own length."""
    if isinstance(value, Described) and value.array is not None:
        return value.array
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if depth and isinstance(value, dict | list):
        if id(value) not in known:
            items = value.items() if isinstance(value, dict) else enumerate(value)
            filled = {key: _filled(each, depth - 1, known) for key, each in items}
            known[id(value)] = filled if isinstance(value, dict) else list(filled.values())
        return known[id(value)]
    raise _RefusedError("it holds something that is no array, text or number")


def _require(accepted: bool, why: str) -> None:
    if not accepted:
        raise _RefusedError(why)
