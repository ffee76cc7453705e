"""Write a file whole or not at all: beside its place, flushed to the disk, renamed onto it."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def replacing(path: Path, *, shared: bool = False) -> Iterator[Path]:
    """Hand out a path to write to, and give the file its name when the block ends.

    A killed process and a power cut leave the file that was there before, or the new one. So does
    an error in the block, after which nothing lies beside it either.

    Args:
        path: the file; its folder is made.
        shared: other processes may write it at the same time; the last one wins.

    Yields:
        A path in the same folder, with the suffix `.partial`.

    Raises:
        OSError: if the file cannot be written, naming `path`.

    Example:
        with replacing(path) as partial:
            partial.write_bytes(content)
    """
    partial = partial_path(path, shared=shared)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield partial
        _flush(partial, os.O_RDWR)
        os.replace(partial, path)
        with contextlib.suppress(OSError):  # Windows, for one, flushes no folder.
            _flush(path.parent, os.O_RDONLY)
    except OSError as error:
        if error.filename is not None and str(error.filename) != str(partial):
            raise  # About another file.
        raise _about(path, error) from error
    finally:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)


def partial_path(path: Path, *, shared: bool = False) -> Path:
    """Return where `replacing` has the file written, and a killed process leaves it."""
    # The next process takes the same name, lest what killed ones left fills the disk.
    process = f".{os.getpid()}" if shared else ""
    return path.with_name(f"{path.name}{process}.partial")


def write_text(path: Path, text: str, *, shared: bool = False) -> Path:
    """Write `text` in UTF-8 as `replacing` does, and return the path."""
    with replacing(path, shared=shared) as partial:
        partial.write_text(text, encoding="utf-8", newline="\n")
    return path


def _flush(path: Path, flags: int) -> None:
    descriptor = os.open(path, flags)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _about(path: Path, error: OSError) -> OSError:
    """The error of the same kind that names the file, as one of a full disk does not."""
    if error.errno is None:
        return OSError(f"{path} cannot be written: {error}")
    return OSError(error.errno, error.strerror, str(path))
