"""Landmarks where the crops of a batch have them: moved with the crop, mirrored with it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hsm.data.pipeline import Crop, Places

# The left and the right one of each pair change places in a mirrored picture.
_MIRRORED = (1, 0, 3, 2, 5, 4, 7, 6)


def landmarks_in_crops(
    landmarks: NDArray[np.float32], crop: Crop, places: Places, *, cut_off: int
) -> NDArray[np.float32]:
    """Return landmarks as shares of a crop's side.

    Args:
        landmarks: float32 [n, 8, 3]: x and y as shares of the whole image, and visibility, pairs of
            left and right ones; of the images that stand at `places`.
        crop: what is cut out of the resized images.
        places: where, n of them.
        cut_off: the visibility of those that lie outside of the crop.

    Returns:
        float32 [n, 8, 3]: x and y, 0 to 1 inside of the crop, and visibility.
    """
    side = crop.size + crop.margin
    offset = np.stack([places.left, places.top], axis=1)[:, None].astype(np.float32)
    moved = landmarks.copy()
    moved[..., :2] = (landmarks[..., :2] * side - offset) / crop.size
    mirrored = moved[:, _MIRRORED]
    mirrored[..., 0] = 1.0 - mirrored[..., 0]
    moved = np.where(places.mirrored[:, None, None], mirrored, moved)
    outside = ((moved[..., :2] < 0.0) | (moved[..., :2] > 1.0)).any(axis=-1)
    moved[..., 2][outside] = cut_off
    return moved
