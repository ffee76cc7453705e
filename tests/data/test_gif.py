"""Of a GIF the first frame alone is decoded, whatever follows it."""

from __future__ import annotations

import io
import time

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image
from support.image_factory import gif, gif_frame

from hsm.data import images
from hsm.data.gif import first_frame

SIDE = 40


@tf.function(input_signature=[tf.TensorSpec([], tf.string)])
def cut(encoded):
    return first_frame(encoded)


def animated(frames=3, local=False):
    rng = np.random.default_rng(0)
    pictures = [
        Image.fromarray(rng.integers(0, 256, (SIDE, 60, 3), dtype=np.uint8)) for _ in range(frames)
    ]
    if local:
        pictures = [picture.quantize(16 + 16 * i) for i, picture in enumerate(pictures)]
    file = io.BytesIO()
    pictures[0].save(
        file, "GIF", save_all=True, append_images=pictures[1:], loop=0, comment=b"x" * 600
    )
    return file.getvalue()


@pytest.mark.parametrize("local", [False, True])
def test_the_first_frame_stays_and_the_others_go(local):
    whole = animated(local=local)
    first = cut(whole).numpy()
    with Image.open(io.BytesIO(whole)) as before, Image.open(io.BytesIO(first)) as after:
        assert (before.n_frames, after.n_frames) == (3, 1)
    assert len(first) < len(whole) / 2
    np.testing.assert_array_equal(images.decode(first), images.decode(whole))


def test_a_single_frame_stays_as_it_is():
    assert cut(animated(1)) == animated(1)


def test_what_breaks_off_before_its_first_frame_ends_stays_as_it_is():
    whole = animated(1)[:900]
    for end in range(0, 900, 7):
        assert cut(whole[:end]) == whole[:end], end


def test_other_files_stay_as_they_are():
    for content in (b"", b"GIF8", b"\x89PNG\r\n", b"GIF89a" + b"\xff" * 40):
        assert cut(content) == content


def test_frames_behind_the_first_are_not_unpacked():
    """A larger one makes TensorFlow return another size, if it is unpacked."""
    few, many = np.zeros((20, 30), np.uint8), np.zeros((SIDE, SIDE), np.uint8)
    content = gif((30, 20), gif_frame(few), gif_frame(many))
    assert images.decode(content).shape == (20, 30, 3)


def test_a_frame_without_an_end_is_refused_soon():
    head = gif((30, 20), gif_frame(np.zeros((20, 30), np.uint8)))
    hostile = head[: head.index(b"\x2c\0\0\0\0") + 11] + b"\1a" * 3_000_000 + b"\0;"
    begin = time.process_time()
    with pytest.raises(tf.errors.InvalidArgumentError, match="at most 100000 blocks"):
        cut(hostile)
    # Unbounded it takes minutes.
    assert time.process_time() - begin < 30
