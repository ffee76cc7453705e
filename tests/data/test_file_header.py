"""What is refused before it is decoded, and that what is not is decoded rightly."""

from __future__ import annotations

import io
import struct
import time

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image
from support.image_factory import (
    GIF_PALETTE,
    bmp,
    chunk,
    encode,
    gif,
    gif_frame,
    os2_bmp,
    photograph,
    pillow_rgb,
)

from hsm.data import file_header, images

PHOTO = photograph(20, 30)
RNG = np.random.default_rng(0)

SCREEN = (30, 20)
FULL = RNG.integers(0, 16, (20, 30), np.uint8)
PART = RNG.integers(0, 16, (8, 10), np.uint8)
LARGER = RNG.integers(0, 16, (25, 40), np.uint8)
COMMENT = b"\x21\xfe\x05hello\x03you\0"
LOOP = b"\x21\xff\x0bNETSCAPE2.0\x03\x01\0\0\0"

BGR = np.asarray(PHOTO)[::-1, :, ::-1]
BGRA = np.concatenate([BGR, BGR[..., :1]], axis=-1)
MASKS = struct.pack("<IIII", 0xFF0000, 0xFF00, 0xFF, 0xFF000000)
REVERSED_MASKS = struct.pack("<IIII", 0xFF, 0xFF00, 0xFF0000, 0xFF000000)
MASKS_OF_16 = struct.pack("<III", 0xF800, 0x7E0, 0x1F)


def rows_of(pixels: np.ndarray) -> list[bytes]:
    return [row.tobytes() for row in pixels]


def rows_of_color(bits: int, **options: object) -> bytes:
    pixels = {16: BGR[..., :2], 24: BGR, 32: BGRA}[bits]
    return bmp(rows_of(pixels), SCREEN, bits, **options)


READ = {
    "gif": gif(SCREEN, gif_frame(FULL)),
    "gif, palette of the frame": gif(SCREEN, gif_frame(FULL, palette=GIF_PALETTE[::-1].copy())),
    "gif, extensions": gif(SCREEN, gif_frame(FULL), extensions=COMMENT + LOOP),
    "gif, larger than its screen": gif((10, 8), gif_frame(FULL)),
    "gif, no screen": gif((0, 0), gif_frame(FULL)),
    "gif, parts follow": gif(SCREEN, gif_frame(FULL), gif_frame(PART, (5, 6), transparent=3)),
    "gif, larger ones follow": gif(SCREEN, gif_frame(FULL), gif_frame(LARGER)),
    "gif, no end": gif(SCREEN, gif_frame(FULL))[:-1],
    "bmp, 24 bits, top down": bmp(rows_of(BGR), (30, -20), 24),
    "bmp, 24 bits, newest header": rows_of_color(24, header_size=124),
    "bmp, 32 bits": rows_of_color(32),
    "bmp, 32 bits, top down": bmp(rows_of(BGRA), (30, -20), 32),
    "bmp, 32 bits, masks": rows_of_color(32, masks=MASKS, header_size=124, compression=3),
    "bmp, greys": encode(PHOTO.convert("L"), "BMP"),
}

# TensorFlow decodes these without an error, to other pixels than Pillow or of another size.
WRONG_IN_SILENCE = {
    "gif, transparent": gif(SCREEN, gif_frame(FULL, transparent=3)),
    "gif, transparent behind others": gif(
        SCREEN, gif_frame(FULL, transparent=3), extensions=COMMENT + LOOP
    ),
    "gif, part": gif(SCREEN, gif_frame(PART, (5, 6))),
    "gif, part at the corner": gif(SCREEN, gif_frame(PART)),
    "gif, part beyond the screen": gif(SCREEN, gif_frame(PART, (25, 16))),
    "gif, part, then full": gif(SCREEN, gif_frame(PART, (5, 6)), gif_frame(FULL)),
    "bmp, palette": encode(PHOTO.quantize(200), "BMP"),
    "bmp, other masks": rows_of_color(32, masks=REVERSED_MASKS, header_size=124, compression=3),
}

