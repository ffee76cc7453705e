"""What a format is to the fuzzer: how a whole file of it is made, changed and read."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import numpy as np


class WrongValueError(Exception):
    """A reader took values as good that are not."""


@dataclass(frozen=True)
class Format:
    """One format of files that hsm reads.

    Attributes:
        name: as the table shows it.
        build: writes whole files of it into an empty folder.
        read: reads them as commands do; returns what must be the same whenever the content is.
            Raises WrongValueError for values that a reader must not take as good.
        files: pattern of the files that are changed.
        craft: changes a file as one who knows the format would, checksums included; the folder,
            the file and chance are its arguments.
        sealed: pattern of names of files whose content is under checksums: after damage to one of
            them it is the same or refused.
        share: inputs of it for one of the other formats.
        writes: whether reading may write into the folder, as what goes on with a copy does.
    """

    name: str
    build: Callable[[Path], None]
    read: Callable[[Path], str]
    files: str = "**/*"
    craft: Callable[[Path, Random], None] | None = None
    sealed: str = ""
    share: float = 1.0
    writes: bool = False


def expect(holds: bool, what: str) -> None:
    """Raise WrongValueError saying `what`, unless it holds."""
    if not holds:
        raise WrongValueError(what)


def digest(*values: Any) -> str:
    """Return a SHA-256 over arrays, bytes, and what has a repr."""
    sha256 = hashlib.sha256()
    for value in values:
        if isinstance(value, np.ndarray):
            sha256.update(f"{value.shape} {value.dtype}".encode())
            value = np.ascontiguousarray(value).tobytes()
        sha256.update(value if isinstance(value, bytes) else repr(value).encode())
    return sha256.hexdigest()
