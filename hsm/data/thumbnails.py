"""Small pictures of a few images, read again for looking at them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from hsm.data import pipeline
from hsm.data.sources.source import Split, take


def thumbnails(split: Split, indices: Sequence[int] | np.ndarray, size: int) -> np.ndarray:
    """Return the central crop of some images of `split`: what a network sees of them.

    Each of them is read once, however often it occurs; no other image is read.

    Args:
        split: the images.
        indices: [m], which of them.
        size: side in pixels.

    Returns:
        uint8 [m, size, size, 3], in the order of `indices`.
    """
    distinct, places = np.unique(np.asarray(indices, np.int64), return_inverse=True)
    if not distinct.size:
        return np.empty((0, size, size, 3), np.uint8)
    # Only pixels are asked for: every image is given a class of one name.
    few = Split(take(split.images, distinct), np.zeros(len(distinct), np.int32), ("",))
    batches = pipeline.evaluation_batches(few, crop=size)
    return np.concatenate([images for images, _ in batches])[places]


def image_name(split: Split, index: int) -> str:
    """Return what an image is called: its file with its folder, or its number without a file."""
    if isinstance(split.images, tuple):
        return "/".join(Path(split.images[index]).parts[-2:])
    return str(index)