NOT_READ = {
    "bmp, 16 colours": bmp([bytes(15)] * 20, SCREEN, 4, palette=bytes(range(64))),
    "bmp, black and white": encode(PHOTO.convert("1"), "BMP"),
    "bmp, 16 bits": rows_of_color(16),
    "bmp, 16 bits, masks": rows_of_color(16, masks=MASKS_OF_16, header_size=56, compression=3),
    "bmp, run lengths": bmp([b"\0\1"], SCREEN, 8, palette=bytes(1024), compression=1),
    "bmp, OS/2": os2_bmp(PHOTO),
    "webp, animated": encode(PHOTO, "WEBP", save_all=True, append_images=[PHOTO.rotate(180)]),
    "tiff": encode(PHOTO, "TIFF"),
    "jpeg 2000": encode(PHOTO, "JPEG2000"),
    "jpeg xl": b"\xff\x0a" + bytes(100),
    "jpeg xl in a box": b"\0\0\0\x0cJXL \r\n\x87\n" + bytes(100),
    "avif": b"\0\0\0\x1cftypavif" + bytes(100),
    "html": b"<!DOCTYPE html><html>404</html>",
    "gif, broken": gif(SCREEN, b"\x07" + gif_frame(FULL)),
    "gif, cut": READ["gif"][:40],
}

WORDS = {
    "gif": "expected a GIF whose first frame fills it and has no transparent colour, received anot",
    "bmp": "expected a BMP of 24 or 32 bits or of 256 greys, not compressed, received another",
    "webp, animated": "expected a WebP of a single picture, received an animation",
    "other": "expected a file of format JPEG, PNG, GIF, BMP or WebP, received another",
}


@tf.function(input_signature=[tf.TensorSpec([], tf.string)])
def decode(encoded):
    return images.decode(encoded)


@tf.function(input_signature=[tf.TensorSpec([], tf.string)])
def stated_size(encoded):
    return file_header.checked_size(encoded, None)


def refusal(encoded: bytes) -> str:
    with pytest.raises(tf.errors.InvalidArgumentError) as error:
        decode(encoded)
    return str(error.value)


def test_what_is_not_refused_equals_pillow():
    for kind, encoded in READ.items():
        np.testing.assert_array_equal(decode(encoded), pillow_rgb(encoded), err_msg=kind)


def test_what_is_read_wrongly_is_refused():
    for kind, encoded in (WRONG_IN_SILENCE | NOT_READ).items():
        words = WORDS.get(kind) or WORDS.get(kind.split(",")[0]) or WORDS["other"]
        message = refusal(encoded)
        assert words in message, kind
        assert "convert it to PNG" in message, kind


def test_refusals_are_needed():
    """A release of TensorFlow that reads one of these rightly ends its refusal."""
    for kind, encoded in WRONG_IN_SILENCE.items():
        expected = pillow_rgb(encoded)
        received = tf.io.decode_image(encoded, 3, expand_animations=False).numpy()
        assert received.shape != expected.shape or (received != expected).any(), kind


def test_an_animation_of_one_frame_is_refused_too():
    single = encode(PHOTO, "WEBP")[12:]
    side = struct.pack("<I", PHOTO.width - 1)[:3] + struct.pack("<I", PHOTO.height - 1)[:3]
    frame = chunk(b"ANMF", bytes(6) + side + bytes(4) + single)
    body = chunk(b"VP8X", b"\x02\0\0\0" + side) + chunk(b"ANIM", bytes(6)) + frame
    animation = b"RIFF" + struct.pack("<I", 4 + len(body)) + b"WEBP" + body
    assert Image.open(io.BytesIO(animation)).n_frames == 1
    assert WORDS["webp, animated"] in refusal(animation)


