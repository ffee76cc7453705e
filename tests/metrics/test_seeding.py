"""Starts of k-means: drawn as k-means++ says, and as tight as scikit-learn's."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import chisquare
from sklearn.cluster import kmeans_plusplus

from hsm.metrics import seeding
from hsm.metrics.seeding import greedy_kmeans_plusplus


def blobs(num_points, num_centers, dims=16, seed=0):
    rng = np.random.default_rng(seed)
    centers = rng.standard_normal((num_centers, dims))
    noise = rng.standard_normal((num_points, dims))
    return (centers[rng.integers(num_centers, size=num_points)] + 0.5 * noise).astype(np.float32)


def potential(points, centers):
    """The sum over the points of the squared distance to the nearest centre."""
    distances = np.square(points[:, None].astype(np.float64) - centers[None]).sum(axis=-1)
    return distances.min(axis=1).sum()


def test_starts_are_as_tight_as_those_of_scikit_learn():
    points = blobs(1500, 200)
    ours = [
        potential(points, greedy_kmeans_plusplus(points, 200, np.random.default_rng(seed)))
        for seed in range(8)
    ]
    theirs = [
        potential(points, kmeans_plusplus(points, 200, random_state=seed)[0]) for seed in range(8)
    ]
    # Four standard errors of the difference of the means.
    spread = np.sqrt((np.var(ours, ddof=1) + np.var(theirs, ddof=1)) / 8)
    assert abs(np.mean(ours) - np.mean(theirs)) < 4 * spread
    at_random = potential(points, points[np.random.default_rng(0).choice(1500, 200, replace=False)])
    assert np.mean(ours) < 0.9 * at_random


def test_candidates_follow_the_present_distances_even_when_they_shrink():
    points = blobs(12, 4, dims=3)
    closest = np.linspace(1, 3, 12, dtype=np.float32)
    chosen = [0] * 64  # Blocks of the largest size, of which most is drawn before the change.
    draws = seeding._candidates(
        seeding._Distances(points), closest, chosen, np.random.default_rng(0)
    )
    counts = np.zeros(12, int)
    shrunk = closest * np.linspace(0.1, 1, 12, dtype=np.float32)
    original = closest.copy()
    for _ in range(2000):
        closest[:] = original
        next(draws)
        closest[:] = shrunk
        for _ in range(5):
            counts[next(draws)[0]] += 1
    # In a block's later part draws were made from what stood there at its beginning.
    shares = shrunk.astype(np.float64) / shrunk.sum(dtype=np.float64)
    assert chisquare(counts, counts.sum() * shares).pvalue > 0.001


def test_distances_are_those_of_float64():
    points = blobs(50, 5)
    found = seeding._Distances(points).to(np.array([3, 17]))
    exact = np.square(points[[3, 17], None].astype(np.float64) - points[None]).sum(axis=-1)
    np.testing.assert_allclose(found, exact, atol=1e-4)


@pytest.mark.parametrize("count", [1, 2, 30])
def test_no_point_is_taken_twice_while_others_are_left(count):
    points = np.unique(blobs(30, 5), axis=0)
    starts = greedy_kmeans_plusplus(points, count, np.random.default_rng(0))
    assert starts.shape == (count, 16)
    assert len(np.unique(starts, axis=0)) == count


def test_fewer_distinct_points_than_clusters():
    points = np.repeat(np.eye(3, dtype=np.float32), 4, axis=0)
    starts = greedy_kmeans_plusplus(points, 10, np.random.default_rng(0))
    assert starts.shape == (10, 3)
    assert len(np.unique(starts, axis=0)) == 3


def test_the_same_draws_give_the_same_starts():
    points = blobs(300, 40)
    one, two = (greedy_kmeans_plusplus(points, 40, np.random.default_rng(5)) for _ in range(2))
    np.testing.assert_array_equal(one, two)
