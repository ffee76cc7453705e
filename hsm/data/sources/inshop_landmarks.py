"""Landmarks of clothes: In-shop's `list_landmarks_inshop.txt`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hsm.data.sources.counted_lists import read_counted_rows, whole_number

# Collar, sleeve, waistline, hem: the left and then the right one of each.
NUM_LANDMARKS = 8
# As the file says it: to be seen, hidden, or outside of the picture.
VISIBLE, HIDDEN, CUT_OFF = 0, 1, 2

# Which of the eight the clothes of each type have: upper-body, lower-body, full-body.
_PLACES = {1: (0, 1, 2, 3, 6, 7), 2: (4, 5, 6, 7), 3: tuple(range(NUM_LANDMARKS))}
_PER_LANDMARK = 3
_TYPES, _VARIATIONS, _STATES = range(1, 4), range(1, 6), range(3)
# Files of pictures say where a landmark outside of them would be.
_COORDINATES = range(-10_000, 10_001)


def read_landmarks(path: Path, names: Sequence[str]) -> NDArray[np.float32]:
    """Return the landmarks of the images `names`, float32 [n, 8, 3]: x, y in pixels, visibility.

    The file says in its first line how many images it lists, names its columns in the second, and
    goes on with lines of an image's name, the type of its clothes (1 to 3), that of its variation
    (1 to 5), and visibility, x and y of six, four or eight landmarks. Those that clothes of a type
    do not have count as `CUT_OFF`.

    Raises:
        OSError: if the file cannot be read.
        ValueError: for a line that breaks a rule, a count that differs, or an image that it lacks.
    """
    rows = read_counted_rows(path, names)
    return np.stack([_landmarks(path, name, row) for name, row in zip(names, rows, strict=True)])


def _landmarks(path: Path, name: str, row: Sequence[str]) -> NDArray[np.float32]:
    where = f"the line of {name}"
    kind = whole_number(row[0] if row else "", path, f"the type of clothes in {where}", _TYPES)
    places = _PLACES[kind]
    if len(row) != 2 + _PER_LANDMARK * len(places):
        raise ValueError(
            f"{path}: expected {len(places)} landmarks of clothes of type {kind}, three numbers "
            f"each, in {where}. Received: {len(row) - 2} numbers. The file is broken off, or not "
            "the original: unpack the archive again."
        )
    whole_number(row[1], path, f"the type of variation in {where}", _VARIATIONS)
    rows = np.zeros((NUM_LANDMARKS, _PER_LANDMARK), np.float32)
    rows[:, 2] = CUT_OFF
    for place, start in zip(places, range(2, len(row), _PER_LANDMARK), strict=True):
        state, x, y = row[start : start + _PER_LANDMARK]
        rows[place] = (
            whole_number(x, path, f"x in {where}", _COORDINATES),
            whole_number(y, path, f"y in {where}", _COORDINATES),
            whole_number(state, path, f"the visibility in {where}", _STATES),
        )
    return rows