def test_sizes_are_those_of_pillow():
    kinds = [{"lossless": True}, {"lossless": False}, {"icc_profile": b"profile"}]
    for height, width in ((1, 1), (20, 30), (257, 3), (300, 16_383)):
        image = Image.new("RGB", (width, height))
        files = [encode(image, "WEBP", **options) for options in kinds]
        files += [encode(image, name) for name in ("JPEG", "PNG", "BMP", "GIF")]
        for encoded in files:
            assert stated_size(encoded).numpy().tolist() == [height, width], encoded[:30]


def bombs(side: int) -> dict[str, bytes]:
    """Short files that announce a square picture of `side` pixels."""
    small = Image.new("RGB", (8, 8))
    jpeg, png, gif_file, bitmap, webp, lossless = (
        bytearray(encode(small, name, **options))
        for name, options in (
            ("JPEG", {}),
            ("PNG", {}),
            ("GIF", {}),
            ("BMP", {}),
            ("WEBP", {}),
            ("WEBP", {"lossless": True}),
        )
    )
    frame = jpeg.index(b"\xff\xc0")
    jpeg[frame + 5 : frame + 9] = struct.pack(">HH", side, side)
    png[16:24] = struct.pack(">II", side, side)
    descriptor = gif_file.index(b"\x2c\0\0\0\0\x08")
    gif_file[6:10] = gif_file[descriptor + 5 : descriptor + 9] = struct.pack("<HH", side, side)
    bitmap[18:26] = struct.pack("<ii", side, -side)
    webp[26:30] = struct.pack("<HH", side, side)
    lossless[21:25] = struct.pack("<I", (side - 1) | (side - 1) << 14)
    canvas = 2 * struct.pack("<I", side - 1)[:3]
    extended = chunk(b"VP8X", bytes(4) + canvas) + bytes(encode(small, "WEBP"))[12:]
    files = {"jpeg": jpeg, "png": png, "gif": gif_file, "bmp": bitmap, "webp": webp}
    files |= {"webp lossless": lossless, "webp extended": b"RIFF\0\0\0\0WEBP" + extended}
    return {kind: bytes(content) for kind, content in files.items()}


def test_too_many_pixels_are_refused_before_they_are_decoded():
    for kind, bomb in bombs(16_000).items():
        message = refusal(bomb)
        expected = "expected at most max_pixels=100000000 pixels, received 16000 x 16000: make the"
        assert expected in message, kind
    largest = bombs(9)["png"][:16] + 2 * b"\x7f\xff\xff\xff"
    assert "received 2147483647 x 2147483647" in refusal(largest)


def test_the_limit_is_the_product_and_can_be_moved():
    encoded = tf.constant(encode(PHOTO, "PNG"))
    assert images.decode(encoded, max_pixels=600).shape == (20, 30, 3)
    with pytest.raises(
        tf.errors.InvalidArgumentError, match="at most max_pixels=599 pixels, received 30 x 20"
    ):
        images.decode(encoded, max_pixels=599)
    assert images.decode(encoded, max_pixels=None).shape == (20, 30, 3)


def test_pixels_are_as_many_as_were_checked():
    with pytest.raises(tf.errors.InvalidArgumentError, match="as large as its header says"):
        file_header.check_decoded(tf.zeros([20, 31, 3], tf.uint8), tf.constant([20, 30]))


@pytest.mark.parametrize("limit", [0, -1, 2**31])
def test_a_limit_out_of_range_is_refused(limit):
    message = f"expected `max_pixels` to be 1..2147483647. Received: max_pixels={limit}"
    with pytest.raises(ValueError, match=message):
        images.decode(tf.constant(encode(PHOTO, "PNG")), max_pixels=limit)


def test_a_search_for_the_first_frame_ends_soon():
    hostile = gif(SCREEN, gif_frame(FULL), extensions=b"\x21\xfe" + b"\1a" * 3_000_000 + b"\0")
    refusal(READ["gif"][:40])
    begin = time.process_time()
    assert WORDS["gif"] in refusal(hostile)
    # Unbounded it takes minutes.
    assert time.process_time() - begin < 10
