"""The lifted structured loss against loops, and against pytorch-metric-learning's numbers."""

from __future__ import annotations

import numpy as np
import pytest
from support.loss_gradients import check_against, value_and_gradient

from hsm.losses import LiftedStructure

LABELS = [0, 0, 0, 1, 1, 2, 2, 2, 3, 3]


def points(seed):
    return np.random.default_rng(seed).normal(size=(10, 4)).astype(np.float32)


def loops(x, labels, margin):
    def distance(i, j):
        return np.linalg.norm(x[i] - x[j])

    total, number = 0.0, 0
    for i in range(len(x)):
        for j in range(i + 1, len(x)):
            if labels[i] == labels[j]:
                pulls = [
                    np.exp(margin - distance(end, k))
                    for end in (i, j)
                    for k in range(len(x))
                    if labels[k] != labels[end]
                ]
                total += max(0.0, np.log(sum(pulls)) + distance(i, j)) ** 2
                number += 1
    return total / (2 * number)


@pytest.mark.parametrize("scale", [1.0, 8.0])
@pytest.mark.parametrize("margin", [0.5, 1.0])
def test_it_is_the_mean_over_positive_pairs(margin, scale):
    loss = LiftedStructure(margin)
    check_against(lambda x: loops(x, LABELS, margin), loss, LABELS, scale * points(1))


def test_it_is_pytorch_metric_learnings():
    # pytorch-metric-learning 2.9.0, torch 2.13.0: LiftedStructureLoss(neg_margin=1, pos_margin=0,
    # distance=LpDistance(normalize_embeddings=False))(points(0), LABELS)
    value, gradient = value_and_gradient(LiftedStructure(1.0), LABELS, points(0))
    assert value == pytest.approx(7.04079532623291, rel=1e-5)
    assert np.linalg.norm(gradient) == pytest.approx(1.8605948686599731, rel=1e-5)
    first = [0.16628681123256683, 0.38130825757980347, -0.32298967242240906, -0.03744351491332054]
    np.testing.assert_allclose(gradient[0], first, rtol=1e-4, atol=1e-6)


def test_far_points_neither_overflow_nor_lose_the_gradient():
    value, gradient = value_and_gradient(LiftedStructure(), LABELS, 1e4 * points(0))
    assert np.isfinite(value)
    assert np.isfinite(gradient).all()
    assert np.any(gradient)


@pytest.mark.parametrize("margin", [0.0, float("inf")])
def test_a_margin_out_of_range_is_refused(margin):
    with pytest.raises(ValueError, match=r"expected margin to be positive and finite. Received: "):
        LiftedStructure(margin)
