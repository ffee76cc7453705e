"""Read a data set that TensorFlow Datasets has prepared, image by image, from its record files.

TensorFlow Datasets itself is not needed for it, see `tfds_info`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import tensorflow as tf

from hsm.data.sources.annotations import Annotations, numbered
from hsm.data.sources.array_records import open_records
from hsm.data.sources.source import EncodedImages
from hsm.data.sources.tfds_info import INFO, TfdsFolder, read_info

_DEFAULT_ROOT = "~/tensorflow_datasets"
# A TFRecord has its length and a checksum of that before its content, and a checksum after it.
_RECORD_HEAD, _RECORD_TAIL = 8 + 4, 4
# Where the classes have no names: more are a damaged number.
_MOST_CLASSES = 1_000_000


@dataclass(frozen=True)
class TfdsSet:
    """How TensorFlow Datasets keeps a data set.

    Attributes:
        name: of its builder.
        label: the feature that holds the class, as a ClassLabel or a Text.
        parts: the splits, called as the parts of a annotations.
    """

    name: str
    label: str
    parts: tuple[str, ...]


def default_root() -> Path:
    """Return where TensorFlow Datasets prepares data unless told otherwise."""
    return Path(os.environ.get("TFDS_DATA_DIR") or _DEFAULT_ROOT).expanduser()


def read(root: Path, tfds_set: TfdsSet) -> Annotations | None:
    """Return the prepared data set below `root`, or None where there is none.

    The class of an image stands in its record, so that all records are read once, and their
    checksums compared; the images are read again when they are needed.

    Args:
        root: a `data_dir` of TensorFlow Datasets, or the folder of the set or of one version.
        tfds_set: what to look for.

    Raises:
        ValueError: for files in another format than TFRecord and ArrayRecord, or broken ones.
    """
    path = _newest(root, tfds_set.name)
    if path is None:
        return None
    folder = read_info(path)
    if missing := set(tfds_set.parts) - folder.files.keys():
        raise _broken(path, f"no split {min(missing)}")
    files = [folder.files[part] for part in tfds_set.parts]
    counts = [sum(lengths.values()) for lengths in files]
    paths = [os.fspath(file) for lengths in files for file in lengths]
    records, labels = _scanned(paths, folder, tfds_set.label)
    if len(labels) != sum(counts):
        raise _broken(path, f"{len(labels):,} of {sum(counts):,} records")
    classes, class_names = _named(labels, folder, tfds_set.label)
    return Annotations(
        folder=path,
        images=EncodedImages(lambda record: _image(records[record]), np.arange(len(labels))),
        classes=classes,
        class_names=class_names,
        parts=np.repeat(tfds_set.parts, counts),
        annotation_files={part: f"the {part} split of {path}" for part in tfds_set.parts},
    )


def _newest(root: Path, name: str) -> Path | None:
    """Return the folder of the newest version of the set `name`."""
    versions = [
        path.parent
        for pattern in (INFO, f"*/{INFO}", f"{name}/*/{INFO}")
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


def _scanned(
    paths: Sequence[str], folder: TfdsFolder, label: str
) -> tuple[_Records, list[int | str]]:
    """Read all records once; return them, and the label of each."""
    open_files = _opener(folder)
    try:
        records = open_files(paths)
        return records, [_label(record, label) for record in records]
    except ImportError:
        raise
    except Exception as error:  # The libraries raise what they like for damaged records.
        raise _broken(folder.path, f"{type(error).__name__}: {error}") from error


def _broken(folder: Path, reason: str) -> ValueError:
    return ValueError(
        f"{folder}: expected what TensorFlow Datasets prepared. Received: {reason}. Let it prepare "
        "the data set again."
    )


def _opener(folder: TfdsFolder) -> Callable[[Sequence[str]], _Records]:
    """Return what opens files of the folder's format."""
    openers: dict[str, Callable[[Sequence[str]], _Records]] = {
        "tfrecord": _TfRecords,
        "array_record": open_records,
    }
    if folder.file_format not in openers:
        raise ValueError(
            f"{folder.path}: expected TFRecord or ArrayRecord files. Received: "
            f"{folder.file_format[:80]}. Prepare it again: `tfds.builder(name, "
            'file_format="tfrecord").download_and_prepare()`.'
        )
    return openers[folder.file_format]


def _features(record: bytes) -> Any:
    return tf.train.Example.FromString(record).features.feature


def _label(record: bytes, name: str) -> int | str:
    features = _features(record)
    if len(features["image"].bytes_list.value) != 1:
        raise ValueError("expected an image in every record. Received: a record without")
    feature = features[name]
    if feature.int64_list.value:
        return feature.int64_list.value[0]
    return feature.bytes_list.value[0].decode()


def _image(record: bytes) -> bytes:
    return _features(record)["image"].bytes_list.value[0]


def _named(
    labels: list[int | str], folder: TfdsFolder, feature: str
) -> tuple[np.ndarray, tuple[str, ...]]:
    """Return class numbers, int32 [n], and names; text labels are numbered in sorted order."""
    texts = [label for label in labels if isinstance(label, str)]
    if len(texts) == len(labels):
        return numbered(texts)
    numbers = np.array([-1 if isinstance(label, str) else label for label in labels])
    most = _MOST_CLASSES if (names := folder.class_names(feature)) is None else len(names)
    if numbers.min() < 0 or numbers.max() >= most:
        raise _broken(folder.path, f"a {feature} that is not always one of {most:,} classes")
    return numbers.astype(np.int32), names or tuple(map(str, range(numbers.max() + 1)))
