"""Read zip files and NumPy's archives of arrays, whatever bytes they consist of.

Their parsers raise errors of many kinds for damaged bytes, and believe what a file says of its
size. Here it is one ValueError, and a file cannot fill the memory with more than a multiple of its
own size. Checksums are compared, since every member is read whole.
"""

from __future__ import annotations

import errno
import os
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import numpy as np

# What deflating gains on real content is far less; a file that claims more is made to harm.
_MOST_GAINED = 32
_ALWAYS = 2**20  # Bytes that any file may hold.


def read_members(path: Path, predicate: Callable[[str], bool]) -> list[tuple[str, bytes]]:
    """Return names and contents of a zip file's members, sorted by name.

    Args:
        path: the file.
        predicate: says of a member's name whether it is read.

    Raises:
        OSError: if the file cannot be read.
        ValueError: if it is no zip file, is damaged or encrypted, or claims to hold far more than
            its size; it says why, and leaves it to the caller to name the file.
    """
    with _opened(path) as file, zipfile.ZipFile(file) as archive:
        _check_size(archive, file, _MOST_GAINED)
        return [
            (name, archive.read(name)) for name in sorted(filter(predicate, archive.namelist()))
        ]


def read_arrays(path: Path, *, compressed: bool = False) -> dict[str, np.ndarray]:
    """Return all arrays of a `.npz` file by their names; nothing in it is executed.

    Args:
        path: the file.
        compressed: whether its arrays may be compressed.

    Raises:
        OSError: if the file cannot be read.
        ValueError: as `read_members`, and if it holds anything but arrays of numbers or text.
    """
    with _opened(path) as file:
        with zipfile.ZipFile(file) as archive:
            _check_size(archive, file, _MOST_GAINED if compressed else 1)
        file.seek(0)
        return dict(_arrays(file))


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    """Open a file, and turn what a parser raises for its bytes into a ValueError."""
    with path.open("rb") as file:
        try:
            yield file
        except Exception as error:
            # A disk that fails is none; a damaged archive may ask for a place before its start.
            if isinstance(error, OSError) and error.errno not in (None, errno.EINVAL):
                raise
            raise ValueError(str(error) or type(error).__name__) from error


def _check_size(archive: zipfile.ZipFile, file: BinaryIO, most_gained: int) -> None:
    size = os.fstat(file.fileno()).st_size
    most = size * most_gained + (_ALWAYS if most_gained > 1 else 0)
    if sum(member.file_size for member in archive.infolist()) > most:
        raise ValueError("its content is larger than the file")


def _arrays(file: BinaryIO) -> Iterator[tuple[str, np.ndarray]]:
    with np.load(file, allow_pickle=False) as arrays:
        for key in arrays:
            value = arrays[key]
            if not isinstance(value, np.ndarray):
                raise ValueError(f"{key} is no array")
            yield key, value
