"""Read the bytes of image files inside a TensorFlow graph.

Nothing here fails or reads outside of a file, whatever is in it.
"""

from __future__ import annotations

import functools

import numpy as np
import tensorflow as tf

_ANY = b"?"

# How files of these formats begin.
PNG, GIF, BMP, WEBP = b"\x89PNG", b"GIF8", b"BM", b"RIFF????WEBP"

# Conversion by AutoGraph would take seconds, and nothing here has anything to convert.
as_written = tf.autograph.experimental.do_not_convert
# For what few files need: a branch that is not taken costs time for each of its operations, unless
# they are a function that is called.
called = functools.partial(
    tf.function, autograph=False, experimental_attributes={"_noinline": True}
)


def begins(encoded: tf.Tensor, pattern: bytes) -> tf.Tensor:
    """Return whether a file begins as `pattern`, in which a question mark is any byte: bool."""
    begin = tf.strings.substr(encoded, 0, len(pattern))
    numbers = tf.io.decode_raw(begin, tf.uint8, fixed_length=len(pattern))
    expected = np.frombuffer(pattern, np.uint8)
    return tf.reduce_all((numbers == expected) | (expected == ord(_ANY)))


def bytes_at(encoded: tf.Tensor, begin: int | tf.Tensor, length: int | tf.Tensor) -> tf.Tensor:
    """Return up to `length` bytes from byte `begin` on: fewer where the file ends, none outside.

    TensorFlow's own operation raises there an error that quotes the whole string, and what is no
    UTF-8 breaks the error.

    Args:
        encoded: string scalar.
        begin: int32 scalar; one below 0 is outside, too.
        length: int32 scalar, 0 or more.
    """
    end = tf.strings.length(encoded)
    inside = tf.minimum(begin, end) if isinstance(begin, int) else tf.where(begin < 0, end, begin)
    return tf.strings.substr(encoded, tf.minimum(inside, end), length)


def numbers_at(
    encoded: tf.Tensor,
    begin: int | tf.Tensor,
    count: int | tf.Tensor,
    dtype: tf.DType = tf.uint8,
    *,
    is_big_endian: bool = False,
) -> tf.Tensor:
    """Return the numbers that lie one behind another from byte `begin` on, zeros outside.

    Args:
        encoded: string scalar.
        begin: int32 scalar.
        count: int32 scalar, 1 or more.
        dtype: tf.uint8, tf.uint16 or tf.int32.
        is_big_endian: whether the highest byte of a number comes first.

    Returns:
        int32 [count].
    """
    length = count * dtype.size
    field = bytes_at(encoded, begin, length)
    numbers = tf.io.decode_raw(field, dtype, not is_big_endian, fixed_length=length)
    return numbers if dtype == tf.int32 else tf.cast(numbers, tf.int32)


def little_endian(numbers: tf.Tensor) -> tf.Tensor:
    """Return the number that n bytes mean, the lowest first: of int32 [..., n] int32 [...].

    Four bytes give a signed number.
    """
    return tf.reduce_sum(numbers * 256 ** np.arange(numbers.shape[-1], dtype=np.int32), axis=-1)
