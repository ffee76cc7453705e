"""Hold a folder for one process, and have temporary ones that outlive no process."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def holding(folder: Path) -> Iterator[None]:
    """Hold `folder` for this process inside the block, so that no two write its files at once.

    Nothing is written: the lock is one of the operating system on the folder itself, and is gone
    with its process, however that ends. Where there is none, as on Windows and on some network
    disks, the block runs without.

    Args:
        folder: an existing folder.

    Raises:
        BlockingIOError: if another process holds it.
    """
    descriptor = _opened(folder)
    try:
        if descriptor is not None:
            _lock(descriptor, wait=False)
        yield
    except _Held as error:
        raise BlockingIOError(
            f"expected no other process to write into {os.fspath(folder)}. Received: one that "
            "does; wait for it, or name another folder"
        ) from error
    finally:
        if descriptor is not None:
            os.close(descriptor)


@contextlib.contextmanager
def scratch_folder(parent: Path, prefix: str) -> Iterator[Path]:
    """Hand out a temporary folder in `parent`, and remove it when the block ends.

    A process that is killed leaves its own behind; the next one removes it here, and no folder
    whose process is still at work.

    Args:
        parent: an existing folder.
        prefix: what the name starts with; all folders with it are temporary ones.

    Raises:
        OSError: if it cannot be made.
    """
    for left in parent.glob(f"{prefix}*"):
        _remove(left)
    with contextlib.ExitStack() as stack:
        while True:
            path = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix=prefix, dir=parent)))
            descriptor = _opened(path)
            if descriptor is not None:
                stack.callback(os.close, descriptor)
                _lock(descriptor, wait=True)
            if path.exists():  # Else another process took it for one that was left behind.
                break
        yield path


class _Held(Exception):
    """Another process has the lock."""


def _opened(folder: Path) -> int | None:
    with contextlib.suppress(OSError):  # As folders cannot be opened on Windows.
        return os.open(folder, os.O_RDONLY)
    return None


def _lock(descriptor: int, *, wait: bool) -> bool:
    """Lock what is open; return False where the system has no such lock.

    Raises:
        _Held: if another process has it, unless `wait`.
    """
    if sys.platform == "win32":
        return False
    import fcntl

    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except BlockingIOError as error:
        raise _Held from error
    except OSError:
        return False
    return True


def _remove(left: Path) -> None:
    """Remove a temporary folder, unless its process is at work or that cannot be known."""
    descriptor = _opened(left)
    if descriptor is None:
        return
    try:
        with contextlib.suppress(_Held):
            if _lock(descriptor, wait=False):
                shutil.rmtree(left, ignore_errors=True)
    finally:
        os.close(descriptor)
