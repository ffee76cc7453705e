"""Find and cut out the first frame of a GIF, in a TensorFlow graph.

TensorFlow unpacks every frame before it returns the first: a small file of many large frames, each
of no more pixels than are allowed, would take minutes and all memory.
"""

from __future__ import annotations

import tensorflow as tf

from hsm.data.file_bytes import GIF, as_written, begins, bytes_at, called, numbers_at

_PALETTE_AT, _DESCRIPTOR = 13, 10
_EXTENSION, _CONTROL, _END = b"\x21", 0xF9, b"\x3b"
# A profile before the frame has hundreds of blocks of 255 bytes; a hostile file may have millions.
_MAX_EXTENSION_BLOCKS = 10_000
# Of 255 bytes each 25 megabytes, which one by one take seconds.
_MAX_FRAME_BLOCKS = 100_000
_ENDLESS = (
    f"expected a GIF whose first frame has at most {_MAX_FRAME_BLOCKS} blocks, received more: "
    "convert it to PNG"
)


@as_written
def frame_place(encoded: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Return where the first frame of a GIF begins, and whether an extension hides a colour of it.

    Args:
        encoded: string scalar, the whole file.

    Returns:
        The byte behind the extensions, int32 scalar, whatever is there; and a bool scalar.
    """
    return _skip_extensions(encoded, _PALETTE_AT + _palette(numbers_at(encoded, 10, 1)[0]))


@as_written
def first_frame(encoded: tf.Tensor) -> tf.Tensor:
    """Return a GIF up to the end of its first frame; any other file as it is.

    Args:
        encoded: string scalar, the whole file.

    Returns:
        string scalar. A file that breaks off within the first frame stays as it is.

    Raises:
        tf.errors.InvalidArgumentError: when run, for a frame in too many blocks.
    """
    return tf.cond(begins(encoded, GIF), lambda: _cut(encoded), lambda: encoded)


@called
def _cut(encoded: tf.Tensor) -> tf.Tensor:
    place, _ = frame_place(encoded)
    (flags,) = tf.unstack(numbers_at(encoded, place + _DESCRIPTOR - 1, 1))
    # A byte with the size of the codes comes before the blocks.
    end, is_bounded = _behind_blocks(encoded, place + _DESCRIPTOR + _palette(flags) + 1)
    with tf.control_dependencies([tf.debugging.Assert(is_bounded, [_ENDLESS])]):
        cut = tf.strings.substr(encoded, 0, end) + _END
    return tf.where(end < tf.strings.length(encoded), cut, encoded)


def _palette(flags: tf.Tensor) -> tf.Tensor:
    """Return the bytes of the table of colours that `flags` announce."""
    return tf.where(flags >= 0x80, 3 * 2 ** (flags % 8 + 1), 0)


def _skip_extensions(encoded: tf.Tensor, begin: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Return where the extensions from byte `begin` on end, and whether one is of transparency.

    An extension is two bytes and blocks, each led by its length, the last one of length zero.
    """

    def is_passed(place: tf.Tensor, in_blocks: tf.Tensor, _: tf.Tensor) -> tf.Tensor:
        return in_blocks | (bytes_at(encoded, place, 1) == _EXTENSION)

    def skip(
        place: tf.Tensor, in_blocks: tf.Tensor, is_transparent: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        first, name, _, flags = tf.unstack(numbers_at(encoded, place, 4))
        hides = ~in_blocks & (name == _CONTROL) & (flags % 2 == 1)
        after = place + tf.where(in_blocks, 1 + first, 2)
        return after, ~in_blocks | (first > 0), is_transparent | hides

    state = (begin, tf.constant(False), tf.constant(False))
    end, _, is_transparent = tf.while_loop(
        is_passed, skip, state, maximum_iterations=_MAX_EXTENSION_BLOCKS
    )
    return end, is_transparent


def _behind_blocks(encoded: tf.Tensor, begin: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Return where the blocks from byte `begin` on end, and whether that was found in time."""
    # A zero behind the last byte ends what breaks off.
    sizes = tf.io.decode_raw(encoded + b"\0", tf.uint8)
    last = tf.size(sizes) - 1

    def is_passed(_: tf.Tensor, size: tf.Tensor) -> tf.Tensor:
        return size > 0

    def skip(place: tf.Tensor, size: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        after = tf.minimum(place + 1 + size, last)
        return after, tf.cast(tf.gather(sizes, after), tf.int32)

    first = tf.minimum(begin, last)
    place, size = tf.while_loop(
        is_passed,
        skip,
        (first, tf.cast(tf.gather(sizes, first), tf.int32)),
        maximum_iterations=_MAX_FRAME_BLOCKS,
    )
    return place + 1, size == 0
