"""The sizes of pictures as their headers state them, without decoding any."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from hsm.data.file_header import checked_size
from hsm.data.sources.source import Images


@tf.function(input_signature=[tf.TensorSpec([], tf.string)])
def _size(encoded: tf.Tensor) -> tf.Tensor:
    return checked_size(encoded, None)


def picture_sizes(images: Images, indices: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return height and width in pixels, int64 [m, 2], of the images at `indices`, int64 [m].

    Raises:
        OSError: if a file cannot be read.
        tf.errors.OpError: for a file that is no picture.
    """
    if isinstance(images, np.ndarray):
        return np.tile(np.asarray(images.shape[1:3], np.int64), (len(indices), 1))
    return np.array([_size(_content(images[int(index)])) for index in indices], np.int64)


def _content(image: str | bytes) -> bytes:
    return image if isinstance(image, bytes) else Path(image).read_bytes()
