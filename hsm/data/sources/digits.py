"""The 8x8 handwritten digits inside scikit-learn: a data set that needs no download."""

from __future__ import annotations

import numpy as np
from sklearn.datasets import load_digits

from hsm.data.sources.source import ImageSource, Split, first_per_class

_TRAIN_DIGITS = range(5)
_TEST_DIGITS = range(5, 10)
_MAX_VALUE = 16.0


def load(*, limit: int | None = None) -> ImageSource:
    """Return 1,797 digits of 8x8 pixels: 0 to 4 train, 5 to 9 are the unseen test classes.

    Args:
        limit: about how many images of each part to keep, evenly over classes; None keeps all.
    """
    digits = load_digits()
    grey = np.rint(digits.images * (255 / _MAX_VALUE)).astype(np.uint8)
    pixels = np.repeat(grey[..., np.newaxis], 3, axis=-1)
    return ImageSource(
        name="digits",
        train=_split(pixels, digits.target, _TRAIN_DIGITS, limit),
        test=_split(pixels, digits.target, _TEST_DIGITS, limit),
        flip=False,
    )


def _split(pixels: np.ndarray, target: np.ndarray, digits: range, limit: int | None) -> Split:
    chosen = np.flatnonzero(np.isin(target, digits))
    labels = (target[chosen] - digits.start).astype(np.int32)
    kept = first_per_class(labels, limit)
    labels = labels[kept]
    names = tuple(str(digit) for digit in digits[: labels.max() + 1])
    return Split(pixels[chosen[kept]], labels, names)
