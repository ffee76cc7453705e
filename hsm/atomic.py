"""Write a file whole or not at all: beside its place, flushed to the disk, renamed onto it."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterator
from pathlib import Path

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_FORBIDDEN = (errno.EROFS, errno.EACCES, errno.EPERM)


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
        named = error.filename
        if named is not None and Path(os.fsdecode(named)) not in (partial, *path.parents):
            raise  # About another file.
        raise _about(path, error) from error
    finally:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)


def partial_path(path: Path, *, shared: bool = False) -> Path:
    """Return where `replacing` has the file written, and a killed process leaves it."""
    # The next process takes the same name, so that what killed ones left does not fill the disk.
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


@contextlib.contextmanager
def about(path: Path, *kinds: type[Exception]) -> Iterator[None]:
    """Report of `path` what goes wrong while a library writes it in a way of its own.

    Args:
        path: what is written.
        kinds: errors that the library raises in place of OSError.

    Raises:
        OSError: for an OSError, and for one of `kinds`, naming `path`.
    """
    try:
        yield
    except OSError as error:
        raise _about(path, error) from error
    except kinds as error:
        # Only the text of a library's own error says that the disk is full.
        is_full = os.strerror(errno.ENOSPC) in str(error)
        number = errno.ENOSPC if is_full else errno.EIO
        text = os.strerror(number) if is_full else str(error)
        raise _about(path, OSError(number, text)) from error


def reworded(error: OSError, text: str) -> OSError:
    """Return an error of the same kind and number that says `text`."""
    copy = type(error)(text)
    copy.errno = error.errno
    return copy


def is_of_the_disk(error: OSError) -> bool:
    """Return whether room on the disk, or leave to write to it, is what was missing."""
    return error.errno in (*_NO_ROOM, *_FORBIDDEN, errno.EIO)


def _about(path: Path, error: OSError) -> OSError:
    """Return an error of the same kind that names the file, as one of a full disk does not."""
    remedy = ""
    if error.errno in _NO_ROOM:
        remedy = ". Make room there"
    elif error.errno in _FORBIDDEN:
        remedy = ". Make its folder writable, or name another one"
    elif error.errno == errno.ENAMETOOLONG:
        remedy = ". Choose a shorter name"
    return reworded(error, f"{path} cannot be written: {error.strerror or error}{remedy}")
