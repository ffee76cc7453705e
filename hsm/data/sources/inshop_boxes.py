"""Boxes round clothes: In-shop's `list_bbox_inshop.txt`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hsm.data.sources.counted_lists import read_counted_rows, whole_number

_COLUMNS = ("clothes_type", "pose_type", "x_1", "y_1", "x_2", "y_2")
_RANGES = (range(1, 4), range(1, 7), *4 * (range(-10_000, 10_001),))


def read_boxes(path: Path, names: Sequence[str]) -> NDArray[np.float32]:
    """Return the boxes of the images `names`, float32 [n, 4]: left, top, right, bottom in pixels.

    The file says in its first line how many images it lists, names its columns in the second, and
    goes on with lines of an image's name, the type of its clothes (1 to 3), that of the pose (1 to
    6), and the corners.

    Raises:
        OSError: if the file cannot be read.
        ValueError: for a line that breaks a rule, a count that differs, or an image that it lacks.
    """
    rows = read_counted_rows(path, names)
    return np.stack([_box(path, name, row) for name, row in zip(names, rows, strict=True)])


def _box(path: Path, name: str, row: Sequence[str]) -> NDArray[np.float32]:
    if len(row) != len(_COLUMNS):
        raise ValueError(
            f"{path}: expected {', '.join(_COLUMNS)} in the line of {name}. Received: {len(row)} "
            "values. The file is broken off, or not the original: unpack the archive again."
        )
    numbers = [
        whole_number(value, path, f"{column} in the line of {name}", among)
        for value, column, among in zip(row, _COLUMNS, _RANGES, strict=True)
    ]
    left, top, right, bottom = numbers[2:]
    if not (left < right and top < bottom):
        raise ValueError(
            f"{path}: expected the upper left and the lower right corner in the line of {name}. "
            f"Received: {' '.join(row[2:])}. The file is not the original: unpack the archive "
            "again."
        )
    return np.array((left, top, right, bottom), np.float32)
