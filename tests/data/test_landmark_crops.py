"""Landmarks follow the crops: where a dot is in a batch's picture, there its landmark is."""

from __future__ import annotations

import numpy as np

from hsm.data.landmark_crops import landmarks_in_crops
from hsm.data.pipeline import Crop, Places, TrainingBatches, draw_places
from hsm.data.sampling import BatchOrder
from hsm.data.sources.source import Split

SIDE, SIZE = 32, 28
SWAPPED = (1, 0, 3, 2, 5, 4, 7, 6)


def dotted(count):
    """Pictures of eight dots each, dot j of the brightness 100 + j, and where they are."""
    rng = np.random.default_rng(0)
    pixels = np.zeros((count, SIDE, SIDE, 3), np.uint8)
    landmarks = np.zeros((count, 8, 3), np.float32)
    for image in range(count):
        places = rng.choice(SIDE * SIDE, 8, replace=False)
        for number, (y, x) in enumerate(zip(*np.divmod(places, SIDE), strict=True)):
            pixels[image, y, x] = 100 + number
            landmarks[image, number] = (x + 0.5) / SIDE, (y + 0.5) / SIDE, 0
    return pixels, landmarks


def test_a_visible_landmark_is_where_the_training_batch_shows_it():
    pixels, landmarks = dotted(30)
    split = Split(pixels, np.arange(30, dtype=np.int32), tuple(map(str, range(30))))
    # An image that comes twice lies elsewhere the second time.
    order = BatchOrder(np.r_[np.arange(30)[::-1], 3, 3], np.full(4, 8))
    crop = Crop(SIZE, random=True, flip=True)
    shown = np.concatenate(
        [images for images, _ in TrainingBatches(split, crop)(order, seed=3, epoch=2)]
    )
    places = draw_places(crop, order, num_images=30, seed=(3, 2))
    assert 0 < places.mirrored.sum() < len(places.mirrored)
    found = landmarks_in_crops(landmarks[order.indices], crop, places, cut_off=2)
    cut = 0
    for picture, marks, mirrored in zip(shown, found, places.mirrored, strict=True):
        for number, (x, y, state) in enumerate(marks):
            # The dot of a left sleeve is that of the right one once it is mirrored.
            dot = 100 + (SWAPPED[number] if mirrored else number)
            if state == 2:
                cut += 1
                assert not (picture == dot).any()
            else:
                assert picture[int(y * SIZE), int(x * SIZE), 0] == dot
    assert cut


def test_hidden_landmarks_stay_hidden_and_central_crops_take_the_margin_off():
    landmarks = np.tile(np.array([0.5, 0.25, 1.0], np.float32), (1, 8, 1))
    one, corner = np.array([1]), np.array([2])
    places = Places(one, np.array([0]), corner, corner, np.array([False]))
    found = landmarks_in_crops(landmarks, Crop(SIZE, random=False), places, cut_off=2)
    np.testing.assert_allclose(found[0], [[14 / 28, 6 / 28, 1.0]] * 8, rtol=1e-6)
