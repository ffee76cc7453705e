"""Cosine histograms against scikit-learn's similarities and brute force."""

from __future__ import annotations

import math

import numpy as np
import pytest
from sklearn.metrics.pairwise import cosine_similarity

from hsm.analysis import cosine_histograms, density_overlap, similarity

RNG = np.random.default_rng(0)


def brute_force(embeddings, labels, bins):
    cosines = np.clip(cosine_similarity(embeddings), -1, 1)
    pairs = np.triu_indices(len(labels), 1)
    is_same = (labels[:, None] == labels[None])[pairs]
    return [np.histogram(cosines[pairs][chosen], bins, (-1, 1)) for chosen in (is_same, ~is_same)]


@pytest.mark.parametrize("tile", [1, 7, 64, 1024])
def test_equals_brute_force_over_all_pairs(monkeypatch, tile):
    monkeypatch.setattr(similarity, "_TILE", tile)
    embeddings, labels = RNG.normal(size=(64, 3)) * 9, RNG.integers(0, 5, 64)
    same, different = brute_force(embeddings, labels, 20)
    actual = cosine_histograms(embeddings, labels, bins=20)
    assert actual.num_same == same[0].sum()
    assert actual.num_different == different[0].sum()
    assert actual.num_same + actual.num_different == 64 * 63 // 2
    np.testing.assert_allclose(actual.edges, same[1])
    np.testing.assert_allclose(actual.same, same[0] / actual.num_same * 10)
    np.testing.assert_allclose(actual.different, different[0] / actual.num_different * 10)


def test_more_than_one_default_tile():
    embeddings, labels = RNG.normal(size=(1500, 4)), RNG.integers(0, 3, 1500)
    same, different = brute_force(embeddings, labels, 50)
    actual = cosine_histograms(embeddings, labels, bins=50)
    np.testing.assert_allclose(actual.same, same[0] / same[0].sum() * 25, atol=1e-4)
    np.testing.assert_allclose(actual.different, different[0] / different[0].sum() * 25, atol=1e-4)


def test_densities_integrate_to_one():
    actual = cosine_histograms(RNG.normal(size=(30, 2)), np.arange(30) % 3, bins=7)
    for density in (actual.same, actual.different):
        np.testing.assert_allclose((density * np.diff(actual.edges)).sum(), 1.0)


def test_identical_and_opposite_vectors_fall_into_the_outermost_bins():
    vectors = RNG.normal(size=(200, 7))
    units = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    assert ((units @ units.T).diagonal() > 1).any()  # By rounding.
    for vector in vectors:
        embeddings = np.stack([vector, vector, -vector])
        actual = cosine_histograms(embeddings, np.array([0, 0, 1]), bins=10)
        np.testing.assert_allclose(actual.same, [0] * 9 + [5])
        np.testing.assert_allclose(actual.different, [5] + [0] * 9)


def test_zero_vector_has_cosine_zero():
    actual = cosine_histograms([[0.0, 0.0], [1.0, 2.0]], [0, 1], bins=3)
    assert actual.different.nonzero()[0].tolist() == [1]


def test_no_pairs_of_a_kind_give_zeros():
    actual = cosine_histograms(np.eye(3), [4, 4, 4])
    assert actual.num_different == 0
    assert not actual.different.any()
    actual = cosine_histograms(np.eye(3), [1, 2, 3])
    assert actual.num_same == 0
    assert not actual.same.any()


def test_refuses_arguments():
    with pytest.raises(ValueError, match="embeddings to be finite"):
        cosine_histograms([[np.nan]], [0])
    with pytest.raises(ValueError, match="one entry for each of the 3 vectors"):
        cosine_histograms(np.eye(3), [0])
    with pytest.raises(ValueError, match="bins to be a whole number of at least 1"):
        cosine_histograms(np.eye(3), [0, 1, 2], bins=0)


def test_overlap_of_two_normal_densities_is_that_of_their_distributions():
    """Of normal distributions that are d deviations apart it is 2 Phi(-d / 2)."""
    edges = np.linspace(-10, 10, 20_001)
    for distance in (0.0, 0.5, 2.0, 6.0):
        first, second = (
            np.diff([0.5 * (1 + math.erf((x - m) / math.sqrt(2))) for x in edges]) / np.diff(edges)
            for m in (-distance / 2, distance / 2)
        )
        expected = 1 + math.erf(-distance / 2 / math.sqrt(2))
        assert density_overlap(first, second, edges) == pytest.approx(expected, abs=1e-3)
        assert density_overlap(second, first, edges) == density_overlap(first, second, edges)


def test_overlap_weighs_bins_by_their_width():
    assert density_overlap([1.0, 0.0], [0.5, 0.25], [0, 1, 3]) == pytest.approx(0.5)
    assert density_overlap([1.0, 0.0], [0.0, 0.5], [0, 1, 3]) == 0.0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([1, 2], [1], [0, 1, 2]), r"densities \[bins\] and edges \[bins \+ 1\]"),
        (([1, 2], [1, 2], [0, 1]), "Received: shapes"),
        (([1, -2], [1, 2], [0, 1, 2]), "densities of 0 or more"),
    ],
)
def test_overlap_refuses_what_is_no_density(arguments, message):
    with pytest.raises(ValueError, match=message):
        density_overlap(*arguments)
