"""Turn a picture upright as the EXIF tag of its file says, inside a TensorFlow graph.

Read are a JPEG's APP1 segment (Exif 2.32, section 4.5), a PNG's eXIf chunk before its pixels (PNG,
third edition, section 11.3) and a WebP's EXIF chunk (RFC 9649, section 2.7.1.5). Not read are XMP,
text chunks, eXIf chunks behind the pixels, and tags of other formats. A tag that is broken, of
another type or out of range turns nothing.
"""

from __future__ import annotations

import functools
from collections.abc import Callable

import numpy as np
import tensorflow as tf

from hsm.data.file_bytes import (
    PNG,
    WEBP,
    as_written,
    begins,
    bytes_at,
    called,
    little_endian,
    numbers_at,
)

_UPRIGHT, _LAST = 1, 8
_TAG = 0x0112
_SHORT = 3
_ENTRY_BYTES = 12
_EXIF = b"Exif\0\0"
_EXIF_NUMBERS = np.frombuffer(_EXIF, np.uint8).astype(np.int32)

# Of a JPEG: what a marker begins with, the segments before an image's tables, and that of EXIF.
_MARK, _APP0, _APP15, _COMMENT, _APP1 = 0xFF, 0xE0, 0xEF, 0xFE, 0xE1
_SEGMENTS_AT = 2
# How most programs write a JPEG without a tag: the JFIF header, and then the tables.
_TAGLESS = b"\xff\xd8\xff\xe0\x00\x10" + b"?" * 14 + b"\xff\xdb"
# Of the other two: where chunks begin behind the first one, whose place and length are fixed.
_PNG_CHUNKS_AT, _WEBP_CHUNKS_AT = 33, 30
_WEBP_NAME_AT, _WEBP_FLAGS_AT, _WEBP_HAS_EXIF = 12, 20, 0x08

# One of these stands before every tag that is read.
_TAG_NAMES = (b"Exif", b"eXIf", b"EXIF")

# A thousand segments hold sixty megabytes; a hostile file may have millions of empty ones.
_MAX_SEGMENTS = 1000


@as_written
def orientation(encoded: tf.Tensor) -> tf.Tensor:
    """Return the orientation that a file's EXIF tag states, as EXIF numbers them; 1 is upright.

    Args:
        encoded: string scalar, the whole file.

    Returns:
        int32 scalar, 1..8; 1 where there is no such tag.
    """
    exif = tf.case(
        [
            (tf.io.is_jpeg(encoded), lambda: _in_jpeg(encoded)),
            (begins(encoded, PNG), lambda: _chunk(encoded, b"eXIf", _PNG_CHUNKS_AT, is_png=True)),
            (begins(encoded, WEBP), lambda: _in_webp(encoded)),
        ],
        default=lambda: tf.constant(b""),
    )
    return tf.cond(exif == b"", lambda: tf.constant(_UPRIGHT), lambda: _stated(exif))


@functools.cache
def _orientation() -> Callable[[bytes], tf.Tensor]:
    return tf.function(orientation, input_signature=[tf.TensorSpec([], tf.string)])


def is_turned(content: bytes) -> bool:
    """Return whether the tag of a file, given whole, turns its picture. Not for use in a graph."""
    return any(name in content for name in _TAG_NAMES) and int(_orientation()(content)) != _UPRIGHT


@as_written
def upright(stored: tf.Tensor, encoded: tf.Tensor) -> tf.Tensor:
    """Return the pixels of a file turned as its EXIF tag says.

    Args:
        stored: [height, width, channels], decoded.
        encoded: string scalar, the whole file.

    Returns:
        [height, width, channels], or [width, height, channels] for an orientation above 4.
    """
    return tf.cond(
        begins(encoded, _TAGLESS), lambda: stored, lambda: _turned_by_tag(stored, encoded)
    )


@called
def _turned_by_tag(stored: tf.Tensor, encoded: tf.Tensor) -> tf.Tensor:
    return turned(stored, orientation(encoded))


def turned(stored: tf.Tensor, orientation: tf.Tensor) -> tf.Tensor:
    """Return the picture that is stored in one of the eight orientations, int32 scalar, 1..8."""
    return tf.switch_case(
        orientation - 1,
        [
            lambda: stored,
            lambda: tf.reverse(stored, [1]),
            lambda: tf.reverse(stored, [0, 1]),
            lambda: tf.reverse(stored, [0]),
            lambda: _transposed(stored),
            lambda: tf.reverse(_transposed(stored), [1]),
            lambda: tf.reverse(_transposed(stored), [0, 1]),
            lambda: tf.reverse(_transposed(stored), [0]),
        ],
    )


def _transposed(stored: tf.Tensor) -> tf.Tensor:
    return tf.transpose(stored, [1, 0, 2])


