"""The items of an index in memory, and views of them that do not change.

Rows are only ever appended, and removed ones are marked as such in a mask of their own, so that a
search on a view goes on undisturbed while others are added and removed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hsm.serving.store import Row

_FIRST_ROOM = 1024
NO_LABEL = -1


@dataclass(frozen=True, eq=False)
class View:
    """The items at one moment. `is_kept` says which rows have not been removed.

    Attributes:
        vectors: float32 [n, k].
        squares: float32 [n], their squared lengths.
        is_kept: bool [n].
        label_codes: int32 [n], places in `label_names`, or -1.
        ids: of n rows or more.
        metadata: of n rows or more: JSON, or None.
        label_names: of these and maybe later rows.
    """

    vectors: NDArray[np.float32]
    squares: NDArray[np.float32]
    is_kept: NDArray[np.bool_]
    label_codes: NDArray[np.int32]
    ids: Sequence[str]
    metadata: Sequence[str | None]
    label_names: Sequence[str]

    def label(self, row: int) -> str | None:
        """Return the label of a row."""
        code = self.label_codes[row]
        return None if code == NO_LABEL else self.label_names[code]

    def labelled(self, label: str) -> NDArray[np.bool_]:
        """Return which rows that are kept have a label, bool [n]."""
        names = self.label_names
        code = names.index(label) if label in names else NO_LABEL - 1
        return self.is_kept & (self.label_codes == code)


class Rows:
    """Rows in memory; one thread at a time may change them.

    Args:
        width: of a vector.
    """

    def __init__(self, width: int) -> None:
        self.width = width
        self._vectors = np.empty((_FIRST_ROOM, width), np.float32)
        self._squares = np.empty(_FIRST_ROOM, np.float32)
        self._codes = np.empty(_FIRST_ROOM, np.int32)
        self._numbers = np.empty(_FIRST_ROOM, np.int64)
        self._is_kept = np.ones(0, np.bool_)
        self._ids: list[str] = []
        self._metadata: list[str | None] = []
        self._label_names: list[str] = []
        self._label_codes: dict[str, int] = {}

    @property
    def last_number(self) -> int:
        """The number of the last row; 0 if there is none."""
        return int(self._numbers[len(self._ids) - 1]) if self._ids else 0

    def append(self, rows: Sequence[tuple[int, Row]]) -> None:
        """Add rows with their numbers, which ascend."""
        first, last = len(self._ids), len(self._ids) + len(rows)
        self._make_room(last)
        joined = b"".join(row.vector for _, row in rows)
        self._vectors[first:last] = np.frombuffer(joined, "<f4").reshape(-1, self.width)
        self._squares[first:last] = np.square(self._vectors[first:last]).sum(axis=1)
        self._numbers[first:last] = [number for number, _ in rows]
        self._codes[first:last] = [self._code(row.label) for _, row in rows]
        self._is_kept = np.concatenate([self._is_kept, np.ones(len(rows), np.bool_)])
        self._ids += [row.id for _, row in rows]
        self._metadata += [row.metadata for _, row in rows]

    def remove(self, numbers: Sequence[int]) -> None:
        """Mark the rows of some numbers as removed."""
        is_kept = self._is_kept.copy()
        is_kept[np.searchsorted(self._numbers[: len(self._ids)], numbers)] = False
        self._is_kept = is_kept

    def keep_only(self, numbers: NDArray[np.int64]) -> None:
        """Mark all other rows as removed."""
        self._is_kept = np.isin(self._numbers[: len(self._ids)], numbers)

    @property
    def is_sparse(self) -> bool:
        """Whether most rows were removed, so that it is time to read them anew."""
        kept = int(np.count_nonzero(self._is_kept))
        return len(self._ids) > max(_FIRST_ROOM, 2 * kept)

    def view(self) -> View:
        """Return the rows as they are now."""
        count = len(self._ids)
        return View(
            self._vectors[:count],
            self._squares[:count],
            self._is_kept,
            self._codes[:count],
            self._ids,
            self._metadata,
            self._label_names,
        )

    def _make_room(self, count: int) -> None:
        room = len(self._vectors)
        if count <= room:
            return
        # Twice as much, so that each row is copied about once however many are added.
        more = max(count, 2 * room)
        for name in ("_vectors", "_squares", "_codes", "_numbers"):
            old = getattr(self, name)
            new = np.empty((more, *old.shape[1:]), old.dtype)
            new[:room] = old
            setattr(self, name, new)

    def _code(self, label: str | None) -> int:
        if label is None:
            return NO_LABEL
        if label not in self._label_codes:
            self._label_codes[label] = len(self._label_names)
            self._label_names.append(label)
        return self._label_codes[label]
