"""Lists that say in their first line how much they list, name their columns, and go on with it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from hsm.data.sources.label_lists import as_numbers, read_lines

_HEADING = 2


def read_counted_rows(path: Path, keys: Sequence[str]) -> list[list[str]]:
    """Return the values behind each of `keys`, which are the first of a line.

    Of lines with one key the first counts.

    Raises:
        OSError: if the file cannot be read.
        ValueError: if it is no text, lists more or less than its first line says, or lacks a key.
    """
    lines = read_lines(path)
    rows = [values for line in lines[_HEADING:] if (values := line.split())]
    first = lines[0].strip() if lines else ""
    (stated,) = as_numbers([first], path, "its first line", among=range(10**9))
    if stated != len(rows):
        raise ValueError(
            f"{path}: expected as many lines as the first line says, {stated:,}. Received: "
            f"{len(rows):,}. The file is short: get it again."
        )
    listed: dict[str, list[str]] = {}
    for key, *values in rows:
        listed.setdefault(key, values)
    missing = [key for key in keys if key not in listed]
    if missing:
        raise ValueError(
            f"{path}: expected every image or item of the data set. Received: {len(missing):,} of "
            f"{len(keys):,} are missing, the first of them {missing[0]}. The file is not the "
            "original: get it again."
        )
    return [listed[key] for key in keys]


def whole_number(value: str, path: Path, what: str, among: range) -> int:
    """Return `value`, which may have a sign, as a whole number of `among`.

    Raises:
        ValueError: if it is none, naming the file and `what` it is.
    """
    digits = value.removeprefix("-")
    number = int(value) if digits.isdecimal() and len(digits) < 10 else None
    if number is None or number not in among:
        raise ValueError(
            f"{path}: expected whole numbers from {among.start:,} to {among.stop - 1:,} as {what}. "
            f"Received: {value[:80]!r}. The file is not the original: get it again."
        )
    return number
