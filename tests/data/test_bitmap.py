"""Kinds of bitmap that Pillow reads and does not write."""

from __future__ import annotations

import struct

import numpy as np
import pytest
import tensorflow as tf
from support.image_factory import bmp, os2_bmp, photograph, pillow_rgb

from hsm.data.bitmap import decode_bitmap

PHOTO = np.asarray(photograph(5, 7))
BGR = PHOTO[..., ::-1]
BGRA = np.concatenate([BGR, BGR[..., :1]], axis=-1)
UP = slice(None, None, -1)
MASKS = struct.pack("<IIII", 0xFF0000, 0xFF00, 0xFF, 0xFF000000)
REVERSED_MASKS = struct.pack("<IIII", 0xFF, 0xFF00, 0xFF0000, 0xFF000000)
INDICES = np.random.default_rng(0).integers(0, 16, (5, 7), np.uint8)
PALETTE = np.random.default_rng(1).integers(0, 256, (16, 4), np.uint8)
PALETTE[:, 3] = 0


def rows_of(pixels: np.ndarray) -> list[bytes]:
    return [row.tobytes() for row in pixels]


def nibbles(indices: np.ndarray) -> list[bytes]:
    padded = np.pad(indices, [(0, 0), (0, 1)])
    return rows_of(padded[:, 0::2] << 4 | padded[:, 1::2])


KINDS = {
    "24 bits, top down": bmp(rows_of(BGR), (7, -5), 24),
    "24 bits, newest header": bmp(rows_of(BGR[UP]), (7, 5), 24, header_size=124),
    "24 bits, bytes at the end": bmp(rows_of(BGR[UP]), (7, 5), 24) + b"\0\0",
    "32 bits": bmp(rows_of(BGRA[UP]), (7, 5), 32),
    "32 bits, top down": bmp(rows_of(BGRA), (7, -5), 32),
    "32 bits, masks": bmp(
        rows_of(BGRA[UP]), (7, 5), 32, masks=MASKS, header_size=124, compression=3
    ),
    "8 bits, top down": bmp(rows_of(INDICES), (7, -5), 8, palette=PALETTE.tobytes() + bytes(960)),
    "4 bits": bmp(nibbles(INDICES[UP]), (7, 5), 4, palette=PALETTE.tobytes()),
}

UNSUPPORTED = {
    "16 bits": bmp(rows_of(BGR[UP, :, :2]), (7, 5), 16),
    "OS/2": os2_bmp(photograph(5, 7)),
    "run lengths": bmp([b"\0\1"], (7, 5), 8, palette=bytes(1024), compression=1),
    "reversed channels": bmp(
        rows_of(BGRA[UP]), (7, 5), 32, masks=REVERSED_MASKS, header_size=124, compression=3
    ),
}


@pytest.mark.parametrize("kind", KINDS)
def test_decode_bitmap_equals_pillow(kind):
    np.testing.assert_array_equal(tf.function(decode_bitmap)(KINDS[kind]), pillow_rgb(KINDS[kind]))


@pytest.mark.parametrize("kind", UNSUPPORTED)
def test_decode_bitmap_refuses_other_kinds(kind):
    with pytest.raises(tf.errors.InvalidArgumentError, match="a kind of BMP that is not supported"):
        tf.function(decode_bitmap)(UNSUPPORTED[kind])


@pytest.mark.parametrize("kind", KINDS)
def test_decode_bitmap_refuses_a_file_that_breaks_off(kind):
    with pytest.raises(tf.errors.InvalidArgumentError):
        tf.function(decode_bitmap)(KINDS[kind][:-10])
