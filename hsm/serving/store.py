"""The file of an index: SQLite, so that a commit is whole or was never there.

The journal is a write-ahead log with synchronous=FULL: what was committed outlives a kill and a
power cut, one process writes at a time, and those that read see what was committed last.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

# "hsmi": by it a file is known as an index.
_APPLICATION = 0x68736D69
_FORMAT = 1
_SECONDS_FOR_LOCK = 30.0
_TURN = 0.01
_ROWS_AT_ONCE = 10_000
_SCHEMA = (
    "CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL)",
    # A number is never used twice, so that what is behind the highest known one is new.
    "CREATE TABLE items (number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT UNIQUE NOT NULL, "
    "vector BLOB NOT NULL, label TEXT, metadata TEXT)",
)


class Row(NamedTuple):
    """An item as it is stored: its vector as little-endian float32, its metadata as JSON."""

    id: str
    vector: bytes
    label: str | None
    metadata: str | None


class Store:
    """Rows and facts in one file. One thread at a time may use it.

    Args:
        path: the file; made if it is missing, unless `must_exist`.

    Raises:
        FileNotFoundError: if it must exist, or its folder, and does not.
        ValueError: if it is another file than an index, or damaged.
        OSError: if it cannot be opened.
    """

    def __init__(self, path: Path, *, must_exist: bool) -> None:
        self.path = path
        if not path.parent.is_dir() or (must_exist and not path.exists()):
            what = "an index" if path.parent.is_dir() else "a folder for the index"
            raise FileNotFoundError(f"expected {what} that exists. Received: {path}")
        with self._in_words():
            self._connection = sqlite3.connect(
                path, _SECONDS_FOR_LOCK, isolation_level=None, check_same_thread=False
            )
            try:
                self._prepare()
            except BaseException:
                self._connection.close()
                raise

    def _prepare(self) -> None:
        # In one moment's file, while another process may be making it.
        with self.snapshot():
            kind = (self._number("application_id"), self._number("user_version"))
            count = self._connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        # SQLite writes a page for the kind of journal, before there is anything in it.
        is_empty = kind == (0, 0) and not count
        if not is_empty and kind != (_APPLICATION, _FORMAT):
            raise ValueError(
                f"expected {self.path} to be an index that this version of hsm wrote. Received: "
                "another SQLite database. Name another file."
            )
        self._log_ahead()
        self._connection.execute("PRAGMA synchronous = FULL")
        if is_empty:
            self._make()

    def _log_ahead(self) -> None:
        """Switch to the write-ahead log, for which SQLite itself does not wait its turn."""
        until = time.monotonic() + _SECONDS_FOR_LOCK
        while True:
            try:
                self._connection.execute("PRAGMA journal_mode = WAL")
                return
            except sqlite3.OperationalError as error:
                if "locked" not in str(error) or time.monotonic() > until:
                    raise
                time.sleep(_TURN)

    def _make(self) -> None:
        with self.transaction():
            if self._number("user_version"):
                return  # Another process was faster.
            for statement in _SCHEMA:
                self._connection.execute(statement)
            self._connection.execute(f"PRAGMA application_id = {_APPLICATION}")
            self._connection.execute(f"PRAGMA user_version = {_FORMAT}")

    def _number(self, pragma: str) -> int:
        return int(self._connection.execute(f"PRAGMA {pragma}").fetchone()[0])

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit what the block writes, all of it, or nothing if it raises."""
        with self._in_words():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._connection.execute("COMMIT")
            finally:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Read in the block what one moment's file holds; within a transaction as it stands."""
        if self._connection.in_transaction:
            yield
            return
        with self._in_words():
            self._connection.execute("BEGIN")
            try:
                yield
            finally:
                self._connection.execute("COMMIT")

    def version(self) -> int:
        """Return a number that changes when another process, or another store, has committed."""
        with self._in_words():
            return self._number("data_version")

    def facts(self) -> dict[str, str]:
        """Return what was kept, by name."""
        with self._in_words():
            return dict(self._connection.execute("SELECT name, value FROM facts"))

    def set_fact(self, name: str, value: str) -> None:
        """Keep a text under a name; within a transaction."""
        self._connection.execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", (name, value))

    def insert(self, rows: Iterable[Row]) -> None:
        """Add rows, whose ids are new; within a transaction."""
        statement = "INSERT INTO items (id, vector, label, metadata) VALUES (?, ?, ?, ?)"
        self._connection.executemany(statement, rows)

    def delete(self, ids: Iterable[str]) -> list[int]:
        """Remove rows, and return the numbers of those that there were; within a transaction."""
        statement = "DELETE FROM items WHERE id = ? RETURNING number"
        return [row[0] for key in ids for row in self._connection.execute(statement, (key,))]

    def existing(self, ids: Iterable[str]) -> str | None:
        """Return the first of some ids that there is a row of."""
        statement = "SELECT 1 FROM items WHERE id = ?"
        return next((key for key in ids if self._connection.execute(statement, (key,)).fetchone()),
                    None)  # fmt: skip

    def find(self, key: str) -> Row | None:
        """Return the row of an id."""
        statement = "SELECT id, vector, label, metadata FROM items WHERE id = ?"
        with self._in_words():
            row = self._connection.execute(statement, (key,)).fetchone()
        return None if row is None else Row(*row)

    def numbers(self) -> NDArray[np.int64]:
        """Return the numbers of all rows, ascending."""
        with self._in_words():
            rows = self._connection.execute("SELECT number FROM items ORDER BY number")
            return np.fromiter((row[0] for row in rows), np.int64)

    def after(self, number: int) -> Iterator[list[tuple[int, Row]]]:
        """Return the rows behind a number, with theirs, ascending, some thousands at a time."""
        statement = "SELECT number, id, vector, label, metadata FROM items WHERE number > ?"
        with self._in_words():
            cursor = self._connection.execute(f"{statement} ORDER BY number", (number,))
            while rows := cursor.fetchmany(_ROWS_AT_ONCE):
                yield [(row[0], Row(*row[1:])) for row in rows]

    @contextmanager
    def _in_words(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.ProgrammingError as error:
            if "closed" not in str(error):
                raise
            raise ValueError(
                f"expected the index {self.path} to be open. Received: one that was closed. Open "
                "it again."
            ) from error
        except sqlite3.OperationalError as error:
            raise OSError(f"the index {self.path} cannot be read or written: {error}"
                          f"{_remedy(str(error))}") from error  # fmt: skip
        except sqlite3.DatabaseError as error:
            raise ValueError(
                f"expected {self.path} to be an index. Received: {error}. Name another file, or "
                "restore it from a copy."
            ) from error


def _remedy(message: str) -> str:
    if "locked" in message:
        return ". Another process is writing to it: wait for it, or stop it"
    if "full" in message:
        return ". Make room there"
    if "readonly" in message or "unable to open" in message:
        return ". Make file and folder writable, or name another one"
    return ""
