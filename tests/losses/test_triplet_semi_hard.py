"""The semi-hard triplet loss against loops over anchors, positives and negatives."""

from __future__ import annotations

import numpy as np
import pytest
from support.loss_gradients import check_against, value_and_gradient

from hsm.losses import TripletSemiHard

LABELS = [0, 0, 0, 1, 1, 2, 2, 2, 1, 3]


def points(seed, spread=1.0):
    return spread * np.random.default_rng(seed).normal(size=(len(LABELS), 4))


def loops(x, labels, margin, fallback):
    terms = []
    for a in range(len(x)):
        for p in range(len(x)):
            if p == a or labels[p] != labels[a]:
                continue
            to = [np.sum((x[a] - x[n]) ** 2) for n in range(len(x)) if labels[n] != labels[a]]
            d_ap = np.sum((x[a] - x[p]) ** 2)
            farther = [d for d in to if d > d_ap]
            if farther or (to and fallback == "farthest"):
                terms.append(max(0.0, d_ap - (min(farther) if farther else max(to)) + margin))
    return np.mean(terms) if terms else 0.0


@pytest.mark.parametrize("fallback", ["farthest", "skip"])
@pytest.mark.parametrize("margin", [0.2, 1.0])
@pytest.mark.parametrize("seed", [0, 1])
def test_it_is_the_mean_over_anchors_and_positives(seed, margin, fallback):
    loss = TripletSemiHard(margin, fallback=fallback)
    check_against(lambda x: loops(x, LABELS, margin, fallback), loss, LABELS, points(seed))


def test_the_fallback_decides_where_no_negative_is_farther():
    x, labels = np.array([[0.0], [3.0], [1.0], [2.0]]), [0, 0, 1, 2]
    for fallback, expected in {"farthest": 9.0 - 4.0 + 0.2, "skip": 0.0}.items():
        assert loops(x, labels, 0.2, fallback) == pytest.approx(expected)
        loss = TripletSemiHard(0.2, fallback=fallback)
        check = value_and_gradient(loss, labels, x.astype(np.float32))
        assert check[0] == pytest.approx(expected)
        assert np.any(check[1]) == bool(expected)


@pytest.mark.parametrize("margin", [0.0, -1.0, float("nan"), float("inf")])
def test_a_margin_out_of_range_is_refused(margin):
    with pytest.raises(ValueError, match=r"expected margin to be positive and finite. Received: "):
        TripletSemiHard(margin)


def test_an_unknown_fallback_is_refused():
    message = r"expected fallback to be one of \('farthest', 'skip'\).* Received: fallback='random'"
    with pytest.raises(ValueError, match=message):
        TripletSemiHard(fallback="random")
