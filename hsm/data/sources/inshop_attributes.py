"""Attributes of items: In-shop's `list_attr_items.txt`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hsm.data.sources.counted_lists import read_counted_rows

NUM_ATTRIBUTES = 463
# Has it, unknown, lacks it.
_STATES = {"1": 1, "0": 0, "-1": -1}


def read_attributes(path: Path, items: Sequence[str]) -> NDArray[np.int8]:
    """Return the attributes of `items`, int8 [n, 463]: 1 has it, -1 lacks it, 0 unknown.

    The file says in its first line how many items it lists, names its columns in the second, and
    goes on with lines of an item and its 463 attributes.

    Raises:
        OSError: if the file cannot be read.
        ValueError: for a line that breaks a rule, a count that differs, or an item that it lacks.
    """
    rows = read_counted_rows(path, items)
    return np.stack([_attributes(path, item, row) for item, row in zip(items, rows, strict=True)])


def _attributes(path: Path, item: str, row: Sequence[str]) -> NDArray[np.int8]:
    if len(row) != NUM_ATTRIBUTES or not set(row) <= set(_STATES):
        wrong = sorted(set(row) - set(_STATES))
        received = f"{len(row)} values" + (f", one of them {wrong[0][:80]!r}" if wrong else "")
        raise ValueError(
            f"{path}: expected {NUM_ATTRIBUTES} values of 1, 0 or -1 in the line of {item}. "
            f"Received: {received}. The file is broken off, or not the original: unpack the "
            "archive again."
        )
    return np.array([_STATES[value] for value in row], np.int8)
