"""What a data set that was read holds, to the last pixel."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from support import archive_factory as archive

from fuzzing.form import WrongValueError, digest, expect
from hsm.data.sources import benchmark
from hsm.data.sources.source import ImageSource, Split

_EXPECTED = {
    "cars196": archive.BY_CLASS,
    "cub200": archive.BY_CLASS,
    "products": archive.BY_PART,
    "inshop": archive.WITH_GALLERY,
}


def contents_of(source: ImageSource) -> str:
    """Decode every image; return a digest of all."""
    parts = {"train": source.train, "test": source.test, "gallery": source.gallery}
    return digest(*(value for split in parts.values() if split for value in _values(split)))


def _values(split: Split) -> list[Any]:
    expect(split.labels.dtype == np.int32, "labels of another type")
    if isinstance(split.images, np.ndarray):
        expect(split.images.dtype == np.uint8 and split.images.ndim == 4, "images of another type")
        return [split.class_names, split.labels, split.images]
    contents = [_bytes(split.images[index]) for index in range(len(split))]
    for content in contents:
        try:
            tf.io.decode_image(content, expand_animations=False)
        except tf.errors.OpError as error:
            raise WrongValueError("an image that cannot be decoded") from error
    return [split.class_names, split.labels, *contents]


def _bytes(image: str | bytes) -> bytes:
    return image if isinstance(image, bytes) else Path(image).read_bytes()


def read_benchmark(name: str, folder: Path) -> str:
    """Read one of the paper's data sets; return a digest of all that it holds."""
    return contents_of(benchmark.load(name, str(folder), expected=_EXPECTED[name]))
