"""NMI against scikit-learn and closed forms; k-means by what it must find."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.cluster import KMeans
from sklearn.metrics import mutual_info_score

from hsm.metrics import cluster, nmi

_numbers = st.lists(st.integers(0, 4), min_size=1, max_size=40)


def entropy(values):
    shares = np.unique(values, return_counts=True)[1] / len(values)
    return -np.sum(shares * np.log(shares))


@settings(max_examples=100, deadline=None)
@given(_numbers, st.randoms(use_true_random=False))
def test_nmi_is_information_over_the_entropies_mean(labels, random):
    clusters = [random.randint(0, 3) for _ in labels]
    information = mutual_info_score(labels, clusters)
    h_labels, h_clusters = entropy(labels), entropy(clusters)
    if h_labels > 0 and h_clusters > 0:
        arithmetic = information / ((h_labels + h_clusters) / 2)
        geometric = information / math.sqrt(h_labels * h_clusters)
        assert nmi(labels, clusters) == pytest.approx(arithmetic, abs=1e-9)
        assert nmi(labels, clusters, "geometric") == pytest.approx(geometric, abs=1e-9)
    assert 0.0 <= nmi(labels, clusters) <= nmi(labels, clusters, "geometric") + 1e-12 <= 1.0 + 1e-9


def test_nmi_of_a_split_class_by_hand():
    """Classes aabb, clusters 0, 0, 1, 2: H = ln 2 and 1.5 ln 2, and I = ln 2."""
    labels, clusters = [5, 5, 8, 8], [0, 0, 1, 2]
    assert nmi(labels, clusters, "arithmetic") == pytest.approx(1 / 1.25)
    assert nmi(labels, clusters, "geometric") == pytest.approx(1 / math.sqrt(1.5))
    assert nmi(labels, clusters) == nmi(labels, clusters, "arithmetic")


@pytest.mark.parametrize("average", ["geometric", "arithmetic"])
def test_nmi_of_renumbered_and_of_independent_partitions(average):
    labels = np.repeat(np.arange(10), 60)
    assert nmi(labels, (labels * 7 + 3) % 10, average) == pytest.approx(1.0)
    assert nmi(labels, np.tile(np.arange(6), 100), average) == pytest.approx(0.0, abs=1e-12)


def blobs(seed=0):
    generator = np.random.default_rng(seed)
    labels = np.repeat(np.arange(7), 30)
    centres = 10.0 * np.eye(7, 16)
    return centres[labels] + generator.normal(size=(210, 16)), labels


def test_cluster_finds_separated_blobs():
    points, labels = blobs()
    clusters = cluster(points, 7)
    assert clusters.dtype == np.int32
    assert nmi(labels, clusters) == pytest.approx(1.0)


def test_same_seed_gives_same_clusters():
    generator = np.random.default_rng(0)
    points = generator.normal(size=(3000, 8))
    first = cluster(points, 30, seed=3, n_init=2)
    np.testing.assert_array_equal(first, cluster(points, 30, seed=3, n_init=2))
    assert (first != cluster(points, 30, seed=4, n_init=2)).any()


def test_more_starts_find_tighter_clusters():
    generator = np.random.default_rng(1)
    points = generator.uniform(size=(400, 2)).astype(np.float32)

    def inertia(clusters):
        members = [points[clusters == c] for c in range(25)]
        return sum(np.square(m - m.mean(axis=0)).sum() for m in members)

    assert inertia(cluster(points, 25, n_init=20)) < inertia(cluster(points, 25, n_init=1))


@pytest.mark.filterwarnings("error")
def test_collapsed_embedding_is_one_cluster_without_a_warning():
    clusters = cluster(np.ones((20, 4)), 5)
    assert len(set(clusters.tolist())) == 1
    assert nmi(np.arange(20) % 5, clusters) == 0.0


def test_as_many_clusters_as_points():
    points = np.arange(6.0)[:, None]
    assert sorted(cluster(points, 6).tolist()) == [0, 1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: cluster([[1.0], [2.0]], 3), r"num_clusters=3 for 2 vectors.*fewer clusters"),
        (
            lambda: cluster([[1.0], [2.0]], 0),
            r"expected num_clusters to be a whole number.*Received: 0",
        ),
        (
            lambda: cluster([[1.0], [2.0]], 1, n_init=0),
            r"expected n_init to be a whole number.*: 0",
        ),
        (lambda: cluster([[1.0], [np.nan]], 1), r"expected embeddings to be finite.*row 1"),
        (
            lambda: nmi([0, 1], [0]),
            r"expected clusters to have one entry for each of the 2 vectors",
        ),
        (
            lambda: nmi([0, 1], [0, 1], "mean"),
            r"expected average to be 'geometric' or.*average='mean'",
        ),
        (lambda: nmi([0.5, 1], [0, 1]), r"expected labels to be integers"),
        (lambda: nmi([], []), r"expected labels to be a vector.*at least one entry"),
    ],
)
def test_errors_name_rule_value_and_remedy(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_many_clusters_are_as_tight_as_those_of_scikit_learn_and_repeatable():
    rng = np.random.default_rng(0)
    centers = rng.standard_normal((1100, 8))
    points = (centers[rng.integers(1100, size=3300)] + 0.1 * rng.standard_normal((3300, 8))).astype(
        np.float32
    )

    def within(clusters):
        means = np.zeros((1100, 8))
        np.add.at(means, clusters, points)
        means /= np.maximum(np.bincount(clusters, minlength=1100), 1)[:, None]
        return np.square(points - means[clusters]).sum()

    found = cluster(points, 1100, seed=3, n_init=1)
    np.testing.assert_array_equal(found, cluster(points, 1100, seed=3, n_init=1))
    theirs = KMeans(1100, n_init=1, random_state=3).fit_predict(points)
    assert within(found) < 1.05 * within(theirs)
    assert within(cluster(points, 1100, seed=3, n_init=3)) <= within(found)


def test_up_to_1000_clusters_the_result_is_scikit_learns():
    points = np.random.default_rng(0).standard_normal((200, 4)).astype(np.float32)
    theirs = KMeans(20, n_init=2, random_state=5).fit_predict(points)
    np.testing.assert_array_equal(cluster(points, 20, seed=5, n_init=2), theirs)
