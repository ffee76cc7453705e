"""Kinds of samples on a circle, where each sample's place is known."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from hsm.analysis import (
    SampleKind,
    SoftmaxClassifier,
    centrality,
    count_kinds,
    margins,
    sample_kinds,
)

# Three classes at 0, 120 and 240 degrees: their boundaries are at 60, 180 and 300.
CORNERS = np.radians([0.0, 120.0, 240.0])
W = np.array([np.cos(CORNERS), np.sin(CORNERS)])
CLASSIFIER = SoftmaxClassifier(W, alpha=16.0)


def at(degrees, length=1.0):
    angles = np.radians(degrees)
    return length * np.column_stack([np.cos(angles), np.sin(angles)])


def test_the_boundary_is_at_0_and_the_weight_at_1():
    places = centrality(CLASSIFIER, at([0, 60, 180, -60, 20]), np.zeros(5, int))
    # The margin along an arc of radius 1 is cos(t) - cos(120 - t), 1.5 in the middle.
    expected = (np.cos(np.radians(20)) - np.cos(np.radians(100))) / 1.5
    np.testing.assert_allclose(places, [1.0, 0.0, -1.0, 0.0, expected], atol=1e-12)


def test_kinds_go_by_half_the_way():
    """cos(t) - cos(120 - t) is half of 1.5 at t = 34.3 degrees; a tie is incorrect."""
    kinds = sample_kinds(CLASSIFIER, at([0, 34, 35, 59, 61, 120]), np.zeros(6, int))
    expected = ["CENTROID", "CENTROID", "BOUNDARY", "BOUNDARY", "INCORRECT", "INCORRECT"]
    assert [SampleKind(kind).name for kind in kinds] == expected
    tied = sample_kinds(SoftmaxClassifier([[1.0, -1.0], [0.0, 0.0]]), [[0.0, 1.0]], [0])
    assert tied == [SampleKind.INCORRECT]


@pytest.mark.parametrize("alpha", [0.1, 1.0, 64.0])
@pytest.mark.parametrize("length", [0.5, 1.0, 20.0])
def test_neither_alpha_nor_length_changes_a_kind(alpha, length):
    rng = np.random.default_rng(4)
    angles, labels = rng.uniform(0, 360, 50), rng.integers(0, 3, 50)
    expected = sample_kinds(CLASSIFIER, at(angles), labels)
    other = SoftmaxClassifier(5 * W, alpha=alpha)
    np.testing.assert_array_equal(sample_kinds(other, at(angles, length), labels), expected)


def test_incorrect_are_those_that_a_library_calls_so():
    rng = np.random.default_rng(5)
    features, labels = rng.normal(size=(200, 4)), rng.integers(0, 3, 200)
    fitted = LogisticRegression().fit(features, labels)
    classifier = SoftmaxClassifier(fitted.coef_.T, fitted.intercept_)
    incorrect = sample_kinds(classifier, features, labels) == SampleKind.INCORRECT
    np.testing.assert_array_equal(incorrect, fitted.predict(features) != labels)


def test_without_a_centre_no_sample_is_central():
    """Beside a weight ten times as long, class 0 does not win in its own direction."""
    classifier = SoftmaxClassifier([[1.0, 10.0], [1.0, 0.0]])
    features = [[-1.0, 0.0], [1.0, 0.0]]
    kinds = sample_kinds(classifier, features, [0, 0])
    assert list(kinds) == [SampleKind.BOUNDARY, SampleKind.INCORRECT]


def test_margins_equal_a_naive_loop():
    rng = np.random.default_rng(6)
    logits, labels = rng.normal(size=(20, 4)), rng.integers(0, 4, 20)
    naive = [
        z[y] - max(z[m] for m in range(4) if m != y) for z, y in zip(logits, labels, strict=True)
    ]
    np.testing.assert_allclose(margins(logits, labels), naive)


def test_counts_name_every_kind():
    assert count_kinds([2, 2, 0]) == {
        SampleKind.INCORRECT: 1,
        SampleKind.BOUNDARY: 0,
        SampleKind.CENTROID: 2,
    }


def test_one_class_is_refused():
    with pytest.raises(ValueError, match="at least two classes"):
        sample_kinds(SoftmaxClassifier([[1.0], [0.0]]), [[1.0, 0.0]], [0])
