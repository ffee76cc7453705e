"""ArrayRecord files. Their library is not there for every system: it is imported for them alone."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

# Images are their own compression; one record a group, since they are read in random order.
_WRITER_OPTIONS = "group_size:1,uncompressed"


def open_records(paths: Sequence[str]) -> Any:
    """Open the records of all `paths`, by number and in order.

    Raises:
        ImportError: if array_record is not installed; so all functions here.
    """
    with _explained():
        from array_record.python.array_record_data_source import ArrayRecordDataSource
    return ArrayRecordDataSource(paths)


def count_records(path: Path) -> int:
    """Count the records of a file."""
    with _explained():
        from array_record.python.array_record_module import ArrayRecordReader
    with contextlib.closing(ArrayRecordReader(str(path))) as reader:
        return reader.num_records()


def write_records(path: Path, records: Iterable[bytes]) -> None:
    """Write a file of `records`.

    Raises:
        OSError: if the disk is full, for example.
    """
    with _explained():
        from array_record.python.array_record_module import ArrayRecordWriter
    try:
        with contextlib.closing(ArrayRecordWriter(str(path), _WRITER_OPTIONS)) as writer:
            for record in records:
                writer.write(record)
    except RuntimeError as error:  # The library's own, whatever happened.
        raise OSError(str(error)) from error


@contextlib.contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except ImportError as error:
        raise ImportError(
            "ArrayRecord files need the package array_record, which cannot be imported: "
            f"{error}. Run pip install array_record; where there is none for the system, use "
            "image files, or TFRecord files of TensorFlow Datasets"
        ) from error
