"""Fetch the bytes of image files inside a TensorFlow graph."""

from __future__ import annotations

import os
from collections.abc import Callable

import numpy as np
import tensorflow as tf

from hsm.data.sources.source import EncodedImages, Files


def encoded_reader(images: Files) -> Callable[[tf.Tensor], tf.Tensor]:
    """Return the function from an image's index, int64 scalar, to its file's bytes, a string."""
    if isinstance(images, EncodedImages):

        def fetch(index: np.int64) -> bytes:
            return images[int(index)]

        return lambda index: tf.ensure_shape(tf.numpy_function(fetch, [index], tf.string), [])
    paths = tf.constant([os.fsencode(path) for path in images])
    return lambda index: tf.io.read_file(paths[index])
