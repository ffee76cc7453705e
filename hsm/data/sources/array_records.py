"""ArrayRecord files. Their library is not there for every system: it is imported for them alone."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

# Images are their own compression; one record a group, since they are read in random order.
_WRITER_OPTIONS = "group_size:1,uncompressed"


class ArrayRecords:
    """The records of files, by number; several threads may read them.

    Args:
        paths: the files, in order.

    Raises:
        ImportError: if array_record is not installed.
        OSError: if a file is none, or a damaged one.
    """

    def __init__(self, paths: Sequence[str]) -> None:
        with _explained():
            from array_record.python.array_record_data_source import ArrayRecordDataSource
        self._paths = paths
        with self._named():
            self._source = ArrayRecordDataSource(paths)
            self._length = len(self._source)

    def __len__(self) -> int:
        """Return the number of records."""
        return self._length

    def __iter__(self) -> Iterator[bytes]:
        """Yield all records, in order."""
        return (self[index] for index in range(len(self)))

    def __getitem__(self, index: int) -> bytes:
        """Return a record, 0 <= index < n.

        Raises:
            OSError: if it is damaged: every record is under a checksum.
        """
        with self._named():
            record: bytes = self._source[index]
        return record

    @contextlib.contextmanager
    def _named(self) -> Iterator[None]:
        """Name the files: the library's own error, whatever happened, does not."""
        try:
            yield
        except (RuntimeError, ValueError) as error:
            others = f" and {len(self._paths) - 1} more" if len(self._paths) > 1 else ""
            raise OSError(
                f"{self._paths[0]}{others} cannot be read: {error}. Write the files again"
            ) from error


def open_records(paths: Sequence[str]) -> ArrayRecords:
    """Open the records of all `paths`, by number and in order; errors are those of the class."""
    return ArrayRecords(paths)


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
