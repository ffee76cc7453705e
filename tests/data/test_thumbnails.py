"""Thumbnails are the evaluation's own crops, and nothing else is read."""

from __future__ import annotations

import numpy as np
from support.image_factory import encode, photograph

from hsm.data import pipeline
from hsm.data.sources.source import EncodedImages, Split
from hsm.data.thumbnails import thumbnails


def test_pixels_are_those_of_the_evaluation_in_the_order_asked_for():
    pixels = np.stack([np.asarray(photograph(40, 40, seed)) for seed in range(5)])
    split = Split(pixels, np.arange(5, dtype=np.int32), tuple("abcde"))
    ((expected, _),) = pipeline.evaluation_batches(split, crop=14)
    np.testing.assert_array_equal(thumbnails(split, [4, 1, 4], 14), expected[[4, 1, 4]])


def test_only_what_is_shown_is_read_and_once():
    read = []

    def record(number):
        read.append(number)
        return encode(photograph(30, 30, number), "PNG")

    images = EncodedImages(record, np.arange(1000))
    split = Split(images, np.zeros(1000, np.int32), ("a",))
    assert thumbnails(split, [7, 3, 7, 7], 14).shape == (4, 14, 14, 3)
    assert sorted(read) == [3, 7]


def test_nothing_is_nothing():
    split = Split(np.zeros((1, 8, 8, 3), np.uint8), np.zeros(1, np.int32), ("a",))
    assert thumbnails(split, [], 14).shape == (0, 14, 14, 3)
