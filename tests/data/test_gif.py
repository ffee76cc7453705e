"""Frames that do not fill their screen, transparent ones, and what stands before them."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf
from support.image_factory import GIF_PALETTE, gif, gif_frame, pillow_rgb

from hsm.data.gif import decode_gif

RNG = np.random.default_rng(0)
FULL = RNG.integers(0, 16, (20, 30), np.uint8)
PART = RNG.integers(0, 16, (8, 10), np.uint8)
SCREEN = (30, 20)
OWN_PALETTE = GIF_PALETTE[::-1].copy()
COMMENT = b"\x21\xfe\x05hello\x03you\0"
LOOP = b"\x21\xff\x0bNETSCAPE2.0\x03\x01\0\0\0"

KINDS = {
    "full": gif(SCREEN, gif_frame(FULL)),
    "full, transparent": gif(SCREEN, gif_frame(FULL, transparent=3)),
    "own palette": gif(SCREEN, gif_frame(FULL, palette=OWN_PALETTE)),
    "part": gif(SCREEN, gif_frame(PART, (5, 6))),
    "part, transparent": gif(SCREEN, gif_frame(PART, (5, 6), transparent=3)),
    "part, own palette": gif(SCREEN, gif_frame(PART, (5, 6), transparent=4, palette=OWN_PALETTE)),
    "beyond the screen": gif(SCREEN, gif_frame(PART, (25, 16))),
    "part, then full": gif(SCREEN, gif_frame(PART, (5, 6)), gif_frame(FULL)),
    "full, then part": gif(SCREEN, gif_frame(FULL), gif_frame(PART, (5, 6), transparent=3)),
    "extensions": gif(SCREEN, gif_frame(FULL, transparent=3), extensions=COMMENT + LOOP),
    "no end": gif(SCREEN, gif_frame(FULL))[:-1],
}


@pytest.mark.parametrize("kind", KINDS)
def test_decode_gif_equals_pillow(kind):
    np.testing.assert_array_equal(tf.function(decode_gif)(KINDS[kind]), pillow_rgb(KINDS[kind]))


def test_decode_gif_shows_the_pixels_of_the_first_frame():
    decoded = decode_gif(tf.constant(KINDS["part, then full"])).numpy()
    assert decoded.shape == (20, 30, 3)
    np.testing.assert_array_equal(decoded[6:14, 5:15], GIF_PALETTE[PART])


@pytest.mark.parametrize("length", [6, 13, 40, 61, 70, 75, 200])
def test_decode_gif_refuses_a_file_that_breaks_off(length):
    with pytest.raises(tf.errors.InvalidArgumentError):
        tf.function(decode_gif)(KINDS["full"][:length])
