"""What the file of an index holds, in memory, and kept up with it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from hsm.serving.rows import Rows, View
from hsm.serving.store import Row, Store

_WIDTH = "width"


class LiveRows:
    """The rows of a store, which this and other processes write to.

    Searches take a `view`, which never waits for a writer: while one is at work it is what was
    committed before.

    Args:
        store: of which nothing else is to be read or written but within `writing`.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._view: View | None = None
        self._facts: dict[str, str] = {}
        self._load()

    def close(self) -> None:
        """Close the store."""
        with self._lock:
            self._store.close()

    def view(self) -> View | None:
        """Return the rows as they are now, None before the first; during a write as before."""
        self._look()
        return self._view

    def fact(self, name: str) -> str | None:
        """Return what was kept under a name, as `view`."""
        self._look()
        return self._facts.get(name)

    def find(self, key: str) -> Row | None:
        """Return the row of an id as it was committed last; waits while one is writing."""
        with self._lock:
            return self._store.find(key)

    @contextmanager
    def writing(self) -> Iterator[list[int]]:
        """Commit what the block writes to the store, and show it to searches.

        Yields:
            A list that the block adds the numbers of removed rows to.
        """
        gone: list[int] = []
        with self._lock:
            with self._store.transaction():
                self._catch_up()
                yield gone
                # Until it is seen here, too: an interrupt may come between the two.
                self._is_behind = True
            if self._rows is None or self._rows.is_sparse:
                self._load()
                return
            if gone:
                self._rows.remove(gone)
            with self._store.snapshot():
                # Own commits do not change it: another process has committed behind this one.
                if self._store.version() != self._version:
                    self._rows.keep_only(self._store.numbers())
                self._read_new()
            self._is_behind = False

    def check_width(self, width: int) -> None:
        """Refuse vectors of another width than the first ones had; within `writing`.

        Raises:
            ValueError: if so.
        """
        if self._rows is None:
            self._store.set_fact(_WIDTH, str(width))
        elif self._rows.width != width:
            raise ValueError(
                f"expected vectors of {self._rows.width} numbers, as those in {self._store.path}. "
                f"Received: {width}. Embed them with the index's own model, or begin another index."
            )

    def _load(self) -> None:
        """Read everything that the file holds."""
        with self._store.snapshot():
            width = self._store.facts().get(_WIDTH)
            self._rows = None if width is None else Rows(int(width))
            self._read_new()
            self._is_behind = False

    def _read_new(self) -> None:
        """Read the facts, and the rows behind those that are known, and show them to searches."""
        self._facts = self._store.facts()
        if self._rows is not None:
            for rows in self._store.after(self._rows.last_number):
                self._rows.append(rows)
            self._view = self._rows.view()
        self._version = self._store.version()

    def _look(self) -> None:
        """Catch up, unless one is writing."""
        if self._lock.acquire(blocking=False):
            try:
                self._catch_up()
            finally:
                self._lock.release()

    def _catch_up(self) -> None:
        """Read what others committed."""
        if self._store.version() == self._version and not self._is_behind:
            return
        if self._rows is None or self._rows.is_sparse:
            self._load()
            return
        with self._store.snapshot():
            self._rows.keep_only(self._store.numbers())
            self._read_new()
            self._is_behind = False
