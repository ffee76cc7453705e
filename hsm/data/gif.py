"""Decode the first frame of a GIF inside a TensorFlow graph.

TensorFlow's own operation paints transparent pixels black and misplaces a first frame that is
smaller than the screen. So the frame is moved to the corner and freed of its transparency before it
is decoded, and laid on the screen afterwards.
"""

from __future__ import annotations

import tensorflow as tf

from hsm.data.byte_fields import bytes_at, little_endian

_EXTENSION = 0x21
_GRAPHIC_CONTROL = 0xF9
_GLOBAL_PALETTE_AT = 13


def decode_gif(encoded: tf.Tensor) -> tf.Tensor:
    """Decodes the first frame on its screen; a transparent pixel has its palette's colour.

    Args:
        encoded: string scalar, the whole file.

    Returns:
        uint8 [height, width, 3], RGB, of the screen's size. Where the frame does not reach it has
        the colour of the transparent index, or of index 0 where nothing is transparent.

    Raises:
        tf.errors.InvalidArgumentError: when run, for a GIF that is broken or ends early.
    """
    extensions = _GLOBAL_PALETTE_AT + _palette_bytes(little_endian(encoded, 10, tf.uint8))
    descriptor, background = _skip_extensions(encoded, extensions)
    # Without extensions nothing is transparent; four zero bytes put the frame at the corner.
    header = bytes_at(encoded, 0, extensions)
    frame = bytes_at(encoded, descriptor + 5, tf.strings.length(encoded))
    plain = tf.strings.join([header, b"\x2c\x00\x00\x00\x00", frame])
    left, top, width, height = (
        little_endian(encoded, descriptor + offset, tf.uint16) for offset in (1, 3, 5, 7)
    )
    pixels = tf.io.decode_image(plain, 3, expand_animations=False)[:height, :width]
    right = tf.maximum(little_endian(encoded, 6, tf.uint16) - left - width, 0)
    bottom = tf.maximum(little_endian(encoded, 8, tf.uint16) - top - height, 0)
    margins = [[top, bottom], [left, right], [0, 0]]
    return tf.cond(
        tf.reduce_any(tf.stack([left, top, right, bottom]) > 0),
        lambda: _lay(pixels, margins, _color(encoded, descriptor, background)),
        lambda: pixels,
    )


def _palette_bytes(flags: tf.Tensor) -> tf.Tensor:
    """Returns the length of the palette that a packed field announces, 0 if none."""
    return tf.where(flags >= 0x80, 3 * 2 ** (flags % 8 + 1), 0)


def _skip_extensions(encoded: tf.Tensor, begin: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns where the first frame's descriptor lies, and the transparent index (0 if none)."""

    def is_extension(position: tf.Tensor, _: tf.Tensor) -> tf.Tensor:
        return little_endian(encoded, position, tf.uint8) == _EXTENSION

    def skip(position: tf.Tensor, transparent: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        is_control = little_endian(encoded, position + 1, tf.uint8) == _GRAPHIC_CONTROL
        flags = little_endian(encoded, position + 3, tf.uint8)
        index = little_endian(encoded, position + 6, tf.uint8)
        transparent = tf.where(is_control & (flags % 2 == 1), index, transparent)
        return _skip_blocks(encoded, position + 2), transparent

    position, transparent = tf.while_loop(is_extension, skip, [begin, tf.constant(0)])
    return position, transparent


def _skip_blocks(encoded: tf.Tensor, begin: tf.Tensor) -> tf.Tensor:
    """Returns the position after a chain of blocks, each led by its length, ended by a zero."""

    def length(position: tf.Tensor) -> tf.Tensor:
        return little_endian(encoded, position, tf.uint8)

    (end,) = tf.while_loop(
        lambda position: length(position) > 0,
        lambda position: [position + 1 + length(position)],
        [begin],
    )
    return end + 1


def _color(encoded: tf.Tensor, descriptor: tf.Tensor, index: tf.Tensor) -> tf.Tensor:
    """Returns a colour of the frame's palette, uint8 [3]: its own one, else the screen's."""
    has_own = little_endian(encoded, descriptor + 9, tf.uint8) >= 0x80
    palette = tf.where(has_own, descriptor + 10, _GLOBAL_PALETTE_AT)
    return tf.io.decode_raw(bytes_at(encoded, palette + 3 * index, 3), tf.uint8)


def _lay(pixels: tf.Tensor, margins: list[list[tf.Tensor]], color: tf.Tensor) -> tf.Tensor:
    """Surrounds pixels [h, w, 3] with margins [[top, bottom], [left, right], [0, 0]]."""
    inside = tf.pad(tf.ones_like(pixels, tf.bool), margins)
    return tf.where(inside, tf.pad(pixels, margins), color)
