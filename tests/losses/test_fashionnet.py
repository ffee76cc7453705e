"""FashionNet's losses against loops and torch's numbers."""

from __future__ import annotations

import numpy as np
import pytest
from support.loss_gradients import check_against, value_and_gradient

from hsm.losses import AttributeCrossEntropy, LandmarkRegression, TripletMargin

LANDMARKS = np.random.default_rng(0).normal(size=(4, 3, 3))
LANDMARKS[..., 2] = [[1, 0, 1], [0, 0, 0], [1, 1, 1], [0, 1, 0]]
ATTRIBUTES = np.array([[1, -1, 1], [-1, -1, 1], [1, 1, -1], [-1, 1, -1], [-1, -1, -1]])
LOGITS = np.random.default_rng(3).normal(size=(5, 3)).astype(np.float32)


def landmark_loops(predicted):
    total = 0.0
    for image in range(4):
        for j in range(3):
            x, y, visible = LANDMARKS[image, j]
            total += visible * (
                (predicted[image, j, 0] - x) ** 2 + (predicted[image, j, 1] - y) ** 2
            )
    return total / 4


def test_landmarks_that_are_not_visible_count_nothing():
    predicted = np.random.default_rng(1).normal(size=(4, 3, 2))
    check_against(landmark_loops, LandmarkRegression(), LANDMARKS, predicted)
    hidden = np.where(LANDMARKS[..., 2:] > 0, LANDMARKS, np.nan)
    hidden[..., 2] = LANDMARKS[..., 2]
    value, gradient = value_and_gradient(LandmarkRegression(), hidden, predicted.astype(np.float32))
    assert value == pytest.approx(landmark_loops(predicted), rel=1e-5)
    np.testing.assert_array_equal(gradient[1], 0.0)


def test_landmarks_of_another_shape_are_refused():
    message = r"expected landmarks \(batch, landmarks, 3\).* Received: \(4, 3, 2\) and \(4, 3, 2\)"
    with pytest.raises(ValueError, match=message):
        LandmarkRegression()(LANDMARKS[..., :2], LANDMARKS[..., :2])


def attribute_loops(logits, attributes, positive, negative):
    total = 0.0
    for image in range(len(logits)):
        for j in range(3):
            p = 1.0 / (1.0 + np.exp(-logits[image, j]))
            has, lacks = attributes[image, j] == 1, attributes[image, j] == -1
            total -= has * positive[j] * np.log(p) + lacks * negative[j] * np.log(1.0 - p)
    return total / len(logits)


def test_attributes_are_weighted_and_unknown_ones_count_nothing():
    attributes, positive, negative = ATTRIBUTES.copy(), [3.0, 1.0, 0.5], [1.0, 2.0, 0.0]
    attributes[0, 1] = attributes[4, 0] = 0
    loss = AttributeCrossEntropy(positive, negative)
    check_against(
        lambda z: attribute_loops(z, attributes, positive, negative), loss, attributes, LOGITS
    )


def test_attributes_are_torchs():
    # torch 2.13.0: torch.nn.functional.binary_cross_entropy_with_logits(LOGITS, ATTRIBUTES > 0,
    # pos_weight=[3, 1, .5], reduction="sum") / 5
    value = AttributeCrossEntropy([3.0, 1.0, 0.5])(ATTRIBUTES, LOGITS).numpy()
    assert value == pytest.approx(3.0783645629882814, rel=1e-6)


def test_an_attribute_that_is_far_off_stays_finite():
    value, gradient = value_and_gradient(AttributeCrossEntropy(), ATTRIBUTES, 1e4 * LOGITS)
    assert np.isfinite(value)
    assert np.isfinite(gradient).all()


@pytest.mark.parametrize("weight", [-1.0, [], [1.0, float("inf")]])
def test_a_weight_out_of_range_is_refused(weight):
    with pytest.raises(ValueError, match=r"expected negative_weight to be 0 or more and finite"):
        AttributeCrossEntropy(1.0, weight)


def test_attributes_of_another_shape_are_refused():
    with pytest.raises(ValueError, match=r"expected attributes and logits .*\(5, 2\) and \(5, 3\)"):
        AttributeCrossEntropy()(ATTRIBUTES[:, :2], LOGITS)


def test_the_triplet_loss_is_torchs():
    # torch 2.13.0: torch.nn.functional.triplet_margin_loss(*torch.tensor(x).chunk(3), margin=1.0,
    # eps=0)
    x = np.random.default_rng(2).normal(size=(12, 4)).astype(np.float32)
    labels = [0, 1, 2, 3, 0, 1, 2, 3, 1, 2, 3, 0]
    assert TripletMargin(1.0)(labels, x).numpy() == pytest.approx(0.21118319034576416, rel=1e-5)

    def loops(x):
        terms = [
            np.linalg.norm(x[a] - x[a + 4]) - np.linalg.norm(x[a] - x[a + 8]) for a in range(4)
        ]
        return np.mean([max(0.0, term + 1.0) for term in terms])

    check_against(loops, TripletMargin(1.0), labels, x)


def test_a_margin_out_of_range_is_refused():
    with pytest.raises(ValueError, match=r"expected margin to be positive and finite. Received: "):
        TripletMargin(0.0)
