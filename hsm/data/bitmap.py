"""Decode Windows bitmaps with TensorFlow operations."""

from __future__ import annotations

import tensorflow as tf


def decode_bitmap(encoded: tf.Tensor) -> tf.Tensor:
    """Decodes a BMP to uint8 RGB [height, width, 3]."""
    image = tf.io.decode_bmp(encoded)
    return tf.cond(
        tf.shape(image)[-1] == 1, lambda: tf.repeat(image, 3, axis=-1), lambda: image[..., :3]
    )
