"""Read text files that list one image a line, in columns separated by spaces."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

# Of the numbers of classes, from 1 on: a class has a name, and names must fit the memory.
CLASS_NUMBERS = range(1, 1_000_001)


def read_columns(path: Path, columns: Sequence[str], *, heading: int = 0) -> list[list[str]]:
    """Return the columns of a list, each as long as the file has lines with something in them.

    Args:
        path: a text file.
        columns: what each column holds, for the error.
        heading: lines at the beginning that list nothing.

    Raises:
        FileNotFoundError: if the file is not there.
        ValueError: for a line with fewer or more values than `columns`, if no line lists any, and
            as `read_lines`.
    """
    if not path.is_file():
        raise FileNotFoundError(
            f"{path}: expected a list of images. Received: no such file, from an archive that is "
            "not wholly unpacked. Unpack it again."
        )
    rows = []
    for number, line in enumerate(read_lines(path)[heading:], heading + 1):
        values = line.split()
        if values and len(values) != len(columns):
            raise ValueError(
                f"{path}: expected {', '.join(columns)} in line {number}. Received: {line[:80]!r}. "
                "The file is broken off, or not the original: unpack the archive again."
            )
        if values:
            rows.append(values)
    if not rows:
        raise ValueError(
            f"{path}: expected a list of images. Received: none. Unpack the archive again."
        )
    return [list(column) for column in zip(*rows, strict=True)]


def read_lines(path: Path) -> list[str]:
    """Return the lines of a text file in UTF-8, with or without a byte order mark.

    Raises:
        OSError: if it cannot be read.
        ValueError: if it is no such text, naming the line.
    """
    content = path.read_bytes()
    try:
        return content.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise ValueError(
            f"{path}: expected text in UTF-8 in line {line}. Received: the byte "
            f"0x{content[error.start]:02x}. The file is damaged, or not the original: unpack the "
            "archive again."
        ) from error


def as_numbers(values: Sequence[str], path: Path, column: str, *, among: range) -> list[int]:
    """Return `values` as whole numbers of `among`.

    Raises:
        ValueError: for one that is none, naming the file and the column.
    """
    digits = len(str(among.stop))
    numbers = [int(value) if value.isdecimal() and len(value) <= digits else -1 for value in values]
    for number, value in zip(numbers, values, strict=True):
        if number not in among:
            raise ValueError(
                f"{path}: expected whole numbers from {among.start:,} to {among.stop - 1:,} as "
                f"{column}. Received: {value[:80]!r}. The file is not the original: get it again."
            )
    return numbers
