"""Read the annotations of MATLAB files: an array of records with named fields, and names."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

_READER = Path(__file__).with_name("mat_child.py")
_SECONDS = 60.0


def read_annotations(path: Path, fields: Sequence[str]) -> list[list[Any]]:
    """Returns the values of `fields`, each of all records of the variable `annotations`.

    Raises:
        ValueError: for a file that is no MATLAB file, or lacks the variable or a field.
    """
    answer = _read(path, "annotations", *fields)
    if "fields" in answer:
        raise ValueError(
            f"The annotations of {path} must have the fields {', '.join(fields)}. Received: "
            f"{', '.join(answer['fields']) or 'none'}"
        )
    values: list[list[Any]] = answer["values"]
    return values


def read_names(path: Path) -> tuple[str, ...]:
    """Returns the strings of the variable `class_names`.

    Raises:
        ValueError: for a file that is no MATLAB file or lacks the variable.
    """
    return tuple(_read(path, "class_names")["values"])


def _read(path: Path, variable: str, *fields: str) -> dict[str, Any]:
    """What `mat_child` answers, in a process that a damaged file may end or hold up."""
    command = [sys.executable, "-P", str(_READER), str(path.absolute()), variable, *fields]
    # A thread of BLAS reserves memory, of which the process may have little.
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}
    try:
        done = subprocess.run(
            command, capture_output=True, timeout=_SECONDS, check=False, env=environment
        )
    except subprocess.TimeoutExpired:
        raise _damaged(path, f"it was not read within {_SECONDS:.0f} s") from None
    if done.returncode:
        raise _damaged(path, f"reading it ended with status {done.returncode}")
    answer: dict[str, Any] = json.loads(done.stdout)
    if "error" in answer:
        raise _damaged(path, answer["error"])
    if "absent" in answer:
        raise ValueError(f"{path} must hold the variable {variable}: it is not the original file")
    return answer


def _damaged(path: Path, why: str) -> ValueError:
    return ValueError(
        f"{path} is not a whole MATLAB file ({why}). A web page that was saved in its place, and a "
        "download that broke off, look like this: get it again"
    )
