"""Read the annotations of MATLAB files: an array of records with named fields, and names."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from scipy.io import loadmat
from scipy.io.matlab import MatReadError

_UNREADABLE = (
    MatReadError,
    ValueError,
    TypeError,
    NotImplementedError,
    OSError,
    EOFError,
    zlib.error,
)


def read_annotations(path: Path, fields: Sequence[str]) -> list[list[Any]]:
    """Returns the values of `fields`, each of all records of the variable `annotations`.

    Raises:
        ValueError: for a file that is no MATLAB file, or lacks the variable or a field.
    """
    records = _variable(path, "annotations")
    missing = [field for field in fields if field not in (records.dtype.names or ())]
    if missing:
        raise ValueError(
            f"The annotations of {path} must have the fields {', '.join(fields)}. Received: "
            f"{', '.join(records.dtype.names or ('none',))}"
        )
    return [[np.asarray(value).item() for value in records[field]] for field in fields]


def read_names(path: Path) -> tuple[str, ...]:
    """Returns the strings of the variable `class_names`.

    Raises:
        ValueError: for a file that is no MATLAB file or lacks the variable.
    """
    return tuple(str(name) for name in _variable(path, "class_names"))


def _variable(path: Path, name: str) -> np.ndarray:
    try:
        content = loadmat(path, variable_names=[name], squeeze_me=True)
    except _UNREADABLE as error:
        raise ValueError(
            f"{path} is not a whole MATLAB file ({error}). A web page that was saved in its place, "
            "and a download that broke off, look like this: get it again"
        ) from error
    if name not in content:
        raise ValueError(f"{path} must hold the variable {name}: it is not the original file")
    return np.atleast_1d(content[name])
