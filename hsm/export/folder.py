"""The folder of an export: it appears complete or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import tensorflow as tf

from hsm.atomic import about
from hsm.folder_lock import scratch_folder
from hsm.output_folder import check_writable, make_output_folder, mark

DESCRIPTION = "hsm_embedding.json"
# By which a folder is known that may be replaced.
_KNOWN = ("saved_model.pb", DESCRIPTION)


@contextmanager
def replacing_folder(destination: Path, *, overwrite: bool) -> Iterator[Path]:
    """Hand out a folder to write to, and give it its name when the block ends.

    Args:
        destination: the name; its parents are made.
        overwrite: whether to replace an export that has it already.

    Yields:
        The path of a folder that the block makes.

    Raises:
        FileExistsError: if `destination` exists and may not be replaced, or is no export.
        OSError: if it cannot be written; what was there stays.
    """
    check_destination(destination, overwrite=overwrite)
    make_output_folder(destination.parent)
    check_writable(destination.parent)
    # A sibling, because a folder can only be renamed within a file system.
    with (
        about(destination, tf.errors.OpError),
        scratch_folder(destination.parent, ".export-") as scratch,
    ):
        written = scratch / "new"
        yield written
        mark(written)
        if overwrite and destination.exists():
            destination.rename(scratch / "old")
        written.rename(destination)


def check_destination(destination: Path, *, overwrite: bool) -> None:
    """Raise FileExistsError where writing would destroy something."""
    if not destination.exists():
        return
    if not overwrite:
        raise FileExistsError(
            "expected a directory that does not exist; choose another one or pass overwrite=True. "
            f"Received: directory={str(destination)!r}"
        )
    if not any((destination / name).is_file() for name in _KNOWN):
        raise FileExistsError(
            "expected directory to hold an exported model, which alone overwrite=True replaces. "
            f"Received: directory={str(destination)!r}, without {' or '.join(_KNOWN)}. Choose "
            "another directory, or remove this one by hand."
        )
