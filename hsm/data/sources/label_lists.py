"""Read text files that list one image a line, in columns separated by spaces."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path


def read_columns(path: Path, columns: Sequence[str], *, heading: int = 0) -> list[list[str]]:
    """Returns the columns of a list, each as long as the file has lines with something in them.

    Args:
        path: a text file.
        columns: what each column holds, for the error.
        heading: lines at the beginning that list nothing.

    Raises:
        FileNotFoundError: if the file is not there.
        ValueError: for a line with fewer or more values than `columns`, or if no line lists any.
    """
    if not path.is_file():
        raise FileNotFoundError(f"{path} is missing: the archive is not wholly unpacked")
    lines = path.read_text(encoding="utf-8-sig", errors="replace").splitlines()
    rows = []
    for number, line in enumerate(lines[heading:], heading + 1):
        values = line.split()
        if values and len(values) != len(columns):
            raise ValueError(
                f"Line {number} of {path} must hold {', '.join(columns)}. Received: {line[:80]!r}. "
                "The file is broken off, or not the original: unpack the archive again"
            )
        if values:
            rows.append(values)
    if not rows:
        raise ValueError(f"{path} lists no image: unpack the archive again")
    return [list(column) for column in zip(*rows, strict=True)]


def as_numbers(values: Sequence[str], path: Path, column: str) -> list[int]:
    """Returns `values` as whole numbers.

    Raises:
        ValueError: for one that is none, naming the file and the column.
    """
    numbers = []
    for value in values:
        if not value.isdecimal():
            raise ValueError(
                f"{path} must hold whole numbers as {column}. Received: {value!r}. The file is "
                "not the original: unpack the archive again"
            )
        numbers.append(int(value))
    return numbers
