"""Decode, resize, crop and flip images inside a TensorFlow graph, so that serving can do the same.

Pixels are RGB, uint8, 0..255.
"""

from __future__ import annotations

import tensorflow as tf

from hsm.data.catalog import MAX_PIXELS
from hsm.data.file_bytes import WEBP, as_written, begins
from hsm.data.file_header import check_decoded, checked_size
from hsm.data.gif import first_frame
from hsm.data.orientation import upright

# Section 5.1 resizes to 256 and crops 224; other crops keep that proportion.
_PAPER_RESIZE = 256
_PAPER_CROP = 224

CHANNELS = 3


def resize_size(crop: int) -> int:
    """Return the side, in pixels, that images are resized to before a crop of side `crop`.

    Section 5.1 resizes to 256 and crops 224; other crops keep the proportion (28 gives 32).
    """
    if crop < 1:
        raise ValueError(f"expected `crop` to be at least 1 pixel. Received: crop={crop}")
    return round(crop * _PAPER_RESIZE / _PAPER_CROP)


@as_written
def decode(encoded: tf.Tensor, *, max_pixels: int | None = MAX_PIXELS) -> tf.Tensor:
    """Decode one JPEG, PNG, GIF (first frame), BMP or WebP to RGB, upright as its EXIF tag says.

    Its bytes decide which it is, not its name. Grey values are repeated, palettes looked up, CMYK
    and YCCK converted (as inverted values where Adobe's marker is there), 16 bits cut to their
    upper 8, and an alpha channel is dropped, not blended. But for 16-bit grey, which Pillow clips,
    pixels equal those of its `convert("RGB")`. What TensorFlow reads wrongly is refused.

    Args:
        encoded: string scalar, the whole file.
        max_pixels: height times width at most, 1..2147483647; None is no limit.

    Returns:
        uint8 [height, width, 3].

    Raises:
        ValueError: for a limit out of range.
        tf.errors.InvalidArgumentError: when run, for bytes that are no such image or break off, for
            a palette or compression in a BMP, transparency or a partial first frame in a GIF, an
            animated WebP, and more than `max_pixels` pixels.
    """
    size = checked_size(encoded, max_pixels)
    with tf.control_dependencies([size]):
        stored = tf.case(
            [
                (tf.io.is_jpeg(encoded), lambda: _decode_jpeg(encoded)),
                (begins(encoded, WEBP), lambda: _decode_webp(encoded)),
            ],
            default=lambda: _decode_other(encoded),
        )
    with tf.control_dependencies([check_decoded(stored, size)]):
        return tf.ensure_shape(upright(stored, encoded), [None, None, CHANNELS])


def _decode_jpeg(encoded: tf.Tensor) -> tf.Tensor:
    # The default of decode_jpeg trades accuracy for speed: up to 5 levels off other decoders.
    return tf.io.decode_jpeg(encoded, CHANNELS, dct_method="INTEGER_ACCURATE")


def _decode_other(encoded: tf.Tensor) -> tf.Tensor:
    return tf.io.decode_image(first_frame(encoded), CHANNELS, expand_animations=False)


def _decode_webp(encoded: tf.Tensor) -> tf.Tensor:
    # It cannot be asked to drop an alpha channel.
    return tf.io.decode_image(encoded, expand_animations=False)[..., :CHANNELS]


def resize(image: tf.Tensor, size: int) -> tf.Tensor:
    """Resize to `size` x `size` by an antialiased Lanczos filter, of any aspect ratio.

    Overshoots of the filter are clipped to 0..255. An image that has that size stays as it is.

    Args:
        image: uint8 [..., height, width, 3], one image or a batch.
        size: side of the result in pixels.

    Returns:
        uint8 [..., size, size, 3].
    """

    def filtered() -> tf.Tensor:
        resized = tf.image.resize(image, [size, size], method="lanczos3", antialias=True)
        return tf.saturate_cast(tf.round(resized), tf.uint8)

    fits = tf.reduce_all(tf.shape(image)[-3:-1] == size)
    resized = tf.cond(fits, lambda: image, filtered)
    return tf.ensure_shape(resized, [*image.shape[:-3], size, size, CHANNELS])


def center_crop(image: tf.Tensor, crop: int) -> tf.Tensor:
    """Return the central `crop` x `crop` pixels of uint8 [..., height, width, 3].

    An odd margin leaves its extra pixel at the bottom and at the right.
    """
    height, width = tf.unstack(tf.shape(image)[-3:-1])
    top, left = (height - crop) // 2, (width - crop) // 2
    cropped = image[..., top : top + crop, left : left + crop, :]
    return tf.ensure_shape(cropped, [*image.shape[:-3], crop, crop, CHANNELS])


def crop_flip(
    image: tf.Tensor, crop: int, *, top: tf.Tensor, left: tf.Tensor, mirrored: tf.Tensor
) -> tf.Tensor:
    """Cut `crop` x `crop` pixels out of an image, and mirror them left to right if asked.

    Args:
        image: uint8 [height, width, 3].
        crop: side of the result in pixels.
        top: integer scalar, rows above the crop.
        left: integer scalar, columns left of it.
        mirrored: bool scalar.

    Returns:
        uint8 [crop, crop, 3].
    """
    cropped = image[top : top + crop, left : left + crop]
    cropped = tf.cond(mirrored, lambda: tf.reverse(cropped, axis=[1]), lambda: cropped)
    return tf.ensure_shape(cropped, [crop, crop, CHANNELS])
