"""Decode Windows bitmaps inside a TensorFlow graph.

TensorFlow's own operation returns the indices of a palette without their colours, and takes the
channels of 32-bit pixels in a fixed order.
"""

from __future__ import annotations

import tensorflow as tf

from hsm.data.byte_fields import bytes_at, little_endian

_FILE_HEADER = 14
_OLDEST_HEADER = 40
_NO_COMPRESSION = 0
_CHANNEL_MASKS = 3
# Where the masks of red, green and blue lie, and their values for pixels stored as B, G, R, A.
_MASKS_AT = 54
_BGRA_MASKS = b"\x00\x00\xff\x00\x00\xff\x00\x00\xff\x00\x00\x00"


def decode_bitmap(encoded: tf.Tensor) -> tf.Tensor:
    """Decodes a BMP of 1, 4, 8, 24 or 32 bits a pixel, not compressed; alpha is dropped.

    Args:
        encoded: string scalar, the whole file.

    Returns:
        uint8 [height, width, 3], RGB.

    Raises:
        tf.errors.InvalidArgumentError: when run, for another kind of bitmap or a broken one.
    """
    encoded = _checked(encoded)
    bits = little_endian(encoded, 28, tf.uint16)
    width = little_endian(encoded, 18, tf.int32)
    rows = _rows(encoded, width, bits)
    return tf.cond(
        bits > 8, lambda: _true_colors(rows, width, bits), lambda: _look_up(encoded, rows, bits)
    )[:, :width]


def _checked(encoded: tf.Tensor) -> tf.Tensor:
    """Returns `encoded`, once it is known to be of a kind that is decoded right."""
    bits = little_endian(encoded, 28, tf.uint16)
    header = little_endian(encoded, _FILE_HEADER, tf.int32)
    compression = little_endian(encoded, 30, tf.int32)
    masks = bytes_at(encoded, _MASKS_AT, len(_BGRA_MASKS))
    plain = compression == _NO_COMPRESSION
    usual_order = (compression == _CHANNEL_MASKS) & (bits == 32) & (masks == _BGRA_MASKS)
    known_bits = tf.reduce_any(bits == tf.constant([1, 4, 8, 24, 32]))
    supported = tf.debugging.Assert(
        (header >= _OLDEST_HEADER) & known_bits & (plain | usual_order),
        ["a kind of BMP that is not supported: 16 bits, compressed, unusual channels or OS/2"],
    )
    with tf.control_dependencies([supported]):
        return tf.identity(encoded)


def _rows(encoded: tf.Tensor, width: tf.Tensor, bits: tf.Tensor) -> tf.Tensor:
    """Returns the bytes of the pixels, uint8 [height, row's bytes], from top to bottom."""
    pixels_at = little_endian(encoded, 10, tf.int32)
    height = little_endian(encoded, 22, tf.int32)
    row_bytes = (width * bits + 31) // 32 * 4
    pixels = bytes_at(encoded, pixels_at, row_bytes * tf.abs(height))
    rows = tf.reshape(tf.io.decode_raw(pixels, tf.uint8), [tf.abs(height), row_bytes])
    # Stored upside down, unless the height is negative.
    return tf.cond(height > 0, lambda: tf.reverse(rows, axis=[0]), lambda: rows)


def _true_colors(rows: tf.Tensor, width: tf.Tensor, bits: tf.Tensor) -> tf.Tensor:
    channels = bits // 8
    pixels = tf.reshape(rows[:, : width * channels], [tf.shape(rows)[0], width, channels])
    return tf.reverse(pixels[..., :3], axis=[-1])


def _look_up(encoded: tf.Tensor, rows: tf.Tensor, bits: tf.Tensor) -> tf.Tensor:
    """Returns the palette's colours of the pixels and of the padding at the end of every row."""
    shifts = tf.range(8 - bits, -1, -bits)
    indices = tf.cast(rows, tf.int32)[..., tf.newaxis]
    indices = tf.bitwise.bitwise_and(tf.bitwise.right_shift(indices, shifts), 2**bits - 1)
    indices = tf.reshape(indices, [tf.shape(rows)[0], -1])
    return tf.gather(_palette(encoded, bits), indices)


def _palette(encoded: tf.Tensor, bits: tf.Tensor) -> tf.Tensor:
    """Returns the colours, uint8 [n, 3], RGB."""
    begin = _FILE_HEADER + little_endian(encoded, _FILE_HEADER, tf.int32)
    stated = little_endian(encoded, 46, tf.int32)
    count = tf.where(stated == 0, 2**bits, stated)
    table = tf.io.decode_raw(bytes_at(encoded, begin, 4 * count), tf.uint8)
    return tf.reverse(tf.reshape(table, [-1, 4])[:, :3], axis=[1])
