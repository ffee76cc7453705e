"""Read the fields of a binary file inside a TensorFlow graph."""

from __future__ import annotations

import tensorflow as tf


def bytes_at(encoded: tf.Tensor, position: int | tf.Tensor, length: int | tf.Tensor) -> tf.Tensor:
    """Returns up to `length` bytes from byte `position` of a string on; fewer where it ends.

    TensorFlow's own operation raises there an error that quotes the whole string, and what is no
    UTF-8 breaks the error.
    """
    begin = tf.clip_by_value(position, 0, tf.strings.length(encoded))
    return tf.strings.substr(encoded, begin, tf.maximum(length, 0))


def little_endian(encoded: tf.Tensor, position: int | tf.Tensor, dtype: tf.DType) -> tf.Tensor:
    """Returns the number of type `dtype` at byte `position` of a string, as an int32 scalar.

    Args:
        encoded: string scalar.
        position: int32 scalar, 0 or more.
        dtype: tf.uint8, tf.uint16 or tf.int32.

    Raises:
        tf.errors.InvalidArgumentError: when run, if the string ends before.
    """
    field = bytes_at(encoded, position, dtype.size)
    return tf.cast(tf.io.decode_raw(field, dtype)[0], tf.int32)
