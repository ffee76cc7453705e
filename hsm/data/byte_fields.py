"""Read the numbers in a file's header inside a TensorFlow graph."""

from __future__ import annotations

import tensorflow as tf


def little_endian(encoded: tf.Tensor, position: int | tf.Tensor, dtype: tf.DType) -> tf.Tensor:
    """Returns the number of type `dtype` at byte `position` of a string, as an int32 scalar.

    Args:
        encoded: string scalar.
        position: int32 scalar, 0 or more.
        dtype: tf.uint8, tf.uint16 or tf.int32.

    Raises:
        tf.errors.InvalidArgumentError: when run, if the string ends before.
    """
    field = tf.strings.substr(encoded, position, dtype.size)
    return tf.cast(tf.io.decode_raw(field, dtype)[0], tf.int32)
