"""Decoding and resizing against Pillow; crops and flips against their statement."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image
from support.image_factory import encode, photograph, pillow_rgb, png16

from hsm.data import images

LANCZOS = Image.Resampling.LANCZOS
PHOTO = photograph()
ALPHA = Image.fromarray(np.random.default_rng(1).integers(0, 256, (43, 61), np.uint8))
RGBA = PHOTO.copy()
RGBA.putalpha(ALPHA)

ENCODED = {
    "jpeg": encode(PHOTO, "JPEG", quality=90),
    "jpeg 4:4:4": encode(PHOTO, "JPEG", subsampling=0),
    "jpeg 4:2:2": encode(PHOTO, "JPEG", subsampling=1),
    "jpeg progressive": encode(PHOTO, "JPEG", progressive=True),
    "jpeg stored as RGB": encode(PHOTO, "JPEG", keep_rgb=True),
    "jpeg grey": encode(PHOTO.convert("L"), "JPEG"),
    "jpeg CMYK": encode(PHOTO.convert("CMYK"), "JPEG"),
    "jpeg of several pictures": encode(PHOTO, "MPO", save_all=True, append_images=[PHOTO]),
    "png": encode(PHOTO, "PNG"),
    "png grey": encode(PHOTO.convert("L"), "PNG"),
    "png grey alpha": encode(RGBA.convert("LA"), "PNG"),
    "png black and white": encode(PHOTO.convert("1"), "PNG"),
    "png RGBA": encode(RGBA, "PNG"),
    "png palette": encode(PHOTO.quantize(200), "PNG"),
    "png palette of 4": encode(PHOTO.quantize(4), "PNG", bits=2),
    "png palette transparent": encode(PHOTO.quantize(200), "PNG", transparency=3),
    "png animated": encode(PHOTO, "PNG", save_all=True, append_images=[PHOTO.rotate(180)]),
    "bmp": encode(PHOTO, "BMP"),
    "bmp grey": encode(PHOTO.convert("L"), "BMP"),
    "bmp 32 bits": encode(RGBA, "BMP"),
    "gif": encode(PHOTO.quantize(200), "GIF"),
    "gif grey": encode(PHOTO.convert("L"), "GIF"),
    "gif not interlaced": encode(PHOTO.quantize(50), "GIF", interlace=0),
    "gif animated": encode(
        PHOTO.quantize(90), "GIF", save_all=True, append_images=[PHOTO.rotate(180).quantize(64)]
    ),
    "webp": encode(PHOTO, "WEBP"),
    "webp lossless": encode(PHOTO, "WEBP", lossless=True),
    "webp alpha": encode(RGBA, "WEBP"),
    "webp lossless alpha": encode(RGBA, "WEBP", lossless=True, exact=True),
    "webp profile": encode(PHOTO, "WEBP", icc_profile=b"profile"),
}


@tf.function(input_signature=[tf.TensorSpec([], tf.string)])
def decode_in_graph(encoded):
    return images.decode(encoded)


def test_decode_equals_pillow():
    for kind, encoded in ENCODED.items():
        decoded = decode_in_graph(encoded)
        assert decoded.dtype == tf.uint8
        np.testing.assert_array_equal(decoded, pillow_rgb(encoded), err_msg=kind)


def test_decode_of_ycck_equals_pillow():
    encoded = bytearray(ENCODED["jpeg CMYK"])
    encoded[encoded.index(b"Adobe") + 11] = 2  # the marker's transform: 0 is CMYK, 2 is YCCK
    expected = pillow_rgb(bytes(encoded))
    assert np.abs(expected.astype(int) - pillow_rgb(ENCODED["jpeg CMYK"])).max() > 50
    np.testing.assert_array_equal(decode_in_graph(bytes(encoded)), expected)


@pytest.mark.parametrize("shape", [(20, 30), (20, 30, 2), (20, 30, 3), (20, 30, 4)])
def test_decode_keeps_the_upper_byte_of_16_bits(shape):
    values = np.random.default_rng(0).integers(0, 2**16, shape, np.uint16)
    colors = values[..., :3] if shape[2:] > (2,) else values.reshape(20, 30, -1)[..., :1]
    expected = np.broadcast_to(colors >> 8, (20, 30, 3))
    np.testing.assert_array_equal(decode_in_graph(png16(values)), expected)


def test_decode_runs_without_a_graph_too():
    np.testing.assert_array_equal(images.decode(tf.constant(ENCODED["png"])), PHOTO)


def test_decode_refuses_a_file_that_breaks_off():
    for kind in ("jpeg", "jpeg progressive", "png", "bmp", "gif", "webp", "webp lossless alpha"):
        for part in (0.02, 0.5, 0.97):
            with pytest.raises(tf.errors.InvalidArgumentError):
                decode_in_graph(ENCODED[kind][: int(part * len(ENCODED[kind]))])


def test_decode_refuses_what_is_no_image():
    for encoded in (b"", b"\xff\xd8\xff", b"BM", b"GIF89a", b"RIFF1234WEBP", b"no image at all"):
        with pytest.raises(tf.errors.InvalidArgumentError):
            decode_in_graph(encoded)


SIZES = [(227, 227), (480, 640), (100, 700), (31, 8), (1, 1)]


@pytest.mark.parametrize(("height", "width"), SIZES)
@pytest.mark.parametrize("size", [256, 32])
def test_resize_equals_pillow_in_floating_point(height, width, size):
    image = photograph(height, width)
    planes = [channel.convert("F").resize((size, size), LANCZOS) for channel in image.split()]
    expected = np.clip(np.rint(np.stack(planes, axis=-1)), 0, 255)
    resized = images.resize(tf.constant(np.asarray(image)), size)
    assert resized.dtype == tf.uint8
    # One level where a value falls between two.
    assert np.abs(resized.numpy() - expected).max() <= 1
    assert (resized.numpy() != expected).mean() < 1e-3


@pytest.mark.parametrize(("height", "width"), SIZES)
@pytest.mark.parametrize("size", [256, 32])
def test_resize_equals_pillow_in_integers(height, width, size):
    # Pillow clips overshoots after the rows and again after the columns: here there are none.
    image = photograph(height, width).point(lambda value: 64 + value // 2)
    expected = np.asarray(image.resize((size, size), LANCZOS)).astype(int)
    resized = images.resize(tf.constant(np.asarray(image)), size)
    assert np.abs(resized.numpy() - expected).max() <= 1


def test_resize_clips_the_overshoot_of_an_edge():
    edge = np.zeros((8, 8, 3), np.uint8)
    edge[:, 4:] = 255
    resized = images.resize(tf.constant(edge), 32).numpy()
    assert (resized[:, :14] < 50).all()
    assert (resized[:, 18:] > 205).all()


def test_resize_returns_an_image_of_that_size_unchanged():
    noise = np.random.default_rng(0).integers(0, 256, (32, 32, 3), np.uint8)
    np.testing.assert_array_equal(images.resize(tf.constant(noise), 32), noise)


def test_resize_of_a_batch_equals_that_of_its_images():
    batch = np.random.default_rng(0).integers(0, 256, (3, 20, 30, 3), np.uint8)
    one_by_one = [images.resize(tf.constant(image), 32) for image in batch]
    np.testing.assert_array_equal(images.resize(tf.constant(batch), 32), one_by_one)


@pytest.mark.parametrize(("crop", "size"), [(224, 256), (28, 32), (112, 128), (227, 259)])
def test_resize_size_keeps_the_papers_proportion(crop, size):
    assert images.resize_size(crop) == size


def test_resize_size_refuses_a_crop_of_nothing():
    with pytest.raises(ValueError, match="`crop` to be at least 1 pixel. Received: crop=0"):
        images.resize_size(0)


def test_center_crop_takes_the_middle():
    image = np.arange(256 * 256 * 3).reshape(256, 256, 3).astype(np.uint8)
    expected = image[16:240, 16:240]
    np.testing.assert_array_equal(images.center_crop(tf.constant(image), 224), expected)
    batch = images.center_crop(tf.constant(np.stack([image, image[::-1]])), 224)
    np.testing.assert_array_equal(batch[0], expected)
    assert images.center_crop(tf.constant(image[:33, :32]), 28).shape == (28, 28, 3)
