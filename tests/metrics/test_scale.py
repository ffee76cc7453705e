"""Vectors of any finite scale: a power of two changes no score, cluster, neighbour or direction."""

from __future__ import annotations

import numpy as np
import pytest

from hsm.evaluation import damped_unit_length
from hsm.metrics import cluster, recall_at_k
from hsm.metrics.neighbours import nearest_neighbours

EXPONENTS = (-1060, -600, -140, -100, 100, 126, 400, 1015)


@pytest.fixture(scope="module")
def vectors():
    """Ten overlapping groups, float64 [200, 8] of 24 digits, and their labels."""
    generator = np.random.default_rng(0)
    labels = np.arange(200) % 10
    values = generator.normal(size=(10, 8))[labels] + 0.5 * generator.normal(size=(200, 8))
    # Few digits, so that the smallest scale, whose numbers are subnormal, still holds them all.
    return np.round(values * 2**6) / 2**6, labels


@pytest.mark.parametrize("exponent", EXPONENTS)
def test_scores_and_clusters_are_those_of_any_other_scale(vectors, exponent):
    values, labels = vectors
    scaled = np.ldexp(values, exponent)
    assert np.isfinite(scaled).all()
    assert recall_at_k(scaled, labels) == recall_at_k(values, labels)
    np.testing.assert_array_equal(cluster(scaled, 10), cluster(values, 10))


@pytest.mark.parametrize("exponent", EXPONENTS)
def test_neighbours_and_their_distances_keep_the_scale(vectors, exponent):
    values, labels = vectors
    found = nearest_neighbours(np.ldexp(values, exponent), labels, 3)
    expected = nearest_neighbours(values, labels, 3)
    np.testing.assert_array_equal(found.indices, expected.indices)
    # Below the smallest normal number a distance keeps fewer digits.
    np.testing.assert_allclose(found.distances, np.ldexp(expected.distances, exponent), rtol=1e-3)


@pytest.mark.parametrize("exponent", EXPONENTS)
def test_every_vector_but_zero_gets_unit_length(vectors, exponent):
    values = np.concatenate([vectors[0], np.zeros((1, 8))])
    unit = damped_unit_length(np.ldexp(values, exponent))
    np.testing.assert_array_equal(unit, damped_unit_length(values))
    lengths = np.linalg.norm(unit.astype(np.float64), axis=1)
    np.testing.assert_allclose(lengths, np.r_[np.ones(200), 0.0], rtol=1e-6)


def test_scales_may_differ_from_row_to_row():
    unit = damped_unit_length([[3e-300, 4e-300], [3e300, 4e300], [3.0, 4.0]])
    np.testing.assert_allclose(unit, [[0.6, 0.8]] * 3, rtol=1e-6)


@pytest.mark.parametrize("size", [1e-30, 1e-3, 1.0, 1e15, 1e30, 1e200])
def test_a_damped_length_is_the_formulas(size):
    values = size * np.array([[0.6, 0.8]])
    expected = values / np.hypot(size, 1e-2)
    np.testing.assert_allclose(damped_unit_length(values, 1e-4), expected, rtol=1e-6)
