"""The study's database: what is shown, who judges it, and what they said. SQLite in WAL mode.

An answer is on the disk when `record` returns, so that a killed server loses none; a task is one row a rater and item,
so that a vote that is sent twice counts once. Several threads and processes may use one file.
"""

from __future__ import annotations

import json
import random
import secrets
import sqlite3
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from fairy.errors import FairyError, UsageError
from fairy.lab.study.forms import FORMS, Form
from fairy.lab.study.raters import Vote, choose_batch, failing_raters

DATABASE = "study.sqlite"
MEDIA = "media"
VERSION = 1
IDLE_SECONDS = 3600.0
"""A rater who has been away for so long no longer keeps others from the tasks."""
SCHEMA = """
CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE items (
    id INTEGER PRIMARY KEY, video TEXT NOT NULL, instruction TEXT NOT NULL, source TEXT NOT NULL, first TEXT NOT NULL,
    second TEXT, first_method TEXT, second_method TEXT, expected TEXT
);
CREATE TABLE raters (
    id INTEGER PRIMARY KEY, token TEXT NOT NULL UNIQUE, name TEXT NOT NULL, joined REAL NOT NULL, seen REAL NOT NULL
);
CREATE TABLE tasks (
    rater INTEGER NOT NULL REFERENCES raters, position INTEGER NOT NULL, item INTEGER NOT NULL REFERENCES items,
    swapped INTEGER NOT NULL, answered REAL, seconds REAL, PRIMARY KEY (rater, position), UNIQUE (rater, item)
);
CREATE TABLE answers (
    rater INTEGER NOT NULL, position INTEGER NOT NULL, question TEXT NOT NULL, answer TEXT NOT NULL,
    PRIMARY KEY (rater, position, question), FOREIGN KEY (rater, position) REFERENCES tasks
);
"""


@dataclass(frozen=True, kw_only=True)
class Item:
    """What is judged: a source, an instruction, and one result or two, by the names of their media."""

    video: str
    instruction: str
    source: str
    first: str
    second: str | None = None
    first_method: str | None = None
    second_method: str | None = None
    expected: Mapping[str, str] | None = None
    """Of an attention check: question -> the known answer."""


@dataclass(frozen=True)
class Assigned:
    """A rater's task as it is stored."""

    position: int
    swapped: bool
    item: Item
    answers: dict[str, str]


class Store:
    """A study's database, opened. A context manager."""

    def __init__(self, folder: Path, *, rng: random.Random | None = None) -> None:
        """UsageError where the folder holds no study, FairyError where the database is damaged."""
        self._path, self._lock = folder / DATABASE, threading.Lock()
        self._rng = rng or random.SystemRandom()
        if not self._path.is_file():
            raise UsageError(f"{folder} holds no {DATABASE}. Give a folder that `fairy lab study build` has made.")
        self._connection = _connect(self._path)
        try:
            facts = {name: json.loads(value) for name, value in self._connection.execute("SELECT * FROM facts")}
        except sqlite3.DatabaseError as error:
            self.close()
            raise FairyError(f"{self._path} cannot be read ({error}). Restore it from a copy.") from error
        if facts["version"] != VERSION:
            self.close()
            raise FairyError(f"{self._path} is of another version of Fairy. Use the one that built it.")
        self.facts = facts
        self.form: Form = FORMS[facts["form"]]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def items(self) -> dict[int, Item]:
        """All items by their numbers."""
        with self._transaction() as connection:
            return {row["id"]: _item(row) for row in connection.execute("SELECT * FROM items ORDER BY id")}

    def join(self, name: str = "") -> str:
        """A new rater with a first batch of tasks; returns the secret that the rater is known by."""
        token, now = secrets.token_urlsafe(18), time.time()
        with self._transaction() as connection:
            row = (token, name, now, now)
            cursor = connection.execute("INSERT INTO raters (token, name, joined, seen) VALUES (?, ?, ?, ?)", row)
            self._assign(connection, int(cursor.lastrowid or 0), now)
        return token

    def more(self, rater: int) -> int:
        """Another batch of tasks for a rater; how many there were."""
        with self._transaction() as connection:
            return self._assign(connection, rater, time.time())

    def rater(self, token: str) -> int | None:
        """The rater with this secret, who is now known to be there."""
        with self._transaction() as connection:
            row = connection.execute("SELECT id FROM raters WHERE token = ?", (token,)).fetchone()
            if row is not None:
                connection.execute("UPDATE raters SET seen = ? WHERE id = ?", (time.time(), row["id"]))
            return None if row is None else int(row["id"])

    def progress(self, rater: int) -> list[bool]:
        """For each of the rater's tasks whether it is answered."""
        query = "SELECT answered IS NOT NULL AS done FROM tasks WHERE rater = ? ORDER BY position"
        with self._transaction() as connection:
            return [bool(row["done"]) for row in connection.execute(query, (rater,))]

    def task(self, rater: int, position: int) -> Assigned | None:
        """A rater's task; None where there is none at this position, counted from 0."""
        key = (rater, position)
        with self._transaction() as connection:
            query = "SELECT * FROM tasks JOIN items ON items.id = tasks.item WHERE rater = ? AND position = ?"
            row = connection.execute(query, key).fetchone()
            if row is None:
                return None
            query = "SELECT question, answer FROM answers WHERE rater = ? AND position = ?"
            answers = {each["question"]: each["answer"] for each in connection.execute(query, key)}
        return Assigned(position, bool(row["swapped"]), _item(row), answers)

    def record(self, rater: int, position: int, answers: Mapping[str, str], seconds: float) -> None:
        """Keep the answers to all questions about a task; those that were there before are replaced."""
        key = (rater, position)
        with self._transaction() as connection:
            update = "UPDATE tasks SET answered = ?, seconds = ? WHERE rater = ? AND position = ? AND answered IS NULL"
            connection.execute(update, (time.time(), seconds, *key))
            _keep(connection, key, answers)

    def keep(self, rater: int, position: int, answers: Mapping[str, str]) -> None:
        """Keep answers to some questions about a task; they count when it is done."""
        with self._transaction() as connection:
            _keep(connection, (rater, position), answers)

    def names(self) -> dict[int, str]:
        """What the raters call themselves, by their numbers."""
        with self._transaction() as connection:
            return {row["id"]: row["name"] for row in connection.execute("SELECT id, name FROM raters ORDER BY id")}

    def votes(self) -> list[Vote]:
        """Every answered task, in the order of time."""
        with self._transaction() as connection:
            return _votes(connection)

    def num_open(self, rater: int) -> int:
        """How many items a rater could still be given."""
        with self._transaction() as connection:
            counts, _ = self._open_items(connection, rater, time.time())
        return sum(count < self.facts["raters"] for count in counts.values())

    def _assign(self, connection: sqlite3.Connection, rater: int, now: float) -> int:
        counts, checks = self._open_items(connection, rater, now)
        limits = {"wanted": self.facts["raters"], "limit": self.facts["per_rater"]}
        tasks = choose_batch(counts, checks, rng=self._rng, **limits)
        begin = connection.execute("SELECT COUNT(*) FROM tasks WHERE rater = ?", (rater,)).fetchone()[0]
        rows = [(rater, begin + place, task.item, task.swapped) for place, task in enumerate(tasks)]
        connection.executemany("INSERT INTO tasks (rater, position, item, swapped) VALUES (?, ?, ?, ?)", rows)
        return len(rows)

    def _open_items(self, connection: sqlite3.Connection, rater: int, now: float) -> tuple[dict[int, int], list[int]]:
        """Of what the rater has not seen: for each item how many others have it, and the attention checks.

        A rater counts who has answered, or is still there; one who fails the attention checks does not.
        """
        query = """SELECT items.id, expected IS NOT NULL AS is_check, tasks.rater, answered, raters.seen
            FROM items LEFT JOIN tasks ON tasks.item = items.id LEFT JOIN raters ON raters.id = tasks.rater"""
        failing = failing_raters(_votes(connection, only_checks=True), self.facts["min_passed"])
        counts: dict[int, int] = {}
        checks, own = set(), set()
        for row in connection.execute(query):
            if row["is_check"]:
                checks.add(row["id"])
            else:
                counts.setdefault(row["id"], 0)
            if row["rater"] == rater:
                own.add(row["id"])
            elif row["rater"] is not None and not row["is_check"] and row["rater"] not in failing:
                counts[row["id"]] += row["answered"] is not None or now - row["seen"] < IDLE_SECONDS
        return {item: count for item, count in counts.items() if item not in own}, sorted(checks - own)

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """All or nothing, and nobody else in between."""
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")


