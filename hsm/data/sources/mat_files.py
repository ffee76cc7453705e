"""Read the annotations of MATLAB files: an array of records with named fields, and names."""

from __future__ import annotations

import json
import os
import reprlib
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_READER = Path(__file__).with_name("mat_child.py")
_SECONDS = 60.0
# Of the numbers of classes: a class has a name, and names must fit the memory.
_LARGEST = 1_000_000


def read_annotations(path: Path, fields: Mapping[str, type]) -> list[list[Any]]:
    """Return the values of `fields`, each of all records of the variable `annotations`.

    Args:
        path: the file.
        fields: by name, str, or int for whole numbers of 0 to a million.

    Raises:
        ValueError: for a file that is no MATLAB file, lacks the variable or a field, or has another
            value there.
    """
    answer = _read(path, "annotations", *fields)
    if "fields" in answer:
        raise ValueError(
            f"{path}: expected annotations with the fields {', '.join(fields)}. Received: "
            f"{', '.join(answer['fields']) or 'none'}"
        )
    columns = zip(fields.items(), answer["values"], strict=True)
    return [[_value(v, kind, path, name) for v in values] for (name, kind), values in columns]


def read_names(path: Path) -> tuple[str, ...]:
    """Return the strings of the variable `class_names`.

    Raises:
        ValueError: for a file that is no MATLAB file or lacks the variable.
    """
    return tuple(_read(path, "class_names")["values"])


def _value(value: Any, kind: type, path: Path, field: str) -> Any:
    if kind is int and isinstance(value, float) and value.is_integer():
        value = int(value)  # MATLAB's numbers are doubles unless told otherwise.
    if type(value) is not kind or (isinstance(value, int) and not 0 <= value <= _LARGEST):
        expected = "text" if kind is str else f"whole numbers, 0 to {_LARGEST:,}"
        raise ValueError(
            f"{path}: expected {expected} as {field} of the annotations. Received: "
            f"{reprlib.repr(value)}. The file is not the original: get it again."
        )
    return value


def _read(path: Path, variable: str, *fields: str) -> dict[str, Any]:
    """Return what `mat_child` answers, in a process that a damaged file may end or hold up."""
    command = [sys.executable, "-P", str(_READER), str(path.absolute()), variable, *fields]
    # A thread of BLAS reserves memory, of which the process may have little.
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}
    try:
        done = subprocess.run(
            command, capture_output=True, timeout=_SECONDS, check=False, env=environment
        )
    except subprocess.TimeoutExpired:
        raise _damaged(path, f"one that is not read within {_SECONDS:.0f} s") from None
    if done.returncode:
        raise _damaged(path, f"one that ends its reader with status {done.returncode}")
    answer: dict[str, Any] = json.loads(done.stdout)
    if "error" in answer:
        raise _damaged(path, answer["error"])
    if "absent" in answer:
        raise ValueError(
            f"{path}: expected the variable {variable}. Received: none of that name. The file is "
            "not the original: get it again."
        )
    return answer


def _damaged(path: Path, why: str) -> ValueError:
    return ValueError(
        f"{path}: expected a whole MATLAB file. Received: {why}. A web page that was saved in its "
        "place, and a download that broke off, look like this: get it again."
    )