def _in_jpeg(encoded: tf.Tensor) -> tf.Tensor:
    """Return the content of the first APP1 segment with EXIF before an image's tables, or ""."""

    def read(begin: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        return begin, numbers_at(encoded, begin, 4 + len(_EXIF))

    def length(head: tf.Tensor) -> tf.Tensor:
        return 256 * head[2] + head[3]

    def is_exif(head: tf.Tensor) -> tf.Tensor:
        return (head[1] == _APP1) & tf.reduce_all(head[4:] == _EXIF_NUMBERS)

    def is_passed(_: tf.Tensor, head: tf.Tensor) -> tf.Tensor:
        is_early = (head[1] >= _APP0) & (head[1] <= _APP15) | (head[1] >= _COMMENT)
        return (head[0] == _MARK) & is_early & ~is_exif(head)

    def skip(begin: tf.Tensor, head: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        # Any number of the bytes that a marker begins with may fill the space before it.
        return read(begin + tf.where(head[1] == _MARK, 1, 2 + length(head)))

    begin, head = tf.while_loop(
        is_passed, skip, read(tf.constant(_SEGMENTS_AT)), maximum_iterations=_MAX_SEGMENTS
    )
    return tf.where(
        is_exif(head), bytes_at(encoded, begin + 4, tf.maximum(length(head) - 2, 0)), b""
    )


def _in_webp(encoded: tf.Tensor) -> tf.Tensor:
    """Return the content of the EXIF chunk of a file whose first chunk announces it, or ""."""
    is_extended = bytes_at(encoded, _WEBP_NAME_AT, 4) == b"VP8X"
    (flags,) = tf.unstack(numbers_at(encoded, _WEBP_FLAGS_AT, 1))
    return tf.cond(
        is_extended & (tf.bitwise.bitwise_and(flags, _WEBP_HAS_EXIF) > 0),
        lambda: _chunk(encoded, b"EXIF", _WEBP_CHUNKS_AT, is_png=False),
        lambda: tf.constant(b""),
    )


def _chunk(encoded: tf.Tensor, name: bytes, begin: int, *, is_png: bool) -> tf.Tensor:
    """Return the content of the first chunk called `name` from byte `begin` on, or "".

    A chunk of a PNG is its length, name, content and checksum, and the pixels end the search; one
    of a WebP is its name, length and content, filled up to an even number of bytes.
    """

    def name_of(chunk: tf.Tensor) -> tf.Tensor:
        return bytes_at(encoded, chunk + 4 * is_png, 4)

    def length_of(chunk: tf.Tensor) -> tf.Tensor:
        place = chunk + 4 * (not is_png)
        return numbers_at(encoded, place, 1, tf.int32, is_big_endian=is_png)[0]

    def is_passed(chunk: tf.Tensor) -> tf.Tensor:
        chunk_name = name_of(chunk)
        return (chunk_name != name) & (chunk_name != b"IDAT") & (chunk_name != b"")

    def skip(chunk: tf.Tensor) -> tuple[tf.Tensor]:
        length = length_of(chunk)
        after = chunk + 8 + length + (4 if is_png else length % 2)
        # A length beyond 31 bits reads as a negative one. It leads out of the file.
        return (tf.where(length < 0, -1, after),)

    start = (tf.constant(begin),)
    (chunk,) = tf.while_loop(is_passed, skip, start, maximum_iterations=_MAX_SEGMENTS)
    length = tf.maximum(length_of(chunk), 0)
    return tf.where(name_of(chunk) == name, bytes_at(encoded, chunk + 8, length), b"")


def _stated(exif: tf.Tensor) -> tf.Tensor:
    """Return the orientation that the first directory of EXIF states, int32 scalar; 1 if none.

    Args:
        exif: string scalar, a TIFF header and what follows it, with or without "Exif" before it.
    """
    prefix = tf.where(bytes_at(exif, 0, len(_EXIF)) == _EXIF, len(_EXIF), 0)
    tiff = bytes_at(exif, prefix, tf.strings.length(exif))
    is_little, is_big = bytes_at(tiff, 0, 4) == b"II*\0", bytes_at(tiff, 0, 4) == b"MM\0*"

    def number(field: tf.Tensor) -> tf.Tensor:
        return little_endian(tf.where(is_little, field, field[..., ::-1]))

    directory = number(numbers_at(tiff, 4, 4))
    count = number(numbers_at(tiff, directory, 2))
    table = numbers_at(tiff, directory + 2, _ENTRY_BYTES * tf.maximum(count, 1))
    entries = tf.reshape(table, [-1, _ENTRY_BYTES])
    values = number(entries[:, 8:10])
    is_stated = (
        (number(entries[:, :2]) == _TAG)
        & (number(entries[:, 2:4]) == _SHORT)
        & (number(entries[:, 4:8]) == 1)
        & (values >= _UPRIGHT)
        & (values <= _LAST)
        & (is_little | is_big)
    )
    return tf.concat([values[is_stated], [_UPRIGHT]], axis=0)[0]
