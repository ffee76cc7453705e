from __future__ import annotations

import numpy as np
from sklearn.datasets import load_digits

from hsm.data.sources import load_source


def test_digits_are_scikit_learns_split_by_class():
    source = load_source("digits")
    assert source.name == "digits"
    assert source.train.class_names == ("0", "1", "2", "3", "4")
    assert source.test.class_names == ("5", "6", "7", "8", "9")
    assert len(source.train) + len(source.test) == 1797
    assert not source.flip
    digits = load_digits()
    for split, first in ((source.train, 0), (source.test, 5)):
        chosen = (digits.target >= first) & (digits.target < first + 5)
        np.testing.assert_array_equal(split.labels + first, digits.target[chosen])
        assert split.labels.dtype == np.int32
        assert split.images.dtype == np.uint8
        assert split.images.shape == (chosen.sum(), 8, 8, 3)
        for channel in range(3):
            grey = split.images[..., channel] * (16 / 255)
            np.testing.assert_allclose(grey, digits.images[chosen], atol=0.04)
        assert split.images.max() == 255


def test_digits_can_be_limited():
    source = load_source("digits", limit=50)
    for split in (source.train, source.test):
        assert np.bincount(split.labels).tolist() == [10] * 5
    assert source.checksum() != load_source("digits").checksum()
    assert load_source("digits", limit=8).test.class_names == ("5", "6")
