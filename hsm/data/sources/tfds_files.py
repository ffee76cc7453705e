"""Read a data set that TensorFlow Datasets has prepared, image by image, from its record files."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import tensorflow as tf

from hsm.data.sources.array_records import open_records
from hsm.data.sources.listing import Listing, numbered
from hsm.data.sources.source import EncodedImages

_DEFAULT_ROOT = "~/tensorflow_datasets"
_INFO = "dataset_info.json"
# A TFRecord has its length and a checksum of that before its content, and a checksum after it.
_RECORD_HEAD, _RECORD_TAIL = 8 + 4, 4


@dataclass(frozen=True)
class TfdsSet:
    """How TensorFlow Datasets keeps a data set.

    Attributes:
        name: of its builder.
        label: the feature that holds the class, as a ClassLabel or a Text.
        parts: the splits, called as the parts of a listing.
    """

    name: str
    label: str
    parts: tuple[str, ...]


def default_root() -> Path:
    """Returns where TensorFlow Datasets prepares data unless told otherwise."""
    return Path(os.environ.get("TFDS_DATA_DIR") or _DEFAULT_ROOT).expanduser()


def read(root: Path, tfds_set: TfdsSet) -> Listing | None:
    """Returns the prepared data set below `root`, or None where there is none.

    The class of an image stands in its record, so that all records are read once, and their
    checksums compared; the images are read again when they are needed.

    Args:
        root: a `data_dir` of TensorFlow Datasets, or the folder of the set or of one version.
        tfds_set: what to look for.

    Raises:
        ValueError: for files in another format than TFRecord and ArrayRecord, or broken ones.
    """
    folder = _newest(root, tfds_set.name)
    if folder is None:
        return None
    # Imported only where it is needed: it takes seconds.
    import tensorflow_datasets as tfds

    info = tfds.builder_from_directory(folder).info
    paths = [os.fspath(path) for part in tfds_set.parts for path in info.splits[part].filepaths]
    counts = [info.splits[part].num_examples for part in tfds_set.parts]
    records, labels = _scanned(paths, tfds_set.label, folder=folder)
    if len(labels) != sum(counts):
        raise _broken(folder, f"it has {len(labels):,} of {sum(counts):,} records")
    classes, class_names = _named(labels, info.features[tfds_set.label])
    return Listing(
        folder=folder,
        images=EncodedImages(lambda record: _image(records[record]), np.arange(len(labels))),
        classes=classes,
        class_names=class_names,
        parts=np.repeat(tfds_set.parts, counts),
        annotations={part: f"the {part} split of {folder}" for part in tfds_set.parts},
    )


def _newest(root: Path, name: str) -> Path | None:
    """Returns the folder of the newest version of the set `name`."""
    versions = [
        path.parent
        for pattern in (_INFO, f"*/{_INFO}", f"{name}/*/{_INFO}")
        for path in root.glob(pattern)
        if path.parent.resolve().parent.name == name
    ]
    return max(versions, key=lambda folder: _version(folder.resolve().name), default=None)


def _version(text: str) -> list[int]:
    return [int(number) if number.isdecimal() else -1 for number in text.split(".")]


class _Records(Protocol):
    """Records by number, and all of them in order."""

    def __getitem__(self, index: int) -> bytes: ...

    def __iter__(self) -> Iterator[bytes]: ...


class _TfRecords:
    """Records of TFRecord files; reading all in order finds out where each of them lies."""

    def __init__(self, paths: Sequence[str]) -> None:
        self._paths = paths
        self._places: list[tuple[str, int, int]] = []

    def __iter__(self) -> Iterator[bytes]:
        self._places = []
        for path in self._paths:
            begin = _RECORD_HEAD
            for record in tf.data.TFRecordDataset(path).as_numpy_iterator():
                self._places.append((path, begin, len(record)))
                begin += len(record) + _RECORD_TAIL + _RECORD_HEAD
                yield record

    def __getitem__(self, index: int) -> bytes:
        path, begin, length = self._places[index]
        with open(path, "rb") as file:
            file.seek(begin)
            return file.read(length)


def _scanned(paths: Sequence[str], label: str, *, folder: Path) -> tuple[_Records, list[int | str]]:
    """Reads all records once; returns them, and the label of each."""
    try:
        records = _open(paths, folder)
        return records, [_label(record, label) for record in records]
    except (tf.errors.OpError, OSError, RuntimeError) as error:
        raise _broken(folder, str(error)) from error


def _broken(folder: Path, reason: str) -> ValueError:
    return ValueError(
        f"{folder} cannot be read whole: {reason}. Let TensorFlow Datasets prepare it again"
    )


def _open(paths: Sequence[str], folder: Path) -> _Records:
    formats = {path.rsplit("-", 3)[0].rsplit(".", 1)[-1] for path in paths}
    if formats == {"tfrecord"}:
        return _TfRecords(paths)
    if formats == {"array_record"}:
        return open_records(paths)
    raise ValueError(
        f"{folder} must hold TFRecord or ArrayRecord files. Received: {', '.join(sorted(formats))}."
        ' Prepare it again: tfds.builder(name, file_format="tfrecord").download_and_prepare()'
    )


def _features(record: bytes) -> Any:
    return tf.train.Example.FromString(record).features.feature


def _label(record: bytes, name: str) -> int | str:
    feature = _features(record)[name]
    if feature.int64_list.value:
        return feature.int64_list.value[0]
    return feature.bytes_list.value[0].decode()


def _image(record: bytes) -> bytes:
    return _features(record)["image"].bytes_list.value[0]


def _named(labels: list[int | str], feature: Any) -> tuple[np.ndarray, tuple[str, ...]]:
    """Returns class numbers, int32 [n], and names; text labels are numbered in sorted order."""
    if isinstance(labels[0], str):
        return numbered([str(label) for label in labels])
    names = tuple(feature.int2str(number) for number in range(feature.num_classes))
    return np.array(labels, np.int32), names
