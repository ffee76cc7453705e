"""The triplet ratio and global loss against a loop over triplets."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf
from support.loss_gradients import check_against

from hsm.losses import TripletRatio

LABELS = [0, 1, 2, 2, 0, 1, 2, 2, 1, 2, 0, 1]


def points(seed):
    x = np.random.default_rng(seed).normal(size=(12, 3))
    return x / np.linalg.norm(x, axis=1, keepdims=True)


def loops(x, *, margin, global_weight, mean_weight, mean_margin):
    ratios, plus, minus = [], [], []
    for a in range(4):
        positive, negative = (np.linalg.norm(x[a] - x[a + block]) for block in (4, 8))
        ratios.append(max(0.0, 1.0 - negative / (positive + margin)))
        plus.append(positive**2 / 4)
        minus.append(negative**2 / 4)
    hinge = max(0.0, np.mean(plus) - np.mean(minus) + mean_margin)
    spread = np.var(plus) + np.var(minus)
    return np.mean(ratios) + global_weight * (spread + mean_weight * hinge)


@pytest.mark.parametrize(
    "arguments",
    [
        {"margin": 0.2, "global_weight": 1.0, "mean_weight": 1.0, "mean_margin": 0.01},
        {"margin": 0.5, "global_weight": 0.3, "mean_weight": 0.8, "mean_margin": 0.4},
        {"margin": 0.2, "global_weight": 0.0, "mean_weight": 1.0, "mean_margin": 0.01},
    ],
)
def test_it_is_both_terms(arguments):
    check_against(lambda x: loops(x, **arguments), TripletRatio(**arguments), LABELS, points(0))


@pytest.mark.parametrize("margin", [0.01, 0.2, 2.0])
def test_active_triplets_are_those_with_a_ratio_loss(margin):
    x, labels = points(0), tf.constant(LABELS)
    ratios = [
        np.linalg.norm(x[a] - x[a + 8]) / (np.linalg.norm(x[a] - x[a + 4]) + margin)
        for a in range(4)
    ]
    active = TripletRatio(margin).active(labels, tf.constant(x, tf.float32))
    assert int(active) == sum(ratio < 1.0 for ratio in ratios)
    assert active.dtype == tf.int64


def test_a_batch_that_is_no_triplets_is_refused():
    with pytest.raises(ValueError, match=r"positives and negatives, a multiple of 3. Received: 11"):
        TripletRatio()(LABELS[:11], points(0)[:11])


@pytest.mark.parametrize(("place", "message"), [(4, "of one class each"), (8, "of another class")])
def test_labels_that_contradict_the_layout_are_refused(place, message):
    labels = list(LABELS)
    labels[place] = 3 - 3 * (place == 8)
    with pytest.raises(tf.errors.InvalidArgumentError, match=f"then their negatives: {message}"):
        TripletRatio()(labels, points(0))


def test_an_argument_out_of_range_is_refused():
    with pytest.raises(ValueError, match=r"expected margin to be positive and finite. Received: "):
        TripletRatio(0.0)
    for name in ("global_weight", "mean_weight", "mean_margin"):
        with pytest.raises(ValueError, match=f"expected {name} to be 0 or more and finite. Receiv"):
            TripletRatio(**{name: -1.0})