def create(folder: Path, facts: Mapping[str, Any], items: Sequence[Item]) -> None:
    """Write a new database into a folder."""
    connection = _connect(folder / DATABASE)
    try:
        connection.executescript(SCHEMA)
        connection.execute("BEGIN")
        stored = {"version": VERSION, **facts}
        connection.executemany("INSERT INTO facts VALUES (?, ?)", [(n, json.dumps(v)) for n, v in stored.items()])
        names = list(Item.__dataclass_fields__)
        insert = f"INSERT INTO items ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})"
        rows = [[_stored(getattr(item, name)) for name in names] for item in items]
        connection.executemany(insert, rows)
        connection.execute("COMMIT")
    finally:
        connection.close()


def _keep(connection: sqlite3.Connection, key: tuple[int, int], answers: Mapping[str, str]) -> None:
    rows = [(*key, question, answer) for question, answer in answers.items()]
    connection.executemany("INSERT OR REPLACE INTO answers VALUES (?, ?, ?, ?)", rows)


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=30, isolation_level=None, check_same_thread=False)
    connection.row_factory = sqlite3.Row
    for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
        connection.execute(f"PRAGMA {pragma}")
    return connection


def _stored(value: Any) -> Any:
    return json.dumps(value) if isinstance(value, dict) else value


def _item(row: sqlite3.Row) -> Item:
    fields = {name: row[name] for name in Item.__dataclass_fields__}
    return Item(**fields | {"expected": fields["expected"] and json.loads(fields["expected"])})


def _votes(connection: sqlite3.Connection, *, only_checks: bool = False) -> list[Vote]:
    query = """SELECT tasks.*, expected, question, answer FROM tasks JOIN answers USING (rater, position)
        JOIN items ON items.id = tasks.item WHERE answered IS NOT NULL AND (expected IS NOT NULL OR NOT :only_checks)
        ORDER BY answered, tasks.rater, position"""
    votes: dict[tuple[int, int], Vote] = {}
    for row in connection.execute(query, {"only_checks": only_checks}):
        key = row["rater"], row["position"]
        if key not in votes:
            expected = json.loads(row["expected"]) if row["expected"] else None
            votes[key] = Vote(row["rater"], row["item"], bool(row["swapped"]), row["seconds"], {}, expected)
        votes[key].answers[row["question"]] = row["answer"]
    return list(votes.values())
