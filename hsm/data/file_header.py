"""Refuse image files before they are decoded, by what their headers say, in a TensorFlow graph.

TensorFlow returns wrong pixels for some bitmaps and GIFs, writes beyond its memory for an animated
WebP, and makes room for every pixel that a header states, however short the file is.
"""

from __future__ import annotations

import tensorflow as tf

from hsm.data.file_bytes import (
    BMP,
    GIF,
    PNG,
    WEBP,
    as_written,
    begins,
    bytes_at,
    called,
    little_endian,
    numbers_at,
)
from hsm.data.gif import frame_place

_REMEDY = "received another: convert it to PNG"
_NO_FORMAT = f"expected a file of format JPEG, PNG, GIF, BMP or WebP, {_REMEDY}"
_ODD_GIF = f"expected a GIF whose first frame fills it and has no transparent colour, {_REMEDY}"
_ODD_BMP = f"expected a BMP of 24 or 32 bits or of 256 greys, not compressed, {_REMEDY}"
_ANIMATED = "expected a WebP of a single picture, received an animation: convert it to PNG"
_WRONG_SIZE = f"expected a picture as large as its header says, {_REMEDY}"

_GIF_FRAME = b"\x2c"

_BMP_HEADER_AT, _BMP_OLDEST_HEADER, _BMP_MASKS_AT = 14, 40, 54
_BMP_PLAIN, _BMP_MASKED = 0, 3
# The masks of red, green and blue where pixels are stored as blue, green, red, alpha.
_BMP_MASKS = b"\x00\x00\xff\x00\x00\xff\x00\x00\xff\x00\x00\x00"
_BMP_GREYS = bytes(value for grey in range(256) for value in (grey, grey, grey, 0))

_WEBP_ANIMATED = 0x02


@as_written
def checked_size(encoded: tf.Tensor, max_pixels: int | None) -> tf.Tensor:
    """Return the size that a file's header states, if the file may be given to TensorFlow.

    Args:
        encoded: string scalar, the whole file.
        max_pixels: height times width at most; None is no limit.

    Returns:
        int32 [2], height and width as they are stored.

    Raises:
        ValueError: for a limit that is not 1..2147483647.
        tf.errors.InvalidArgumentError: when run, for a file that is refused.
    """
    size = tf.cond(
        tf.io.is_jpeg(encoded),
        # Every kind of JPEG is decoded rightly or refused by TensorFlow itself.
        lambda: tf.image.extract_jpeg_shape(encoded)[:2],
        lambda: _checked(encoded),
    )
    if max_pixels is None:
        return size
    with tf.control_dependencies([_within(size, max_pixels)]):
        return tf.identity(size)


@as_written
def check_decoded(image: tf.Tensor, size: tf.Tensor) -> tf.Operation:
    """Return the operation that fails unless decoded pixels have the size that was checked.

    Args:
        image: [height, width, channels].
        size: int32 [2], as `checked_size` returned it.
    """
    return tf.debugging.Assert(tf.reduce_all(tf.shape(image)[:2] == size), [_WRONG_SIZE])


def _within(size: tf.Tensor, max_pixels: int) -> tf.Operation:
    if not 1 <= max_pixels < 2**31:
        raise ValueError(
            f"expected `max_pixels` to be 1..{2**31 - 1}. Received: max_pixels={max_pixels}"
        )
    height, width = tf.unstack(size)
    # A product may exceed 31 bits.
    refusal = tf.strings.format(
        f"expected at most max_pixels={max_pixels} pixels, received {{}} x {{}}: make the image "
        "smaller, or raise max_pixels",
        (width, height),
    )
    return tf.debugging.Assert(height <= max_pixels // tf.maximum(width, 1), [refusal])


@called
def _checked(encoded: tf.Tensor) -> tf.Tensor:
    """Return the size of any file but a JPEG, unless it is refused."""
    size, refusal = tf.case(
        [
            (begins(encoded, PNG), lambda: (_png_size(encoded), "")),
            (begins(encoded, GIF), lambda: _gif(encoded)),
            (begins(encoded, BMP), lambda: _bmp(encoded)),
            (begins(encoded, WEBP), lambda: _webp(encoded)),
        ],
        default=lambda: (tf.zeros([2], tf.int32), _NO_FORMAT),
    )
    with tf.control_dependencies([tf.debugging.Assert(refusal == b"", [refusal])]):
        return tf.identity(size)


def _png_size(encoded: tf.Tensor) -> tf.Tensor:
    return numbers_at(encoded, 16, 2, tf.int32, is_big_endian=True)[::-1]


def _gif(encoded: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Return the first frame's size; a refusal if it leaves or hides a part of the screen."""
    screen = numbers_at(encoded, 6, 2, tf.uint16)
    descriptor, is_transparent = frame_place(encoded)
    place, frame = tf.split(numbers_at(encoded, descriptor + 1, 4, tf.uint16), 2)
    is_frame = bytes_at(encoded, descriptor, 1) == _GIF_FRAME
    fills = tf.reduce_all(tf.concat([place, screen], 0) <= tf.concat([[0, 0], frame], 0))
    return frame[::-1], tf.where(is_frame & fills & ~is_transparent, "", _ODD_GIF)


def _bmp(encoded: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Return the size; a refusal unless the pixels are stored in the one order that is read."""
    header, width, height = tf.unstack(numbers_at(encoded, _BMP_HEADER_AT, 3, tf.int32))
    bits, compression, _ = tf.unstack(numbers_at(encoded, 28, 3, tf.uint16))
    masks = bytes_at(encoded, _BMP_MASKS_AT, len(_BMP_MASKS))
    palette = bytes_at(encoded, _BMP_HEADER_AT + header, len(_BMP_GREYS))
    plain = compression == _BMP_PLAIN
    is_decodable = (
        (bits == 24) & plain
        | (bits == 32) & (plain | (compression == _BMP_MASKED) & (masks == _BMP_MASKS))
        | (bits == 8) & plain & (palette == _BMP_GREYS)
    )
    # Negative where the rows run from top to bottom.
    size = tf.stack([tf.abs(height), width])
    return size, tf.where((header >= _BMP_OLDEST_HEADER) & is_decodable, "", _ODD_BMP)


def _webp(encoded: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Return the size; a refusal of an animation."""
    name = bytes_at(encoded, 12, 4)
    is_extended = name == b"VP8X"
    size = tf.case(
        [(is_extended, lambda: _canvas(encoded)), (name == b"VP8L", lambda: _lossless(encoded))],
        # Two more bits are hints on how to scale.
        default=lambda: numbers_at(encoded, 26, 2, tf.uint16)[::-1] % 2**14,
    )
    (flags,) = tf.unstack(numbers_at(encoded, 20, 1))
    is_animated = tf.bitwise.bitwise_and(flags, _WEBP_ANIMATED) > 0
    return size, tf.where(is_extended & is_animated, _ANIMATED, "")


def _canvas(encoded: tf.Tensor) -> tf.Tensor:
    """Return height and width of a WebP with an extended header: 24 bits each, less one."""
    return little_endian(tf.reshape(numbers_at(encoded, 24, 6), [2, 3]))[::-1] + 1


def _lossless(encoded: tf.Tensor) -> tf.Tensor:
    """Return height and width of a lossless WebP: 14 bits each, less one."""
    bits = numbers_at(encoded, 21, 1, tf.int32)
    return tf.bitwise.bitwise_and(tf.bitwise.right_shift(bits, [14, 0]), 2**14 - 1) + 1
